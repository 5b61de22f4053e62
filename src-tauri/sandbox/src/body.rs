//! Reads a request body: a form or a JSON object. Repeated members stay visible.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::departures::{DepartureKind, DepartureLog, loggable_name};
use crate::params::Params;
use crate::reply::ErrorReply;

/// Far above the size of any documented request.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// The members of a JSON object in order. Unlike a map, it keeps repeated members.
pub(crate) struct Members(pub(crate) Vec<(String, Value)>);

impl Members {
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    fn repeated(&self) -> Option<&str> {
        let twice = |name: &str| self.0.iter().filter(|(n, _)| n == name).count() > 1;
        self.0.iter().map(|(name, _)| name.as_str()).find(|name| twice(name))
    }
}

/// The body formats that a provider documents for an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Formats {
    Form,
    Json,
    FormOrJson,
}

/// Reads a form or a JSON object of strings, if `formats` allows it.
pub(crate) async fn read_params(
    headers: &HeaderMap,
    body: Body,
    formats: Formats,
    log: &DepartureLog<'_>,
) -> Result<Params, ErrorReply> {
    match content_type(headers).as_str() {
        "application/x-www-form-urlencoded" if formats != Formats::Json => {
            Ok(Params::from_form(&read(body, log).await?))
        }
        "application/json" if formats != Formats::Form => strings(parse(&read(body, log).await?, log)?, log),
        other => Err(wrong_content_type(other, log)),
    }
}

/// Reads a JSON object. A repeated member is refused as ambiguous.
pub(crate) async fn read_json(
    headers: &HeaderMap,
    body: Body,
    log: &DepartureLog<'_>,
) -> Result<Members, ErrorReply> {
    match content_type(headers).as_str() {
        "application/json" => {}
        other => return Err(wrong_content_type(other, log)),
    }
    let members = parse(&read(body, log).await?, log)?;
    if let Some(name) = members.repeated() {
        log.add(DepartureKind::RepeatedParameter, loggable_name(name));
        return Err(ErrorReply::invalid_request(format!("{} was sent more than once", loggable_name(name))));
    }
    Ok(members)
}

pub(crate) fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

async fn read(body: Body, log: &DepartureLog<'_>) -> Result<Vec<u8>, ErrorReply> {
    to_bytes(body, MAX_BODY_BYTES).await.map(Into::into).map_err(|_| {
        log.add(DepartureKind::MalformedBody, "the body is too large or broke off");
        ErrorReply::invalid_request("the body is too large or broke off")
    })
}

fn parse(bytes: &[u8], log: &DepartureLog<'_>) -> Result<Members, ErrorReply> {
    serde_json::from_slice(bytes).map_err(|_| {
        log.add(DepartureKind::MalformedBody, "the body is not a JSON object");
        ErrorReply::invalid_request("the body is not a JSON object")
    })
}

fn strings(members: Members, log: &DepartureLog<'_>) -> Result<Params, ErrorReply> {
    let mut pairs = Vec::new();
    for (name, value) in members.0 {
        let Value::String(text) = value else {
            log.add(DepartureKind::WrongValue, format!("{} is not a string", loggable_name(&name)));
            return Err(ErrorReply::invalid_request(format!("{} must be a string", loggable_name(&name))));
        };
        pairs.push((name, text));
    }
    Ok(Params::from_pairs(pairs))
}

fn wrong_content_type(found: &str, log: &DepartureLog<'_>) -> ErrorReply {
    let found = if found.is_empty() { "none".to_owned() } else { loggable_name(found) };
    log.add(DepartureKind::WrongContentType, found);
    ErrorReply::invalid_request("this Content-Type is not one that the page names")
        .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}
