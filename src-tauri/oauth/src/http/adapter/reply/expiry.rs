//! When the tokens of a response expire: normalizes the various members and units.

use grapnel_model::token_response::Deviation;
use jiff::Timestamp;
use serde_json::Value;

use crate::http::adapter::members::{Members, record_deviation};

/// Ten years in seconds; a longer lifetime is a mistake.
const MAX_LIFETIME: u64 = 315_360_000;
/// The year 5138 in seconds; 1973 in milliseconds.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

/// Leaves `expires_in` or else `expires_at`, and `refresh_expires_in` or `refresh_expires_at`, as whole seconds.
pub(super) fn read(members: &mut Members, noted: &mut Vec<Deviation>) {
    expires_in(members, noted);
    let at = ["expires_at", "expires", "expires_on"].map(|name| members.remove(name));
    if !members.contains_key("expires_in") {
        for value in at.iter().flatten() {
            match end(value) {
                Some(TokenEnd::In(seconds)) => drop(members.insert("expires_in".into(), seconds.into())),
                Some(TokenEnd::At(second)) => drop(members.insert("expires_at".into(), second.into())),
                None => continue,
            }
            record_deviation(noted, "expires_in", "was missing, and the end was read from another member");
            break;
        }
    }
    refresh_end(members);
}

/// Providers use many names: `refresh_expires_in`, `refresh_token_expires_in`, `x_refresh_token_expires_in` …
fn refresh_end(members: &mut Members) {
    let is_refresh_end = |name: &str| {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let plain = plain.to_ascii_lowercase();
        let rest = plain.strip_prefix('x').unwrap_or(&plain).strip_prefix("refresh");
        let rest = rest.map(|rest| rest.strip_prefix("token").unwrap_or(rest));
        matches!(
            rest,
            Some(
                "expiresin"
                    | "expiresat"
                    | "expires"
                    | "expireson"
                    | "expiry"
                    | "expiration"
                    | "expirationtime"
            )
        )
    };
    let names: Vec<String> = members.keys().filter(|name| is_refresh_end(name)).cloned().collect();
    // Keycloak's 0 means that the token does not expire.
    let found: Vec<TokenEnd> = names.iter().filter_map(|name| end(&members.remove(name)?)).collect();
    match found.first() {
        Some(TokenEnd::In(0)) | None => {}
        Some(TokenEnd::In(seconds)) => drop(members.insert("refresh_expires_in".into(), (*seconds).into())),
        Some(TokenEnd::At(second)) => drop(members.insert("refresh_expires_at".into(), (*second).into())),
    }
}

enum TokenEnd {
    /// Seconds from now.
    In(u64),
    /// Unix time in seconds.
    At(i64),
}

/// A lifetime in seconds, or a time in Unix seconds, Unix milliseconds or RFC 3339. The size of a number decides.
fn end(value: &Value) -> Option<TokenEnd> {
    let number = match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(whole)),
        Value::String(text) => match text.trim().parse::<f64>() {
            Ok(number) => whole(number),
            // An RFC 3339 time is taken as it is, never as a lifetime or milliseconds.
            Err(_) => return moment(text.trim().parse::<Timestamp>().ok()?.as_second()),
        },
        _ => None,
    }?;
    match u64::try_from(number).ok()? {
        seconds if seconds < MAX_LIFETIME => Some(TokenEnd::In(seconds)),
        _ if number >= MILLISECONDS_FROM => moment(number / 1_000),
        _ => moment(number),
    }
}

/// A Unix time. Zero and negative values mean that the end is unknown.
fn moment(second: i64) -> Option<TokenEnd> {
    (second > 0 && Timestamp::from_second(second).is_ok()).then_some(TokenEnd::At(second))
}

fn whole(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "its range was just checked")]
    (0.0..1e15).contains(&number).then_some(number as i64)
}

fn expires_in(members: &mut Members, noted: &mut Vec<Deviation>) {
    let Some(value) = members.remove("expires_in") else { return };
    let seconds = match &value {
        Value::Number(number) if number.as_u64().is_some_and(|seconds| seconds < MAX_LIFETIME) => {
            number.as_u64()
        }
        Value::Number(number) => whole_seconds(number.as_f64(), "a fraction", noted),
        Value::String(text) => whole_seconds(text.trim().parse().ok(), "text", noted),
        _ => None,
    };
    match seconds {
        Some(seconds) => drop(members.insert("expires_in".into(), seconds.into())),
        None => record_deviation(
            noted,
            "expires_in",
            "could not be read as a time, so that the end of the token is not known",
        ),
    }
}

fn whole_seconds(seconds: Option<f64>, came_as: &str, noted: &mut Vec<Deviation>) -> Option<u64> {
    #[expect(clippy::cast_precision_loss, reason = "it is far below 2^53")]
    let seconds = seconds.filter(|seconds| (0.0..MAX_LIFETIME as f64).contains(seconds))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "its range was just checked")]
    let whole = seconds as u64;
    record_deviation(noted, "expires_in", format!("came as {came_as} and was read as the number {whole}"));
    Some(whole)
}
