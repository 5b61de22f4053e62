//! Error responses (RFC 6749 §5.2), including those with a success status, with an object as `error`, or with a
//! description only.

use grapnel_model::provider::ProviderConfig;
use grapnel_model::provider_text::clean;
use grapnel_model::secret::{ExposeSecret, SecretString};
use http::header;
use serde_json::Value;

use super::tokens::tokens_in;
use crate::http::adapter::members::Members;
use crate::http::failure::ENVELOPE_FAILURE;
use crate::http::response::Reply;
use crate::http::token_failure::TokenFailure;

/// The error in the members of a response, if there is one.
pub(super) fn of(
    reply: &Reply,
    config: &ProviderConfig,
    members: &Members,
    sent: &[SecretString],
) -> Option<TokenFailure> {
    let (code, description) = if config.envelope && members.get("success") == Some(&Value::Bool(false)) {
        (ENVELOPE_FAILURE.to_owned(), members.get("message").and_then(readable))
    } else if reply.status.is_success() {
        let error = members.get("error").filter(|_| !members.contains_key("access_token"))?;
        if !is_error(error) {
            return None;
        }
        said(reply, members)
    } else {
        let (code, description) = said(reply, members);
        (if code.is_empty() { challenged(reply).unwrap_or_default() } else { code }, description)
    };
    // An error response may contain tokens, and repeat them elsewhere.
    let secrets: Vec<SecretString> =
        tokens_in(members).map(SecretString::from).chain(sent.to_vec()).collect();
    refused(reply, &code, description.as_deref(), &secrets)
}

/// The error in the headers (`WWW-Authenticate`, RFC 6750 §3) of a response whose body names none.
pub(super) fn in_headers(reply: &Reply, sent: &[SecretString]) -> Option<TokenFailure> {
    if reply.status.is_success() { None } else { refused(reply, &challenged(reply)?, None, sent) }
}

fn refused(
    reply: &Reply,
    code: &str,
    description: Option<&str>,
    sent: &[SecretString],
) -> Option<TokenFailure> {
    if code.is_empty() && description.is_none() {
        return None;
    }
    let sent: Vec<&str> = sent.iter().map(ExposeSecret::expose_secret).collect();
    Some(TokenFailure::Refused {
        status: reply.status,
        error: clean(code, &sent),
        description: description.map(|text| clean(text, &sent)).filter(|text| !text.is_empty()),
    })
}

fn is_error(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Number(number) => number.as_i64() != Some(0),
        _ => true,
    }
}

/// Code and description: at the top level, or inside an `error` object.
fn said(reply: &Reply, members: &Members) -> (String, Option<String>) {
    let error = members.get("error");
    let inner = error.and_then(Value::as_object).unwrap_or(members);
    let first = |names: &[&str]| names.iter().find_map(|name| inner.get(*name).and_then(readable));
    let code = error.and_then(readable).or_else(|| first(CODES));
    // A repeated HTTP status, or the `type` URL of a problem document (RFC 9457), is no error code.
    let code = code.filter(|code| code != reply.status.as_str() && !code.contains(':'));
    (code.unwrap_or_default(), first(WORDS))
}

const CODES: &[&str] = &["error", "error_code", "errorCode", "code", "type", "status"];
const WORDS: &[&str] =
    &["error_description", "message", "Message", "detail", "title", "errmsg", "description"];

fn readable(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn challenged(reply: &Reply) -> Option<String> {
    let challenge = reply.headers.get(header::WWW_AUTHENTICATE)?.to_str().ok()?;
    let (_, rest) = challenge.split_once("error=\"")?;
    Some(rest.split_once('"')?.0.to_owned()).filter(|code| !code.is_empty())
}
