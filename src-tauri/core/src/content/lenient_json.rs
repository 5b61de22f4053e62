//! Parses responses leniently: a missing or malformed member affects only itself.

use grapnel_model::account::Field;
use grapnel_model::mask_credentials;
use jiff::Timestamp;
use serde_json::{Map, Value};

/// The members of a JSON object.
pub(super) type Members = Map<String, Value>;

/// The members of an object; `None` for any other value.
pub(super) fn object(value: Value) -> Option<Members> {
    if let Value::Object(members) = value { Some(members) } else { None }
}

/// Removes and returns a member if it can be read; otherwise leaves it among the others.
pub(super) fn take<T>(members: &mut Members, name: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
    let read = read(members.get(name)?)?;
    members.remove(name);
    Some(read)
}

/// Removes and returns a string that is not empty.
pub(super) fn text(members: &mut Members, name: &str) -> Option<String> {
    take(members, name, |value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned))
}

/// Removes and returns the member `id`, a string or a number.
pub(super) fn id(members: &mut Members) -> Option<String> {
    id_of(members, "id")
}

/// Like [`id`], for a member of another name.
pub(super) fn id_of(members: &mut Members, name: &str) -> Option<String> {
    take(members, name, |value| match value {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    })
}

/// A count, as a number or a string.
pub(super) fn count(value: &Value) -> Option<u32> {
    let count = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())?;
    count.try_into().ok()
}

/// The IDs in a list.
pub(super) fn ids(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .filter_map(|id| id.as_str().map(str::to_owned).or_else(|| id.as_u64().map(|id| id.to_string())))
        .collect()
}

/// The scopes in a string.
pub(super) fn scopes(value: Option<&Value>) -> Vec<String> {
    let text = value.and_then(Value::as_str).unwrap_or_default();
    text.split([' ', ',']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

/// A time: RFC 3339, a date, or Unix time in seconds or milliseconds. The documentation has filters in Unix time and
/// another endpoint's times in RFC 3339; for posts it does not say.
pub(super) fn moment(value: &Value) -> Option<Timestamp> {
    /// The year 5138 in seconds; 1973 in milliseconds.
    const MILLISECONDS_FROM: u64 = 100_000_000_000;
    if let Some(number) = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok()) {
        let read = if number.unsigned_abs() < MILLISECONDS_FROM {
            Timestamp::from_second
        } else {
            Timestamp::from_millisecond
        };
        return read(number).ok();
    }
    let text = value.as_str()?.trim();
    let civil = || text.parse::<jiff::civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    text.parse().ok().or_else(|| civil().map(|zoned| zoned.timestamp()))
}

/// The remaining members, to be shown as they are, without credentials.
pub(super) fn others(members: Members) -> Vec<Field> {
    let readable = |value: Value| if let Value::String(text) = value { text } else { value.to_string() };
    let masked = members.into_iter().map(|(name, mut value)| {
        mask_credentials::mask_member(&name, &mut value);
        Field { name, value: readable(value) }
    });
    masked.collect()
}

/// Parses the items of a list; unreadable ones are left out.
pub(super) fn list<T>(value: Value, read: impl Fn(Value) -> Option<T>) -> Option<Vec<T>> {
    if let Value::Array(items) = value { Some(items.into_iter().filter_map(read).collect()) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_are_parsed_in_many_formats() {
        let same = [
            json!(1_740_045_600),
            json!(1_740_045_600_000_i64),
            json!("1740045600"),
            json!("2025-02-20T10:00:00Z"),
            json!("2025-02-20T10:00:00"),
        ];
        for value in same {
            assert_eq!(moment(&value).map(Timestamp::as_second), Some(1_740_045_600), "{value}");
        }
        assert!(moment(&json!("2025-02-20")).is_some());
        assert_eq!(moment(&json!("yesterday")), None);
    }

    proptest::proptest! {
        #[test]
        fn any_number_parses_as_a_time_without_panic(number: i64) {
            let _ = moment(&json!(number));
        }
    }
}
