//! The system clock.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::wall_clock::Clock;

/// The system clock. It remembers the program's start, so that it notices when it is set.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started: (Timestamp, Duration),
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { started: (Timestamp::now(), uptime()) }
    }
}

/// Slewing (NTP) and two readings at different instants cause up to this difference; it is no setting of the clock.
const MAX_CLOCK_DRIFT: SignedDuration = SignedDuration::from_millis(500);

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn set_by(&self) -> SignedDuration {
        let (wall, up) = self.started;
        let passed = SignedDuration::try_from(uptime().saturating_sub(up)).unwrap_or_default();
        let set_by = wall.duration_until(Timestamp::now()).saturating_sub(passed);
        believed(set_by)
    }

    #[cfg(target_os = "linux")]
    fn wait_until(&self, at: Timestamp) -> super::wall_clock::Wait<'_> {
        Box::pin(async move {
            match linux::wait_until(at).await {
                Ok(woken) => woken,
                Err(error) => {
                    tracing::warn!(%error, "the system’s wall-clock timer is unavailable");
                    super::wall_clock::wait_in_slices(self, at).await
                }
            }
        })
    }
}

/// The time since boot, including suspend.
#[cfg(target_os = "linux")]
fn uptime() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(target_os = "linux")]
fn believed(set_by: SignedDuration) -> SignedDuration {
    if set_by.abs() < MAX_CLOCK_DRIFT { SignedDuration::ZERO } else { set_by }
}

/// The time since the first call. Whether suspend counts depends on the platform.
#[cfg(not(target_os = "linux"))]
fn uptime() -> Duration {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}

/// Being ahead may be due to suspend; only a clock that went back was certainly set.
#[cfg(not(target_os = "linux"))]
fn believed(set_by: SignedDuration) -> SignedDuration {
    if set_by > -MAX_CLOCK_DRIFT { SignedDuration::ZERO } else { set_by }
}

#[cfg(target_os = "linux")]
mod linux {
    //! A timer of the wall clock (`timerfd`). The kernel cancels it when the clock is set or the computer resumes.

    use std::io;
    use std::os::fd::OwnedFd;

    use jiff::Timestamp;
    use rustix::io::Errno;
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    use crate::clock::wall_clock::WakeReason;

    pub(super) async fn wait_until(at: Timestamp) -> io::Result<WakeReason> {
        let timer = timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        // Zero would disarm the timer.
        let end = Timespec { tv_sec: at.as_second().max(1), tv_nsec: at.subsec_nanosecond().max(0).into() };
        let never_again = Timespec { tv_sec: 0, tv_nsec: 0 };
        timerfd_settime(&timer, flags, &Itimerspec { it_interval: never_again, it_value: end })?;
        let timer = watched(timer)?;
        loop {
            let mut ready = timer.readable().await?;
            let read = ready.try_io(|timer| {
                let mut count = [0; 8];
                Ok(rustix::io::read(timer, &mut count)?)
            });
            match read {
                Ok(Ok(_)) => return Ok(WakeReason::Due),
                Ok(Err(error)) if error.raw_os_error() == Some(Errno::CANCELED.raw_os_error()) => {
                    return Ok(WakeReason::Jumped);
                }
                Ok(Err(error)) => return Err(error),
                Err(_) => {}
            }
        }
    }

    #[expect(
        deprecated,
        reason = "unsound for types that are no file; this one is, and the way that replaces it is unsafe"
    )]
    fn watched(timer: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
        AsyncFd::with_interest(timer, Interest::READABLE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::wall_clock::WakeReason;

    #[tokio::test]
    async fn a_wait_ends_at_its_time() {
        let clock = SystemClock::default();
        for moment in [Timestamp::UNIX_EPOCH, clock.now() + SignedDuration::from_millis(20)] {
            assert_eq!(clock.wait_until(moment).await, WakeReason::Due);
            assert!(clock.now() >= moment);
        }
    }

    #[test]
    fn an_unchanged_clock_reports_no_change() {
        assert_eq!(SystemClock::default().set_by(), SignedDuration::ZERO);
    }
}
