//! The one adapter between providers' conventions and the protocol engine: it shapes the request that goes
//! out, and makes the reply that comes back a plain RFC 6749 one, noting each deviation.

use http::{Request, Response, StatusCode, header};
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::{Deviation, Failure, Reply};
use crate::provider::{Conventions, TokenBody};

type Members = Map<String, Value>;

/// Shapes the engine's form-encoded request as the provider wants it.
pub(super) fn shape(request: Request<Vec<u8>>, conventions: &Conventions) -> Request<Vec<u8>> {
    match conventions.token_body {
        TokenBody::Form => request,
        TokenBody::Json => {
            let (mut parts, form) = request.into_parts();
            let members: Members = form_urlencoded::parse(&form)
                .map(|(name, value)| (name.into_owned(), value.into()))
                .collect();
            parts.headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
            Request::from_parts(parts, Value::Object(members).to_string().into_bytes())
        }
    }
}

/// Makes a token endpoint's reply one that the engine reads. What is unambiguous is accepted and noted;
/// what is not is refused with the reason.
pub(super) fn normalize(reply: &Reply, noted: &mut Vec<Deviation>) -> Result<Response<Vec<u8>>, Failure> {
    if reply.status.is_redirection() {
        return Err(Failure::Strange("a redirect to another address, which was not followed".into()));
    }
    if reply.status.is_server_error() || reply.status == StatusCode::TOO_MANY_REQUESTS {
        return Err(Failure::Unavailable(reply.status, reply.retry_after));
    }
    let mut members = members(reply, noted)?;
    let mut status = reply.status;
    if status.is_success() && members.contains_key("error") && !members.contains_key("access_token") {
        note(noted, "error", format!("came with status {}", status.as_u16()));
        status = StatusCode::BAD_REQUEST;
    }
    if status.is_success() {
        access_token(&members)?;
        token_type(&mut members, noted)?;
        expires_in(&mut members, noted);
        refresh_token(&mut members, noted);
        scope(&mut members, noted);
        project_ids(&mut members, noted);
    } else if !members.get("error").is_some_and(Value::is_string) {
        return Err(Failure::Strange(format!("status {} without an OAuth error", status.as_u16())));
    }
    let mut response = Response::new(Value::Object(members).to_string().into_bytes());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    Ok(response)
}

fn members(reply: &Reply, noted: &mut Vec<Deviation>) -> Result<Members, Failure> {
    let text = std::str::from_utf8(&reply.body)
        .map_err(|_| Failure::Strange("not text".into()))?
        .trim_start_matches('\u{feff}')
        .trim();
    if text.is_empty() {
        return Err(Failure::Strange("empty".into()));
    }
    if let Ok(value) = serde_json::from_str(text) {
        return match value {
            Value::Object(members) => Ok(members),
            _ => Err(Failure::Strange("JSON, but not an object".into())),
        };
    }
    if text.starts_with('<') || reply.content_type.starts_with("text/html") {
        return Err(Failure::Strange("a web page (HTML) instead of JSON".into()));
    }
    let is_form = reply.content_type.starts_with("application/x-www-form-urlencoded")
        || ["access_token=", "error="].iter().any(|start| text.starts_with(start));
    if is_form {
        note(noted, "reply", "came form-encoded instead of as JSON");
        return Ok(form_urlencoded::parse(text.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into()))
            .collect());
    }
    Err(Failure::Strange("cut off, or not JSON".into()))
}

fn note(noted: &mut Vec<Deviation>, member: &str, found: impl Into<String>) {
    noted.push(Deviation { member: member.into(), found: found.into() });
}

fn access_token(members: &Members) -> Result<(), Failure> {
    match members.get("access_token") {
        Some(Value::String(token)) if !token.trim().is_empty() => Ok(()),
        Some(_) => Err(Failure::Strange("one whose access_token is empty or not text".into())),
        None => Err(Failure::Strange("one without an access_token".into())),
    }
}

fn token_type(members: &mut Members, noted: &mut Vec<Deviation>) -> Result<(), Failure> {
    match members.get("token_type") {
        Some(Value::String(kind)) if kind.eq_ignore_ascii_case("bearer") => Ok(()),
        None | Some(Value::Null) => {
            note(noted, "token_type", "was missing and was taken to be Bearer");
            members.insert("token_type".into(), "Bearer".into());
            Ok(())
        }
        Some(other) => {
            let other = super::clean(other.as_str().unwrap_or("not text"), &[]);
            Err(Failure::Strange(format!("one with a token of type “{other}”, which Grapnel cannot use")))
        }
    }
}

fn expires_in(members: &mut Members, noted: &mut Vec<Deviation>) {
    let Some(value) = members.remove("expires_in") else { return };
    let seconds = match &value {
        Value::Number(number) if number.is_u64() => number.as_u64(),
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
    // Ten years: more than that is no lifetime that anybody means.
    let seconds = seconds.filter(|seconds| (0.0..315_360_000.0).contains(seconds))?;
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
    let text = match members.get("scope") {
        None => return,
        Some(Value::String(text)) if !text.contains(',') => return,
        Some(Value::String(text)) => {
            note(noted, "scope", "was split by commas, not spaces");
            text.split(',').map(str::trim).collect::<Vec<_>>().join(" ")
        }
        Some(Value::Array(items)) => {
            note(noted, "scope", "came as a list, not as text");
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
        }
        Some(_) => {
            note(noted, "scope", "could not be read and was left out");
            members.remove("scope");
            return;
        }
    };
    members.insert("scope".into(), text.into());
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
