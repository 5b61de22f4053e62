//! A JSON-RPC 2.0 request. Batches and notifications are refused (assumed).

use serde_json::{Map, Value};

use crate::departures::{DepartureKind, DepartureLog};
use crate::grindery::rpc::failure::Failure;

const KNOWN: [&str; 4] = ["jsonrpc", "id", "method", "params"];

pub(super) struct Call {
    pub(super) id: Value,
    pub(super) method: String,
    pub(super) params: Map<String, Value>,
}

impl Call {
    pub(super) fn read(bytes: &[u8], log: &DepartureLog<'_>) -> Result<Self, Failure> {
        let value: Value = serde_json::from_slice(bytes).map_err(|_| {
            log.add(DepartureKind::MalformedBody, "the body is not JSON");
            Failure::parse()
        })?;
        let Value::Object(mut members) = value else {
            log.add(DepartureKind::MalformedBody, "the body is not one call");
            return Err(Failure::invalid());
        };
        log.unknown(members.keys().map(String::as_str).filter(|name| !KNOWN.contains(name)));
        // JSON-RPC 2.0 §4: text, a number or null; without one, it is a notification.
        let id = members.remove("id").filter(|id| id.is_string() || id.is_number());
        let Some(id) = id else {
            log.add(DepartureKind::WrongValue, "id");
            return Err(Failure::invalid());
        };
        let failed = |name: &str| {
            log.add(DepartureKind::WrongValue, name);
            Failure { id: id.clone(), ..Failure::invalid() }
        };
        if members.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
            return Err(failed("jsonrpc"));
        }
        let Some(Value::String(method)) = members.remove("method") else { return Err(failed("method")) };
        match members.remove("params") {
            None => Ok(Self { id, method, params: Map::new() }),
            Some(Value::Object(params)) => Ok(Self { id, method, params }),
            // Positional parameters are refused (assumed).
            Some(_) => {
                log.add(DepartureKind::WrongValue, "params");
                Err(Failure { id, ..Failure::wrong_params() })
            }
        }
    }
}
