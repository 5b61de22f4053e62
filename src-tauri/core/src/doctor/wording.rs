//! Names on the wire, as words.

use serde::Serialize;

/// The name that a value has on the wire, as words.
pub(super) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name.replace('_', " "),
        _ => String::new(),
    }
}
