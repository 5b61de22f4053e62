//! The members of a token response, and the recording of their deviations.

use grapnel_model::token_response::Deviation;
use serde_json::{Map, Value};

pub(in crate::http) type Members = Map<String, Value>;

pub(super) fn record_deviation(noted: &mut Vec<Deviation>, member: &str, found: impl Into<String>) {
    noted.push(Deviation { member: member.into(), found: found.into() });
}
