//! An exchange as it is kept and shown. Where requests and responses carry secrets by their purpose, everything that is
//! not known to be harmless counts as a secret; elsewhere the secrets of the exchange, credentials by their name, and
//! JSON Web Tokens are masked.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use grapnel_model::api_exchange::{
    ApiExchangeSummary, ApiExchangeView, ApiRequestDraft, RequestHeader, ResponseKind,
};
use grapnel_model::id::ExchangeId;
use grapnel_model::mask_credentials::{MASKED, is_credential};
use grapnel_model::secret::SecretString;
use grapnel_model::text::clean_line;
use http::{HeaderMap, header};
use jiff::Timestamp;
use serde_json::Value;
use url::form_urlencoded;

use super::mask::Mask;
use super::masked_text::{self, without_jwts};
use super::observed::{MAX_OBSERVED_BYTES, ObservedExchange, ObservedResponse};
use super::redacted_response;
use super::response::Reply;

/// Parameters whose values are shown of a request that carries secrets. All others are masked.
const SHOWN_PARAMETERS: &[&str] = &[
    "grant_type",
    "response_type",
    "response_mode",
    "redirect_uri",
    "client_id",
    "scope",
    "resource",
    "authorization_details",
    "audience",
    "token_type_hint",
    "client_assertion_type",
    "code_challenge",
    "code_challenge_method",
    "requested_token_type",
    "subject_token_type",
];
/// The most headers of a response that are shown.
const MAX_HEADERS: usize = 100;
/// The most characters of a header that are shown.
const MAX_HEADER_CHARS: usize = 1_000;

/// An exchange without its secrets.
#[derive(Debug, Clone)]
pub struct MaskedExchange {
    /// The request, and the response but for its body.
    pub view: ApiExchangeView,
    /// The body of the response, if it is text and not too large.
    pub body: Option<String>,
}

impl ObservedExchange {
    /// The exchange without its secrets, and without those in `also`.
    pub fn masked(&self, id: ExchangeId, at: Timestamp, also: &[SecretString]) -> MaskedExchange {
        let mut secrets = self.sent_secrets();
        secrets.extend(also.iter().cloned());
        // What only the response has is no secret of the request: a provider may repeat its URL.
        let request_mask = Mask::of(secrets.iter().cloned());
        let reply = self.response.as_ref().and_then(ObservedResponse::reply);
        let redacted = reply.as_ref().filter(|_| self.kind.receives_secrets()).map(|reply| {
            let redacted = redacted_response::masked(reply, &secrets);
            secrets.extend(redacted_response::received_secrets(reply));
            redacted
        });
        let mask = Mask::of(secrets);
        let failure = self.failure.as_ref().map(|failure| failure.explain("The provider").message);
        let rejection = self.rejection.as_ref().map(|reason| mask.text(reason).into_owned());
        let mut notes = Vec::new();
        let body = match redacted {
            Some(redacted) => Some(mask.text(&redacted.body).into_owned()),
            None => reply.as_ref().and_then(|reply| response_body(reply, &mask)),
        };
        let size = self.response.as_ref().and_then(|response| response.size);
        if body.is_none() && size.is_some_and(|size| size > 0) {
            let limit = MAX_OBSERVED_BYTES >> 10;
            notes.push(format!(
                "The body of the response is not in the history: it is larger than {limit} KiB, or no text."
            ));
        }
        let body = body.map(|text| without_jwts(&text).into_owned());
        let target = self.url(&request_mask);
        let headers = self.response.as_ref().map(|response| headers(&response.headers, &mask));
        let status = self.response.as_ref().map(|response| response.status);
        let view = ApiExchangeView {
            summary: ApiExchangeSummary {
                id,
                kind: self.kind,
                at,
                method: self.method.to_string(),
                target: target.clone(),
                status: status.map(|status| status.as_u16()),
                duration_ms: Some(u32::try_from(self.duration.as_millis()).unwrap_or(u32::MAX)),
                size: size.and_then(|size| u32::try_from(size).ok()),
                error: failure.or(rejection),
                body_kept: body.is_some(),
            },
            draft: ApiRequestDraft {
                method: self.method.to_string(),
                target,
                headers: request_headers(&self.headers, &request_mask),
                body: self.request_body(&request_mask),
            },
            status_text: status.and_then(|status| status.canonical_reason()).unwrap_or_default().to_owned(),
            headers: headers.unwrap_or_default(),
            content_type: self.response.as_ref().and_then(|response| content_type(&response.headers)),
            kind: ResponseKind::Empty,
            pretty_lines: 0,
            raw_lines: 0,
            is_truncated: false,
            notes,
            missing_scopes: None,
        };
        MaskedExchange { view, body }
    }

    /// The secrets in the request.
    fn sent_secrets(&self) -> Vec<SecretString> {
        let mut found: Vec<String> = Vec::new();
        for (name, value) in &self.headers {
            if !value.is_sensitive() && !is_credential(name.as_str()) {
                continue;
            }
            let Ok(value) = value.to_str() else { continue };
            let secret = value.split_once(' ').map_or(value, |(_, secret)| secret);
            found.push(secret.to_owned());
            let decoded = BASE64.decode(secret).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            if let Some((_, password)) = decoded.as_deref().and_then(|pair| pair.split_once(':')) {
                found.push(
                    percent_encoding::percent_decode_str(&password.replace('+', " "))
                        .decode_utf8_lossy()
                        .into_owned(),
                );
                found.push(password.to_owned());
            }
        }
        if self.kind.sends_secrets() {
            let query = self.url.split_once('?').map_or("", |(_, query)| query);
            hidden_parameters(query, &mut found);
            match self.json() {
                Some(value) => hidden_members(&value, &mut found),
                None => hidden_parameters(self.text().unwrap_or_default(), &mut found),
            }
        }
        found.into_iter().map(SecretString::from).collect()
    }

    fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.body.as_deref()?).ok()
    }

    /// The body of the request, if it is JSON.
    fn json(&self) -> Option<Value> {
        let text = self.text()?;
        text.trim_start().starts_with(['{', '[']).then(|| serde_json::from_str(text).ok())?
    }

    fn url(&self, mask: &Mask) -> String {
        let shown = match self.url.split_once('?') {
            Some((address, query)) if self.kind.sends_secrets() => {
                format!("{}?{}", mask.text(address), shown_form(query, mask))
            }
            _ => masked_text::target(&self.url, mask),
        };
        without_jwts(&shown).into_owned()
    }

    fn request_body(&self, mask: &Mask) -> String {
        let Some(text) = self.text() else { return String::new() };
        let shown = match self.json() {
            Some(mut value) if self.kind.sends_secrets() => {
                hide_members(&mut value, mask);
                value.to_string()
            }
            None if self.kind.sends_secrets() => shown_form(text, mask),
            _ => masked_text::body(text, mask).unwrap_or_default(),
        };
        without_jwts(&shown).into_owned()
    }
}

impl ObservedResponse {
    /// The response, if its body is there.
    fn reply(&self) -> Option<Reply> {
        let text = self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        Some(Reply {
            status: self.status,
            content_type: text.unwrap_or_default().to_owned(),
            retry_after: None,
            headers: HeaderMap::new(),
            body: self.body.clone()?,
        })
    }
}

/// The body of a response that carries no secret by its purpose; `None` if it is no text or cannot be masked.
fn response_body(reply: &Reply, mask: &Mask) -> Option<String> {
    let text = std::str::from_utf8(&reply.body).ok().filter(|text| !text.contains('\0'))?;
    masked_text::body(text.trim_start_matches('\u{feff}'), mask)
}

fn content_type(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let kind = clean_line(text.split(';').next()?.trim()).to_ascii_lowercase();
    Some(kind).filter(|kind| !kind.is_empty())
}

/// The headers of a request. The scheme of `Authorization` is shown, since it tells how the client authenticates.
fn request_headers(sent: &HeaderMap, mask: &Mask) -> Vec<RequestHeader> {
    let shown = sent.iter().map(|(name, value)| {
        let text = String::from_utf8_lossy(value.as_bytes());
        let value = match text.split_once(' ') {
            Some((scheme, _)) if *name == header::AUTHORIZATION => format!("{scheme} {MASKED}"),
            _ if value.is_sensitive() => MASKED.to_owned(),
            _ => header_value(name.as_str(), &text, mask),
        };
        RequestHeader { name: name.to_string(), value }
    });
    shown.collect()
}

/// The headers of a response.
pub(super) fn headers(received: &HeaderMap, mask: &Mask) -> Vec<RequestHeader> {
    let shown = received.iter().take(MAX_HEADERS).map(|(name, value)| {
        let value = header_value(name.as_str(), &String::from_utf8_lossy(value.as_bytes()), mask);
        RequestHeader { name: mask.text(name.as_str()).into_owned(), value }
    });
    shown.collect()
}

fn header_value(name: &str, value: &str, mask: &Mask) -> String {
    let visible = clean_line(value);
    let masked = masked_text::header(name, &visible, mask);
    let masked = if masked == MASKED { masked } else { masked_text::parameters(&masked) };
    let shown = without_jwts(&masked);
    match shown.char_indices().nth(MAX_HEADER_CHARS) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown.into_owned(),
    }
}

fn is_shown(name: &str) -> bool {
    SHOWN_PARAMETERS.contains(&name)
}

/// Collects the values of a form or a query that are masked.
fn hidden_parameters(text: &str, found: &mut Vec<String>) {
    let pairs = form_urlencoded::parse(text.as_bytes()).filter(|(name, _)| !is_shown(name));
    found.extend(pairs.map(|(_, value)| value.into_owned()));
}

/// A form or a query without its secrets.
fn shown_form(text: &str, mask: &Mask) -> String {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pairs = form_urlencoded::parse(text.as_bytes()).map(|(name, value)| {
        let shown = match mask.text(&value) {
            Cow::Borrowed(value) if is_shown(&name) => encoded(value),
            _ => MASKED.to_owned(),
        };
        match mask.text(&name) {
            Cow::Borrowed(name) => format!("{}={shown}", encoded(name)),
            Cow::Owned(_) => format!("{MASKED}={shown}"),
        }
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// Collects the texts of a JSON request that are masked.
fn hidden_members(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| hidden_members(item, found)),
        Value::Object(members) => {
            let hidden = members.iter().filter(|(name, value)| !(is_shown(name) && value.is_string()));
            hidden.for_each(|(_, value)| hidden_members(value, found));
        }
        _ => {}
    }
}

/// Masks everything in a JSON request that is not known to be harmless.
fn hide_members(value: &mut Value, mask: &Mask) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| hide_members(item, mask)),
        Value::Object(members) => members.iter_mut().for_each(|(name, value)| match value {
            Value::String(_) if is_shown(name) => mask.value(value),
            other => hide_members(other, mask),
        }),
        Value::Null | Value::Bool(_) => {}
        Value::String(_) | Value::Number(_) => *value = MASKED.into(),
    }
}

#[cfg(test)]
mod tests;
