//! Times, durations and wire names as text.

use grapnel_model::connection::State;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// A time relative to `now`: `in 59 minutes`, `3 days ago`.
pub(crate) fn relative_time(at: Timestamp, now: Timestamp) -> String {
    let distance = now.duration_until(at);
    if distance.abs() < SignedDuration::from_secs(1) {
        return "now".into();
    }
    if distance.is_positive() {
        format!("in {}", duration(distance))
    } else {
        format!("{} ago", duration(distance))
    }
}

/// The time until `due`: `within 3 days`; `now` once it has passed.
pub(crate) fn within(due: Timestamp, now: Timestamp) -> String {
    if due > now { format!("within {}", duration(now.duration_until(due))) } else { "now".into() }
}

/// A duration in its largest unit, rounded down.
pub(crate) fn duration(distance: SignedDuration) -> String {
    let seconds = distance.unsigned_abs().as_secs();
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    counted(count, unit)
}

/// A number of things whose plural ends in `s`: `1 app`, `2 apps`.
pub(crate) fn counted(count: impl Into<u64>, what: &str) -> String {
    let count = count.into();
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// The name of a value in JSON, such as `reconnect_needed`.
pub(crate) fn wire_name(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// The same with spaces: `reconnect needed`.
pub(crate) fn words(value: &impl Serialize) -> String {
    wire_name(value).replace('_', " ")
}

/// The status of a connection, with the time of the next try: `retrying in 3 minutes`.
pub(crate) fn status_text(state: State, retry_at: Option<Timestamp>, now: Timestamp) -> String {
    match retry_at {
        Some(at) if state == State::Retrying && at > now => format!("retrying {}", relative_time(at, now)),
        _ => words(&state),
    }
}

/// Parses a duration such as `90s`, `5m` or `1h30m`; a number alone counts seconds.
pub(crate) fn parse_duration(text: &str) -> Result<SignedDuration, String> {
    let span = match text.parse() {
        Ok(seconds) => SignedDuration::from_secs(seconds),
        Err(_) => text.parse().map_err(|_| "write a time such as 90s, 5m or 1h30m")?,
    };
    if span.is_negative() { Err("it cannot be negative".into()) } else { Ok(span) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_relative_to_now() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let table = [
            (0, "now"),
            (1, "in 1 second"),
            (59, "in 59 seconds"),
            (119, "in 1 minute"),
            (-7_200, "2 hours ago"),
            (86_400 * 40, "in 40 days"),
        ];
        for (seconds, words) in table {
            assert_eq!(relative_time(now + SignedDuration::from_secs(seconds), now), words);
        }
    }

    #[test]
    fn durations_with_units_are_parsed() {
        for (text, seconds) in [("60s", 60), ("5m", 300), ("1h30m", 5_400), ("0", 0), ("45", 45)] {
            assert_eq!(parse_duration(text), Ok(SignedDuration::from_secs(seconds)), "{text}");
        }
        for wrong in ["", "soon", "-5m", "5 parsecs"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }
}
