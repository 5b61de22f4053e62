//! Requests that a person writes for a connection's API, and their responses: an exchange is one request with its
//! response. Its body stays with the core, which hands out the lines that are shown.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{ExchangeId, SavedRequestId};

/// A header of a request or a response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct RequestHeader {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A request as the person writes it. The access token is added when it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ApiRequestDraft {
    /// The method.
    pub method: String,
    /// A path below the API base, or a URL of an API host.
    pub target: String,
    /// Its headers, without those that Grapnel sets.
    pub headers: Vec<RequestHeader>,
    /// The body; empty for none.
    pub body: String,
}

/// A known endpoint of a connection's API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ApiEndpointView {
    /// The method.
    pub method: String,
    /// The path below the API base.
    pub path: String,
    /// Its name where the path does not tell it from others, such as a JSON-RPC method; empty otherwise.
    pub name: String,
    /// What it does.
    pub summary: String,
    /// An example of the body, as indented JSON; empty if it takes none. `<…>` is for the person to fill in.
    pub body: String,
}

/// What a request page starts with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ApiRequestPage {
    /// The API base that paths are relative to; `None` if the app has none.
    pub base_url: Option<String>,
    /// The known endpoints.
    pub endpoints: Vec<ApiEndpointView>,
    /// The saved requests, by name.
    pub saved: Vec<SavedRequest>,
}

/// A request that the person saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct SavedRequest {
    /// The ID.
    pub id: SavedRequestId,
    /// The name, unique for the connection.
    pub name: String,
    /// The request.
    pub draft: ApiRequestDraft,
}

/// An exchange as a row of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ApiExchangeSummary {
    /// The ID.
    pub id: ExchangeId,
    /// When the request was sent.
    pub at: Timestamp,
    /// The method.
    pub method: String,
    /// The target as it was written.
    pub target: String,
    /// The status; `None` if no response came.
    pub status: Option<u16>,
    /// How long it took until the whole response was there, in milliseconds.
    pub duration_ms: Option<u32>,
    /// The size of the body that was received, in bytes.
    pub size: Option<u32>,
    /// Why no response came.
    pub error: Option<String>,
    /// Whether the history has the response's body.
    pub body_kept: bool,
}

/// What a response's body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ResponseKind {
    /// Valid JSON.
    Json,
    /// Other text.
    Text,
    /// Not text: it can be saved only.
    Binary,
    /// No body.
    Empty,
}

/// An exchange as the request page shows it. Lines of its body are read separately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ApiExchangeView {
    /// Its row in the history.
    pub summary: ApiExchangeSummary,
    /// The request.
    pub draft: ApiRequestDraft,
    /// The words of the status, such as `Not Found`.
    pub status_text: String,
    /// The response's headers, with credentials masked.
    pub headers: Vec<RequestHeader>,
    /// The media type of the body, without parameters.
    pub content_type: Option<String>,
    /// What the body is.
    pub kind: ResponseKind,
    /// The number of lines of the indented JSON; 0 if there is no such layout.
    pub pretty_lines: u32,
    /// The number of lines as received, of which long ones are split; 0 if it is not text.
    pub raw_lines: u32,
    /// Whether the response was longer, and cut off.
    pub is_truncated: bool,
    /// What else there is to know, as sentences.
    pub notes: Vec<String>,
}

/// How the lines of a body are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ResponseLayout {
    /// Indented JSON.
    Pretty,
    /// As received, with long lines split.
    Raw,
}

/// Consecutive lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct LineRange {
    /// The first line, counted from 0.
    pub start: u32,
    /// How many.
    pub count: u32,
}

/// A line of a response's body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ResponseLine {
    /// Its number, counted from 0.
    pub number: u32,
    /// Its text without indentation. Control and bidirectional characters are escaped; a long text is cut off, and
    /// ends in `…` then.
    pub text: String,
    /// The number of objects and arrays around it.
    pub indent: u32,
    /// The last line of the object or array that begins here.
    pub fold_end: Option<u32>,
    /// The number of members or items of that object or array.
    pub hidden: Option<u32>,
}

/// The lines that contain a text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ResponseMatches {
    /// The first of them, in order.
    pub lines: Vec<u32>,
    /// How many there are.
    pub total: u32,
}

/// A language that a request can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum SnippetFormat {
    /// A curl command for a POSIX shell.
    Curl,
    /// `fetch` of Node.js.
    Fetch,
    /// Python's standard library.
    Python,
}
