//! The corrected time, by which tokens expire: the system clock plus an offset learned from the `Date` headers of token
//! endpoints (RFC 9110 §6.6.1). Setting the system clock while the program runs does not move it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use super::wall_clock::Clock;

/// Smaller differences come from network latency and from the whole seconds of `Date`.
const MIN_OFFSET: SignedDuration = SignedDuration::from_secs(5);
/// Larger differences are a defect of the server, not of a clock.
pub(crate) const MAX_OFFSET: SignedDuration = SignedDuration::from_hours(24);
/// The largest correction on the word of one host alone; a larger one needs two hosts that agree. Otherwise the
/// provider of one app could decide when the tokens of all other apps are refreshed.
const MAX_OFFSET_OF_ONE_HOST: SignedDuration = SignedDuration::from_mins(10);
/// How many responses of a host are kept.
const REPLIES_PER_HOST: usize = 3;

/// The system clock with the learned correction.
pub struct CorrectedClock {
    clock: Arc<dyn Clock>,
    heard: Mutex<ClockOffsets>,
}

#[derive(Default)]
struct ClockOffsets {
    /// For each token endpoint's host, how far its clock was ahead of the system clock in its last responses.
    hosts: HashMap<String, VecDeque<SignedDuration>>,
    /// The offset learned by an earlier run. It applies until this run has its own, or until one response shows that
    /// the system clock is right.
    before: SignedDuration,
}

impl CorrectedClock {
    /// Creates a clock without corrections on top of the system `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, heard: Mutex::default() }
    }

    /// The current corrected time.
    pub fn now(&self) -> Timestamp {
        let steady = self.monotonic_now();
        steady.saturating_add(self.offsets().offset()).unwrap_or(steady)
    }

    /// How far the corrected time is ahead of the system clock.
    pub fn offset(&self) -> SignedDuration {
        self.clock.now().duration_until(self.now())
    }

    /// Sets the offset that an earlier run learned. An impossible one is ignored.
    pub fn remember(&self, offset: SignedDuration) {
        if offset.abs() <= MAX_OFFSET {
            self.offsets().before = offset;
        }
    }

    /// Learns from the `Date` of a token response. `asked` is when the request was sent, by [`Self::monotonic_now`].
    pub fn observe(&self, host: &str, date: Timestamp, asked: Timestamp) {
        let offset = offset(date, asked, self.monotonic_now());
        if offset.abs() > MAX_OFFSET {
            tracing::debug!(host, %offset, "a Date that cannot be");
            return;
        }
        let mut heard = self.offsets();
        if offset.abs() < MIN_OFFSET {
            heard.before = SignedDuration::ZERO;
        }
        let replies = heard.hosts.entry(host.to_owned()).or_default();
        replies.push_back(offset);
        if replies.len() > REPLIES_PER_HOST {
            replies.pop_front();
        }
    }

    /// The system time as if nobody had set the clock since the program started.
    pub fn monotonic_now(&self) -> Timestamp {
        let now = self.clock.now();
        now.saturating_sub(self.clock.set_by()).unwrap_or(now)
    }

    fn offsets(&self) -> parking_lot::MutexGuard<'_, ClockOffsets> {
        self.heard.lock()
    }
}

impl ClockOffsets {
    /// The median offset of all hosts with at least two responses.
    fn offset(&self) -> SignedDuration {
        let told = self.hosts.values().filter(|replies| replies.len() > 1);
        let told: Vec<_> = told.map(|replies| median(replies.iter().copied())).collect();
        let offset = match told[..] {
            [] => self.before,
            [alone] if alone.abs() > MAX_OFFSET_OF_ONE_HOST => self.before,
            _ => median(told.into_iter()),
        };
        if offset.abs() < MIN_OFFSET { SignedDuration::ZERO } else { offset }
    }
}

/// The median; of two values the smaller correction, or zero if they have different signs.
fn median(offsets: impl Iterator<Item = SignedDuration>) -> SignedDuration {
    let mut offsets: Vec<_> = offsets.collect();
    offsets.sort_unstable();
    let (low, high) = (offsets.get(offsets.len().saturating_sub(1) / 2), offsets.get(offsets.len() / 2));
    let (Some(low), Some(high)) = (low, high) else { return SignedDuration::ZERO };
    if low.signum() != high.signum() {
        return SignedDuration::ZERO;
    }
    if low.abs() < high.abs() { *low } else { *high }
}

/// How far ahead the clock is that showed `date`: zero if it can have been right at any instant between request and
/// response. A `Date` has whole seconds.
fn offset(date: Timestamp, asked: Timestamp, answered: Timestamp) -> SignedDuration {
    let date_ends = date.saturating_add(SignedDuration::from_secs(1)).unwrap_or(date);
    if date > answered {
        answered.duration_until(date)
    } else if date_ends < asked {
        asked.duration_until(date_ends)
    } else {
        SignedDuration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A system clock that was set forward by this many seconds.
    struct Set(i64);
    impl Clock for Set {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1_000) + self.set_by()
        }
        fn set_by(&self) -> SignedDuration {
            SignedDuration::from_secs(self.0)
        }
    }

    fn hear(time: &CorrectedClock, host: &str, offset: i64) {
        time.observe(host, time.monotonic_now() + SignedDuration::from_secs(offset), time.monotonic_now());
    }

    #[test]
    fn two_responses_that_agree_are_believed() {
        let time = CorrectedClock::new(Arc::new(Set(0)));
        hear(&time, "a", 300);
        assert_eq!(time.offset(), SignedDuration::ZERO);
        hear(&time, "a", 300);
        assert_eq!(time.offset(), SignedDuration::from_mins(5));
        // A corrected system clock is believed just as soon.
        hear(&time, "a", 0);
        hear(&time, "a", 0);
        assert_eq!(time.offset(), SignedDuration::ZERO);
    }

    #[test]
    fn a_large_correction_needs_two_hosts_that_agree() {
        let time = CorrectedClock::new(Arc::new(Set(0)));
        for (host, offset, found) in
            [("a", 10_800, 0), ("b", -10_800, 0), ("c", 10_700, 10_700), ("d", 82_800, 10_700)]
        {
            for _ in 0..3 {
                hear(&time, host, offset);
            }
            assert_eq!(time.offset(), SignedDuration::from_secs(found), "{host}");
        }
    }

    #[test]
    fn one_host_alone_does_not_shift_the_time_of_others() {
        let time = CorrectedClock::new(Arc::new(Set(0)));
        for _ in 0..3 {
            hear(&time, "right", 0);
            hear(&time, "wrong", 7_200);
        }
        assert_eq!(time.offset(), SignedDuration::ZERO);
    }

    #[test]
    fn an_impossible_offset_is_ignored() {
        let time = CorrectedClock::new(Arc::new(Set(0)));
        for offset in [90_000_000, -90_000_000, 4, -4] {
            hear(&time, "a", offset);
            hear(&time, "a", offset);
            assert_eq!(time.offset(), SignedDuration::ZERO, "{offset}");
        }
    }

    #[test]
    fn setting_the_clock_does_not_change_the_corrected_time() {
        let (time, set) = (CorrectedClock::new(Arc::new(Set(0))), CorrectedClock::new(Arc::new(Set(-7_200))));
        assert_eq!(set.now(), time.now());
        assert_eq!(set.offset(), SignedDuration::from_hours(2));
    }

    #[test]
    fn a_stored_offset_applies_until_a_new_one_is_measured() {
        let time = CorrectedClock::new(Arc::new(Set(0)));
        time.remember(SignedDuration::from_hours(3));
        assert_eq!(time.offset(), SignedDuration::from_hours(3));
        hear(&time, "a", 10_800);
        assert_eq!(time.offset(), SignedDuration::from_hours(3));
        // Someone set the system clock right between the two runs.
        hear(&time, "a", 0);
        assert_eq!(time.offset(), SignedDuration::ZERO);
    }

    proptest! {
        /// However slow the network, a right clock is never found wrong, and a wrong one is never corrected by too
        /// much.
        #[test]
        fn network_latency_is_not_taken_for_a_clock_error(
            real in -80_000_i64..80_000, there in 0_i64..60_000, back in 0_i64..60_000, start in 0_i64..1_000,
        ) {
            let ms = SignedDuration::from_millis;
            let asked = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(100) + ms(start);
            let (written, answered) = (asked + ms(there), asked + ms(there + back));
            let shown = Timestamp::from_second((written + SignedDuration::from_secs(real)).as_second()).unwrap();
            let found = offset(shown, asked, answered);
            prop_assert!(found.abs() <= SignedDuration::from_secs(real.abs()));
            let slack = ms(there + back) + SignedDuration::from_secs(1);
            prop_assert!((found - SignedDuration::from_secs(real)).abs() <= slack);
        }
    }
}
