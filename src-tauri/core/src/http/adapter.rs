//! The one adapter between providers' conventions and the protocol engine: it shapes the request that goes
//! out, and makes the reply that comes back a plain RFC 6749 one, noting each deviation.

use http::request::Parts;
use http::{Method, Request, Response, StatusCode, header};
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::{Deviation, Failure, Reply};
use crate::provider::{Body, ClientAuth, Conventions, Need};
use crate::secret::{ExposeSecret, SecretString};

type Members = Map<String, Value>;

/// What a request to the token endpoint is for.
pub(super) enum Purpose<'a> {
    /// Exchanging a code, which the callback brought with this state.
    Exchange { state: &'a SecretString },
    /// Renewing.
    Refresh,
}

/// Shapes the engine's form-encoded request as the provider wants it.
pub(super) fn shape(
    request: Request<Vec<u8>>,
    conventions: &Conventions,
    purpose: &Purpose<'_>,
) -> Result<Request<Vec<u8>>, http::Error> {
    let (mut parts, form) = request.into_parts();
    let mut pairs: Vec<(String, String)> = form_urlencoded::parse(&form).into_owned().collect();
    if conventions.client_auth == ClientAuth::None || conventions.client_id == Need::Absent {
        pairs.retain(|(name, _)| name != "client_id" && name != "client_secret");
    }
    let mut body = conventions.token_body;
    match purpose {
        Purpose::Exchange { state } => {
            pairs.retain(|(name, _)| conventions.token_redirect_uri || name != "redirect_uri");
            if conventions.token_state {
                pairs.push(("state".into(), state.expose_secret().into()));
            }
        }
        Purpose::Refresh => {
            let renewal = &conventions.renewal;
            body = renewal.body;
            if let Some(only) = &renewal.only {
                pairs.retain(|(name, _)| only.contains(name));
            }
            if renewal.is_put {
                parts.method = Method::PUT;
            }
            if let Some(url) = &renewal.url {
                parts.uri = url.as_str().parse()?;
            }
        }
    }
    pairs.extend(conventions.token_extra.iter().cloned());
    encode(parts, &pairs, body)
}

fn encode(mut parts: Parts, pairs: &[(String, String)], body: Body) -> Result<Request<Vec<u8>>, http::Error> {
    let form = || form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let bytes = match body {
        Body::Form => form().into_bytes(),
        Body::Json => {
            parts.headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
            let members: Members =
                pairs.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
            Value::Object(members).to_string().into_bytes()
        }
        Body::Query => {
            parts.headers.remove(header::CONTENT_TYPE);
            let joint = if parts.uri.query().is_some() { '&' } else { '?' };
            parts.uri = format!("{}{joint}{}", parts.uri, form()).parse()?;
            Vec::new()
        }
    };
    Ok(Request::from_parts(parts, bytes))
}

/// The error code given to a failure in an envelope, which has only words.
pub(crate) const ENVELOPE_FAILURE: &str = "success:false";

/// Makes a token endpoint's reply one that the engine reads. What is unambiguous is accepted and noted;
/// what is not is refused with the reason.
pub(super) fn normalize(
    reply: &Reply,
    conventions: &Conventions,
    noted: &mut Vec<Deviation>,
) -> Result<Response<Vec<u8>>, Failure> {
    if reply.status.is_redirection() {
        return Err(strange("a redirect to another address, which was not followed", reply));
    }
    if reply.status.is_server_error() || reply.status == StatusCode::TOO_MANY_REQUESTS {
        return Err(Failure::Unavailable(reply.status, reply.retry_after));
    }
    let mut members = members(reply, noted)?;
    let mut status = reply.status;
    if conventions.envelope && members.get("success") == Some(&Value::Bool(false)) {
        let words = members.remove("message").unwrap_or_default();
        members = Members::from_iter([
            ("error".into(), ENVELOPE_FAILURE.into()),
            ("error_description".into(), words),
        ]);
        status = StatusCode::BAD_REQUEST;
    }
    if status.is_success() && members.contains_key("error") && !members.contains_key("access_token") {
        note(noted, "error", format!("came with status {}", status.as_u16()));
        status = StatusCode::BAD_REQUEST;
    }
    if status.is_success() {
        if status != StatusCode::OK {
            note(noted, "reply", format!("came with status {} instead of 200", status.as_u16()));
            status = StatusCode::OK;
        }
        access_token(&members, reply)?;
        token_type(&mut members, reply, noted)?;
        expires_in(&mut members, noted);
        refresh_token(&mut members, noted);
        scope(&mut members, noted);
        project_ids(&mut members, noted);
    } else if !members.get("error").is_some_and(Value::is_string) {
        return Err(strange(&format!("status {} without an OAuth error", status.as_u16()), reply));
    }
    let mut response = Response::new(Value::Object(members).to_string().into_bytes());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    Ok(response)
}

fn members(reply: &Reply, noted: &mut Vec<Deviation>) -> Result<Members, Failure> {
    let text = std::str::from_utf8(&reply.body)
        .map_err(|_| strange("not text", reply))?
        .trim_start_matches('\u{feff}')
        .trim();
    if text.is_empty() {
        return Err(strange("empty", reply));
    }
    if let Ok(value) = serde_json::from_str(text) {
        return match value {
            Value::Object(members) => Ok(members),
            _ => Err(strange("JSON, but not an object", reply)),
        };
    }
    if text.starts_with('<') || reply.content_type.starts_with("text/html") {
        return Err(strange("a web page (HTML) instead of JSON", reply));
    }
    let is_form = reply.content_type.starts_with("application/x-www-form-urlencoded")
        || ["access_token=", "error="].iter().any(|start| text.starts_with(start));
    if is_form {
        note(noted, "reply", "came form-encoded instead of as JSON");
        return Ok(form_urlencoded::parse(text.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into()))
            .collect());
    }
    Err(strange("cut off, or not JSON", reply))
}

fn strange(what: &str, reply: &Reply) -> Failure {
    Failure::Strange(what.to_owned(), reply.status)
}

fn note(noted: &mut Vec<Deviation>, member: &str, found: impl Into<String>) {
    noted.push(Deviation { member: member.into(), found: found.into() });
}

fn access_token(members: &Members, reply: &Reply) -> Result<(), Failure> {
    match members.get("access_token") {
        Some(Value::String(token)) if !token.trim().is_empty() => Ok(()),
        Some(_) => Err(strange("one whose access_token is empty or not text", reply)),
        None => Err(strange("one without an access_token", reply)),
    }
}

fn token_type(members: &mut Members, reply: &Reply, noted: &mut Vec<Deviation>) -> Result<(), Failure> {
    match members.get("token_type") {
        Some(Value::String(kind)) if kind.eq_ignore_ascii_case("bearer") => Ok(()),
        None | Some(Value::Null) => {
            note(noted, "token_type", "was missing and was taken to be Bearer");
            members.insert("token_type".into(), "Bearer".into());
            Ok(())
        }
        Some(other) => {
            let tokens =
                ["access_token", "refresh_token"].map(|name| members.get(name).and_then(Value::as_str));
            let tokens: Vec<&str> = tokens.into_iter().flatten().collect();
            let other = super::clean(other.as_str().unwrap_or("not text"), &tokens);
            Err(strange(&format!("one with a token of type “{other}”, which Grapnel cannot use"), reply))
        }
    }
}

/// Ten years, in seconds: more than that is no lifetime that anybody means.
const LONGEST: u64 = 315_360_000;

fn expires_in(members: &mut Members, noted: &mut Vec<Deviation>) {
    let Some(value) = members.remove("expires_in") else { return };
    let seconds = match &value {
        Value::Number(number) if number.as_u64().is_some_and(|seconds| seconds < LONGEST) => number.as_u64(),
        Value::Number(number) => whole_seconds(number.as_f64(), "a fraction", noted),
        Value::String(text) => whole_seconds(text.trim().parse().ok(), "text", noted),
        _ => None,
    };
    match seconds {
        Some(seconds) => drop(members.insert("expires_in".into(), seconds.into())),
        None => note(
            noted,
            "expires_in",
            "could not be read as a time, so that the end of the token is not known",
        ),
    }
}

fn whole_seconds(seconds: Option<f64>, came_as: &str, noted: &mut Vec<Deviation>) -> Option<u64> {
    #[expect(clippy::cast_precision_loss, reason = "it is far below 2^53")]
    let seconds = seconds.filter(|seconds| (0.0..LONGEST as f64).contains(seconds))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "its range was just checked")]
    let whole = seconds as u64;
    note(noted, "expires_in", format!("came as {came_as} and was read as the number {whole}"));
    Some(whole)
}

fn refresh_token(members: &mut Members, noted: &mut Vec<Deviation>) {
    match members.get("refresh_token") {
        None => {}
        Some(Value::String(token)) if !token.trim().is_empty() => {}
        Some(_) => {
            members.remove("refresh_token");
            note(noted, "refresh_token", "was empty and was left out");
        }
    }
}

fn scope(members: &mut Members, noted: &mut Vec<Deviation>) {
    let Some(value) = members.remove("scope") else { return };
    let items = match &value {
        Value::String(text) => {
            if text.contains(',') {
                note(noted, "scope", "was split by commas, not spaces");
            }
            vec![text.as_str()]
        }
        Value::Array(items) => {
            note(noted, "scope", "came as a list, not as text");
            items.iter().filter_map(Value::as_str).collect()
        }
        _ => return note(noted, "scope", "could not be read and was left out"),
    };
    let scopes = items.iter().flat_map(|item| item.split(|c: char| c == ',' || c.is_whitespace()));
    let scopes: Vec<&str> = scopes.filter(|scope| !scope.is_empty()).collect();
    if !scopes.is_empty() {
        members.insert("scope".into(), scopes.join(" ").into());
    }
}

/// Ids are text here; a provider may well send them as numbers.
fn project_ids(members: &mut Members, noted: &mut Vec<Deviation>) {
    let Some(value) = members.remove("project_ids") else { return };
    let ids = match value {
        Value::Array(items) => items,
        Value::String(text) => {
            note(noted, "project_ids", "came as text, not as a list");
            text.split([',', ' ']).filter(|id| !id.is_empty()).map(Value::from).collect()
        }
        Value::Null => return,
        _ => return note(noted, "project_ids", "could not be read and was left out"),
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

#[cfg(test)]
mod tests;
