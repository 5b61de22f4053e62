//! Times, and how they compare.

use std::time::Duration;

/// The time of one of many.
pub(super) fn each(took: Duration, count: usize) -> Duration {
    took / u32::try_from(count.max(1)).unwrap_or(u32::MAX)
}

/// In milliseconds, with the precision that a short time needs.
pub(super) fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

/// How many times as long `time` is as `floor`.
pub(super) fn ratio(time: Duration, floor: Duration) -> f64 {
    time.as_secs_f64() / floor.as_secs_f64().max(f64::EPSILON)
}

/// The middle of these times.
pub(super) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
