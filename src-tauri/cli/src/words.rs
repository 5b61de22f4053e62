//! Times and wire names in words.

use grapnel_model::connection::State;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// A moment as seen from `now`: `in 59 minutes`, `3 days ago`.
pub(crate) fn moment(at: Timestamp, now: Timestamp) -> String {
    let distance = now.duration_until(at);
    if distance.abs() < SignedDuration::from_secs(1) {
        return "now".into();
    }
    if distance.is_positive() { format!("in {}", span(distance)) } else { format!("{} ago", span(distance)) }
}

/// A span in its largest unit, rounded down.
pub(crate) fn span(distance: SignedDuration) -> String {
    let seconds = distance.unsigned_abs().as_secs();
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

/// The name that a value has on the wire, such as `reconnect_needed`.
pub(crate) fn wire_name(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// The same as words: `reconnect needed`.
pub(crate) fn words(value: &impl Serialize) -> String {
    wire_name(value).replace('_', " ")
}

/// A connection's state in words, with when it is tried again: `retrying in 3 minutes`.
pub(crate) fn standing(state: State, retry_at: Option<Timestamp>, now: Timestamp) -> String {
    match retry_at {
        Some(at) if state == State::Retrying && at > now => format!("retrying {}", moment(at, now)),
        _ => words(&state),
    }
}

/// Reads a span such as `90s`, `5m` or `1h30m`; a number alone counts seconds.
pub(crate) fn time_span(text: &str) -> Result<SignedDuration, String> {
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
    fn a_moment_is_told_by_its_distance() {
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
            assert_eq!(moment(now + SignedDuration::from_secs(seconds), now), words);
        }
    }

    #[test]
    fn a_span_is_read_as_people_write_it() {
        for (text, seconds) in [("60s", 60), ("5m", 300), ("1h30m", 5_400), ("0", 0), ("45", 45)] {
            assert_eq!(time_span(text), Ok(SignedDuration::from_secs(seconds)), "{text}");
        }
        for wrong in ["", "soon", "-5m", "5 parsecs"] {
            assert!(time_span(wrong).is_err(), "{wrong}");
        }
    }
}
