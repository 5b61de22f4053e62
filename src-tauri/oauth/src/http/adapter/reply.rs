//! Normalizes a token response to RFC 6749. Unambiguous deviations are accepted and recorded; anything else is refused
//! with the reason.

use grapnel_model::authorization_details::AuthorizationDetails;
use grapnel_model::provider::ProviderConfig;
use grapnel_model::secret::SecretString;
use grapnel_model::token_response::Deviation;
use http::{Response, StatusCode, header};
use serde_json::Value;
use url::form_urlencoded;

use super::members::{Members, record_deviation};
use crate::http::failure::{Failure, is_busy};
use crate::http::mask::Mask;
use crate::http::response::Reply;
use crate::http::token_failure::TokenFailure;

mod expiry;
mod refusal;
mod tokens;

pub(in crate::http) use tokens::NOT_APPLICABLE;
use tokens::TOKENS;

/// Converts a token response to one that `oauth2` reads. Members other than the tokens are masked: none repeats a token
/// of this response or a secret in `sent`. Tokens of type DPoP are accepted only if the request had a proof.
pub(in crate::http) fn normalize(
    reply: &Reply,
    config: &ProviderConfig,
    (sent, is_proven): (&[SecretString], bool),
    noted: &mut Vec<Deviation>,
) -> Result<Response<Vec<u8>>, TokenFailure> {
    let status = reply.status;
    let mut members = successful_members(reply, config, sent, noted)?;
    if status != StatusCode::OK {
        record_deviation(noted, "reply", format!("came with status {} instead of 200", status.as_u16()));
    }
    tokens::check(&mut members, config, status, (sent, is_proven), noted)?;
    expiry::read(&mut members, noted);
    scope(&mut members, noted);
    project_ids(&mut members, noted);
    authorization_details(&mut members, noted);
    mask(&mut members, sent);
    let mut response = Response::new(Value::Object(members).to_string().into_bytes());
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    Ok(response)
}

/// Converts a device authorization response to one that `oauth2` reads: numbers may be text, and members may be null.
pub(in crate::http) fn normalize_device_authorization(
    reply: &Reply,
    config: &ProviderConfig,
    sent: &[SecretString],
) -> Result<Response<Vec<u8>>, TokenFailure> {
    let mut members = successful_members(reply, config, sent, &mut Vec::new())?;
    members.retain(|_, value| !value.is_null() && value.as_str() != Some(""));
    for name in ["expires_in", "interval"] {
        if let Some(seconds) = members.get(name).and_then(seconds) {
            members.insert(name.into(), seconds.into());
        }
    }
    let mut response = Response::new(Value::Object(members).to_string().into_bytes());
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    Ok(response)
}

/// A number of seconds that came as text or as a fraction.
fn seconds(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in the range")]
        Value::Number(number) => {
            number.as_u64().or(number.as_f64().filter(|n| (0.0..1e9).contains(n)).map(|n| n as u64))
        }
        _ => None,
    }
}

/// The members of a response that is neither an error nor unexpected.
fn successful_members(
    reply: &Reply,
    config: &ProviderConfig,
    sent: &[SecretString],
    noted: &mut Vec<Deviation>,
) -> Result<Members, TokenFailure> {
    let status = reply.status;
    if status.is_redirection() {
        return Err(
            unexpected_response("a redirect to another address, which was not followed", reply).into()
        );
    }
    if is_busy(status) {
        return Err(Failure::Unavailable(status, reply.retry_after).into());
    }
    let members = match members(reply, noted) {
        Ok(members) => members,
        Err(failure) => return Err(refusal::in_headers(reply, sent).unwrap_or_else(|| failure.into())),
    };
    if let Some(refused) = refusal::of(reply, config, &members, sent) {
        return Err(refused);
    }
    if !status.is_success() {
        return Err(unexpected_response("without an OAuth error", reply).into());
    }
    Ok(members)
}

/// The members of a response, as JSON or form-encoded.
pub(in crate::http) fn members(reply: &Reply, noted: &mut Vec<Deviation>) -> Result<Members, Failure> {
    let text = std::str::from_utf8(&reply.body)
        .map_err(|_| unexpected_response("not text", reply))?
        .trim_start_matches('\u{feff}')
        .trim();
    if text.is_empty() {
        return Err(unexpected_response("empty", reply));
    }
    if let Ok(value) = serde_json::from_str(text) {
        return match value {
            Value::Object(members) => Ok(members),
            _ => Err(unexpected_response("JSON, but not an object", reply)),
        };
    }
    if text.starts_with('<') || reply.content_type.starts_with("text/html") {
        return Err(unexpected_response("a web page (HTML) instead of JSON", reply));
    }
    let is_form = reply.content_type.starts_with("application/x-www-form-urlencoded")
        || ["access_token=", "error="].iter().any(|start| text.starts_with(start));
    if is_form {
        record_deviation(noted, "reply", "came form-encoded instead of as JSON");
        return Ok(form_urlencoded::parse(text.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into()))
            .collect());
    }
    Err(unexpected_response("cut off, or not JSON", reply))
}

fn unexpected_response(what: &str, reply: &Reply) -> Failure {
    Failure::Strange(what.to_owned(), reply.status)
}

fn scope(members: &mut Members, noted: &mut Vec<Deviation>) {
    let Some(value) = members.remove("scope") else { return };
    let items = match &value {
        Value::String(text) => {
            if text.contains(',') {
                record_deviation(noted, "scope", "was split by commas, not spaces");
            }
            vec![text.as_str()]
        }
        Value::Array(items) => {
            record_deviation(noted, "scope", "came as a list, not as text");
            items.iter().filter_map(Value::as_str).collect()
        }
        _ => return record_deviation(noted, "scope", "could not be read and was left out"),
    };
    let scopes = items.iter().flat_map(|item| item.split(|c: char| c == ',' || c.is_whitespace()));
    let scopes: Vec<&str> = scopes.filter(|scope| !scope.is_empty()).collect();
    if !scopes.is_empty() {
        members.insert("scope".into(), scopes.join(" ").into());
    }
}

/// Project IDs are strings here; a provider may send numbers.
fn project_ids(members: &mut Members, noted: &mut Vec<Deviation>) {
    let Some(value) = members.remove("project_ids") else { return };
    let ids = match value {
        Value::Array(items) => items,
        Value::String(text) => {
            record_deviation(noted, "project_ids", "came as text, not as a list");
            text.split([',', ' ']).filter(|id| !id.is_empty()).map(Value::from).collect()
        }
        Value::Null => return,
        _ => return record_deviation(noted, "project_ids", "could not be read and was left out"),
    };
    let ids: Vec<Value> = ids
        .into_iter()
        .filter_map(|id| match id {
            Value::String(_) => Some(id),
            Value::Number(number) => Some(number.to_string().into()),
            _ => None,
        })
        .collect();
    members.insert("project_ids".into(), ids.into());
}

/// The granted authorization details (RFC 9396 §7). Those that cannot be read are left out.
fn authorization_details(members: &mut Members, noted: &mut Vec<Deviation>) {
    const NAME: &str = "authorization_details";
    let value = match members.remove(NAME) {
        None | Some(Value::Null) => return,
        Some(Value::String(text)) => {
            record_deviation(noted, NAME, "came as text, not as a list");
            serde_json::from_str(&text).unwrap_or(Value::Null)
        }
        Some(value) => value,
    };
    // A provider that grants none may say so.
    if value == Value::Array(Vec::new()) {
        return;
    }
    match AuthorizationDetails::of_response(value) {
        Ok(details) => drop(members.insert(NAME.into(), details.value())),
        Err(fault) => record_deviation(noted, NAME, format!("{fault}, and were left out")),
    }
}

/// Masks secrets in all members but the tokens themselves.
fn mask(members: &mut Members, sent: &[SecretString]) {
    let tokens = TOKENS.iter().filter_map(|name| members.get(*name)?.as_str().map(SecretString::from));
    let mask = Mask::of(sent.iter().cloned().chain(tokens));
    for (_, value) in members.iter_mut().filter(|(name, _)| !TOKENS.contains(&name.as_str())) {
        mask.value(value);
    }
}

#[cfg(test)]
mod tests;
