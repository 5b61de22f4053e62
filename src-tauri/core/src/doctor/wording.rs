//! Serialized names as words.

use serde::Serialize;

/// The serialized name of a value as words.
pub(super) fn wire_name_text(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name.replace('_', " "),
        _ => String::new(),
    }
}
