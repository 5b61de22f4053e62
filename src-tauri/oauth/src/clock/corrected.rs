//! The time by which tokens end: the machine's clock, corrected by what providers say in the `Date` of their replies
//! (RFC 9110 §6.6.1), and not moved by anyone who sets the clock while the program runs.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::wall_clock::Clock;

/// A smaller difference is the network's, or the second that a `Date` leaves open.
const MIN_OFFSET: SignedDuration = SignedDuration::from_secs(5);
/// A larger one is no clock's, but a defect.
const MAX_OFFSET: SignedDuration = SignedDuration::from_hours(24);
/// As far as one host alone is believed. It takes two that agree to say that the machine's clock is off by more: who
/// has one app's tokens renewed must not decide when those of all others are.
const MAX_OFFSET_OF_ONE_HOST: SignedDuration = SignedDuration::from_mins(10);
/// How many replies of a host count.
const REPLIES_PER_HOST: usize = 3;

/// Tells the time by which tokens end.
pub struct CorrectedClock {
    clock: Arc<dyn Clock>,
    heard: Mutex<ClockOffsets>,
}

#[derive(Default)]
struct ClockOffsets {
    /// By how much each token endpoint's host was ahead of the machine's clock in its last replies.
    hosts: HashMap<String, VecDeque<SignedDuration>>,
    /// What an earlier run of the program found out; it counts until this one knows better, or hears one reply that
    /// finds the machine's clock right.
    before: SignedDuration,
}

impl CorrectedClock {
    /// A clock without corrections, on top of the machine's `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, heard: Mutex::default() }
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        let steady = self.steady();
        steady.saturating_add(self.heard().offset()).unwrap_or(steady)
    }

    /// How far the corrected time is ahead of the computer’s clock.
    pub fn offset(&self) -> SignedDuration {
        self.clock.now().duration_until(self.now())
    }

    /// Takes over what an earlier run found out.
    pub fn remember(&self, offset: SignedDuration) {
        if offset.abs() <= MAX_OFFSET {
            self.heard().before = offset;
        }
    }

    /// Takes in the `Date` of a token endpoint's reply to a request that was sent at `asked`, by the steady clock.
    pub fn hear(&self, host: &str, date: Timestamp, asked: Timestamp) {
        let offset = offset(date, asked, self.steady());
        if offset.abs() > MAX_OFFSET {
            tracing::debug!(host, %offset, "a Date that cannot be");
            return;
        }
        let mut heard = self.heard();
        if offset.abs() < MIN_OFFSET {
            heard.before = SignedDuration::ZERO;
        }
        let replies = heard.hosts.entry(host.to_owned()).or_default();
        replies.push_back(offset);
        if replies.len() > REPLIES_PER_HOST {
            replies.pop_front();
        }
    }

    /// The machine's clock, as it would be had nobody set it since the program started.
    pub fn steady(&self) -> Timestamp {
        let now = self.clock.now();
        now.saturating_sub(self.clock.set_by()).unwrap_or(now)
    }

    fn heard(&self) -> std::sync::MutexGuard<'_, ClockOffsets> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClockOffsets {
    /// What most hosts agree on; a host counts once two of its replies do.
    fn offset(&self) -> SignedDuration {
        let told = self.hosts.values().filter(|replies| replies.len() > 1);
        let told: Vec<_> = told.map(|replies| middle(replies.iter().copied())).collect();
        let offset = match told[..] {
            [] => self.before,
            [alone] if alone.abs() > MAX_OFFSET_OF_ONE_HOST => self.before,
            _ => middle(told.into_iter()),
        };
        if offset.abs() < MIN_OFFSET { SignedDuration::ZERO } else { offset }
    }
}

/// The middle one; of two, the one that changes less; none where these are on different sides.
fn middle(offsets: impl Iterator<Item = SignedDuration>) -> SignedDuration {
    let mut offsets: Vec<_> = offsets.collect();
    offsets.sort_unstable();
    let (low, high) = (offsets.get(offsets.len().saturating_sub(1) / 2), offsets.get(offsets.len() / 2));
    let (Some(low), Some(high)) = (low, high) else { return SignedDuration::ZERO };
    if low.signum() != high.signum() {
        return SignedDuration::ZERO;
    }
    if low.abs() < high.abs() { *low } else { *high }
}

/// By how much a clock that showed `date` is ahead: zero if it can have been right at some instant between the
/// request and its reply. A `Date` has whole seconds.
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

    /// A clock that was set by so many seconds.
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
        time.hear(host, time.steady() + SignedDuration::from_secs(offset), time.steady());
    }

    #[test]
    fn two_replies_that_agree_are_believed() {
        let time = CorrectedClock::new(Arc::new(Set(0)));
        hear(&time, "a", 300);
        assert_eq!(time.offset(), SignedDuration::ZERO);
        hear(&time, "a", 300);
        assert_eq!(time.offset(), SignedDuration::from_mins(5));
        // A clock that is mended is believed as soon.
        hear(&time, "a", 0);
        hear(&time, "a", 0);
        assert_eq!(time.offset(), SignedDuration::ZERO);
    }

    #[test]
    fn more_than_minutes_takes_two_hosts_that_agree() {
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
    fn what_cannot_be_is_not_believed() {
        let time = CorrectedClock::new(Arc::new(Set(0)));
        for offset in [90_000_000, -90_000_000, 4, -4] {
            hear(&time, "a", offset);
            hear(&time, "a", offset);
            assert_eq!(time.offset(), SignedDuration::ZERO, "{offset}");
        }
    }

    #[test]
    fn setting_the_clock_moves_nothing() {
        let (time, set) = (CorrectedClock::new(Arc::new(Set(0))), CorrectedClock::new(Arc::new(Set(-7_200))));
        assert_eq!(set.now(), time.now());
        assert_eq!(set.offset(), SignedDuration::from_hours(2));
    }

    #[test]
    fn what_was_known_before_counts_until_it_is_known_better() {
        let time = CorrectedClock::new(Arc::new(Set(0)));
        time.remember(SignedDuration::from_hours(3));
        assert_eq!(time.offset(), SignedDuration::from_hours(3));
        hear(&time, "a", 10_800);
        assert_eq!(time.offset(), SignedDuration::from_hours(3));
        // Someone set the clock right between the two runs.
        hear(&time, "a", 0);
        assert_eq!(time.offset(), SignedDuration::ZERO);
    }

    proptest! {
        /// However slow the network, a right clock is never found wrong, and a wrong one never by too much.
        #[test]
        fn the_network_is_not_taken_for_the_clock(
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
