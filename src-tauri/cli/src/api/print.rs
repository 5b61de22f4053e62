//! Printing a response: unchanged and as it arrives to a file or a pipe; readable and without control characters on a
//! terminal.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use grapnel_core::api_request::ApiResponse;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::text::clean_lines;
use http::{HeaderMap, header};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::select::Filter;
use crate::print::{self, Output};

/// The maximum size of a response that must be in memory as a whole before it is printed.
pub(super) const MAX_WHOLE_BYTES: usize = 32 << 20;

/// How a response is printed.
pub(super) struct Printing<'a> {
    /// Whether status and headers come first.
    pub(super) include: bool,
    pub(super) filter: Option<&'a Filter>,
}

/// Prints a response.
pub(super) async fn response(
    output: &mut Output,
    response: &mut ApiResponse,
    printing: &Printing<'_>,
) -> Result<()> {
    if output.json {
        let body = response.body(MAX_WHOLE_BYTES).await?;
        return output.show(&Document::of(response, body_value(body)));
    }
    if printing.include {
        head(output, response)?;
    }
    if let Some(filter) = printing.filter.filter(|_| response.status().is_success()) {
        let body = response.body(MAX_WHOLE_BYTES).await?;
        return selected(output, filter, &body).map(|_| ());
    }
    if output.is_terminal {
        return readable(output, response).await;
    }
    while let Some(piece) = response.piece().await? {
        if !output.write(&piece)? {
            break;
        }
    }
    Ok(())
}

/// Prints a filter's selection from a body. Returns whether the reader is still there.
pub(super) fn selected(output: &mut Output, filter: &Filter, body: &[u8]) -> Result<bool> {
    if body.is_empty() {
        return Ok(true);
    }
    parse(body)?;
    filter.select(body, |value| {
        let line = if output.is_terminal { clean_lines(value) } else { value.to_owned() };
        output.write(format!("{line}\n").as_bytes())
    })
}

/// Parses a JSON body; its depth is bounded.
pub(super) fn parse(body: &[u8]) -> Result<Value> {
    serde_json::from_slice(body).map_err(|error| {
        Error::new(Code::ReplyInvalid, format!("The response is not JSON that can be read: {error}."))
            .means("Your tokens are kept as they are.")
            .hint("See the whole response without --jq and --paginate.")
    })
}

/// Status and headers in the format of HTTP/1.1.
pub(super) fn head(output: &mut Output, response: &ApiResponse) -> Result<()> {
    let mut text = format!("{:?} {}\n", response.version(), response.status());
    for (name, value) in response.headers() {
        text.extend([name.as_str(), ": ", &String::from_utf8_lossy(value.as_bytes()), "\n"]);
    }
    output.write(format!("{}\n", clean_lines(&text)).as_bytes()).map(|_| ())
}

/// Prints a response for a person: JSON indented, text without control characters, anything else not at all.
async fn readable(output: &mut Output, response: &mut ApiResponse) -> Result<()> {
    let content_type = content_type(response.headers());
    if content_type.contains("json") && !content_type.contains("stream") && !content_type.contains("ndjson") {
        let body = response.body(MAX_WHOLE_BYTES).await?;
        let text = match serde_json::from_slice::<Value>(&body) {
            Ok(value) => print::json(&value)?,
            Err(_) => clean_lines(&String::from_utf8_lossy(&body)),
        };
        return end_line(output, &text).map(|_| ());
    }
    // The first bytes of a character that continues in the next chunk.
    let mut begun = Vec::new();
    let mut last = String::new();
    while let Some(piece) = response.piece().await? {
        begun.extend_from_slice(&piece);
        let valid = match std::str::from_utf8(&begun) {
            Ok(text) => text.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => return Err(binary(&content_type)),
        };
        let rest = begun.split_off(valid);
        let text = String::from_utf8(std::mem::replace(&mut begun, rest)).unwrap_or_default();
        if text.contains('\0') {
            return Err(binary(&content_type));
        }
        last = clean_lines(&text);
        if !output.write(last.as_bytes())? {
            return Ok(());
        }
    }
    if last.is_empty() || last.ends_with('\n') { Ok(()) } else { output.write(b"\n").map(|_| ()) }
}

/// Prints a JSON body that is in memory. Returns whether the reader is still there.
pub(super) fn whole(output: &mut Output, body: &[u8], parsed: &Value) -> Result<bool> {
    if output.is_terminal {
        return end_line(output, &print::json(parsed)?);
    }
    let is_ended = body.ends_with(b"\n");
    Ok(output.write(body)? && (is_ended || output.write(b"\n")?))
}

fn end_line(output: &mut Output, text: &str) -> Result<bool> {
    if text.is_empty() {
        Ok(true)
    } else {
        output.write(format!("{}\n", text.trim_end_matches('\n')).as_bytes())
    }
}

fn binary(content_type: &str) -> Error {
    let kind = if content_type.is_empty() { String::new() } else { format!(" ({content_type})") };
    Error::new(
        Code::InvalidInput,
        format!("The response is not text{kind}, and is not printed to a terminal."),
    )
    .means("Your tokens are kept as they are.")
    .hint("Write it to a file: grapnel api … > FILE")
}

fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A response as a JSON document.
#[derive(Serialize)]
pub(super) struct Document {
    status: u16,
    headers: BTreeMap<String, Vec<String>>,
    /// JSON as such; other text as a string.
    body: Value,
    /// The body if it is not text.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
}

impl Document {
    pub(super) fn of(response: &ApiResponse, (body, body_base64): (Value, Option<String>)) -> Self {
        let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in response.headers() {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            headers.entry(name.to_string()).or_default().push(value);
        }
        Self { status: response.status().as_u16(), headers, body, body_base64 }
    }
}

impl print::CommandResult for Document {
    fn text(&self, _: Timestamp) -> String {
        self.body.to_string()
    }
}

fn body_value(body: Vec<u8>) -> (Value, Option<String>) {
    if body.is_empty() {
        return (Value::Null, None);
    }
    if let Ok(value) = serde_json::from_slice(&body) {
        return (value, None);
    }
    match String::from_utf8(body) {
        Ok(text) => (Value::String(text), None),
        Err(error) => (Value::Null, Some(BASE64_STANDARD.encode(error.into_bytes()))),
    }
}
