//! When a failed request is retried: exponential back-off with jitter, and never before the provider's `Retry-After`.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The pause after the first failure.
const FIRST_DELAY: Duration = Duration::from_secs(10);
/// The longest pause without a `Retry-After`.
const MAX_DELAY: Duration = Duration::from_secs(3_600);
/// The longest `Retry-After` that is honored; a longer one is a mistake.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(86_400);
/// Jitter on top of a `Retry-After`, as a fraction of it, so that many clients do not return at the same moment.
const JITTER_DIVISOR: u32 = 10;

/// The pause after `failures` failures in a row. `asked` is the provider's `Retry-After`; `random` is a random number
/// from 0 to 1.
pub fn pause(failures: u32, asked: Option<Duration>, random: f64) -> Duration {
    let doubled =
        FIRST_DELAY.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
    let own = doubled.min(MAX_DELAY);
    let own = own / 2 + (own / 2).mul_f64(random);
    let Some(asked) = asked.map(|asked| asked.min(MAX_RETRY_AFTER)) else { return own };
    own.max(asked + (asked / JITTER_DIVISOR).min(MAX_DELAY / 60).mul_f64(random))
}

/// A random number from 0 to 1, for [`pause`].
pub fn random_fraction() -> f64 {
    f64::from(u32::from_le_bytes(grapnel_model::secret::random())) / f64::from(u32::MAX)
}

/// The time `pause` after `now`, saturating.
pub fn after(now: Timestamp, pause: Duration) -> Timestamp {
    let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
    now.saturating_add(pause).unwrap_or(Timestamp::MAX)
}

/// When the next attempt is, for a log that stays: `at 14:03:20`, with its date unless that is the day of `now`.
pub fn next_attempt_text(now: Timestamp, pause: Duration, zone: &TimeZone) -> String {
    let (now, next) = (now.to_zoned(zone.clone()), after(now, pause).to_zoned(zone.clone()));
    let format = if now.date() == next.date() { "at %H:%M:%S" } else { "on %Y-%m-%d at %H:%M:%S" };
    next.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_pauses_double_up_to_an_hour() {
        let longest = |failures| pause(failures, None, 1.0).as_secs();
        let shortest = |failures| pause(failures, None, 0.0).as_secs();
        assert_eq!(
            [1, 2, 3, 4, 9, 10, 32, 33, u32::MAX].map(longest),
            [10, 20, 40, 80, 2_560, 3_600, 3_600, 3_600, 3_600]
        );
        assert_eq!([1, 2, 3, 9, 10].map(shortest), [5, 10, 20, 1_280, 1_800]);
    }

    #[test]
    fn the_next_attempt_has_a_date_unless_it_is_today() {
        let now: Timestamp = "2026-03-01T22:59:30Z".parse().unwrap();
        let said = |zone: &TimeZone| {
            [0, 29, 40, 4_000].map(|seconds| next_attempt_text(now, Duration::from_secs(seconds), zone))
        };
        assert_eq!(
            said(&TimeZone::UTC),
            ["at 22:59:30", "at 22:59:59", "at 23:00:10", "on 2026-03-02 at 00:06:10"]
        );
        assert_eq!(
            said(&TimeZone::fixed(jiff::tz::offset(1))),
            ["at 23:59:30", "at 23:59:59", "on 2026-03-02 at 00:00:10", "on 2026-03-02 at 01:06:10"]
        );
    }

    proptest! {
        #[test]
        fn the_pause_is_at_least_retry_after_and_within_bounds(
            failures: u32, asked in proptest::option::of(0_u64..200_000), random in 0.0..=1.0_f64,
        ) {
            let asked = asked.map(Duration::from_secs);
            let pause = pause(failures, asked, random);
            let heard = asked.unwrap_or_default().min(MAX_RETRY_AFTER);
            prop_assert!(pause >= heard);
            prop_assert!(pause <= MAX_DELAY.max(heard + Duration::from_secs(60)));
            prop_assert!(pause >= FIRST_DELAY / 2);
        }

        #[test]
        fn more_failures_never_shorten_the_pause(failures in 0_u32..64, random in 0.0..=1.0_f64) {
            prop_assert!(pause(failures + 1, None, random) >= pause(failures, None, random));
        }
    }
}
