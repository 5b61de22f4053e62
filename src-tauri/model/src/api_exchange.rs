//! HTTP exchanges of a connection: a request with its response, sent by a person to the connection's API or by Grapnel
//! to the provider. The body of a response stays with the core, which hands out the lines that are shown.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{ExchangeId, SavedRequestId};

/// What an exchange was for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ExchangeKind {
    /// A request that a person wrote and sent to the API.
    #[default]
    Request,
    /// A pushed authorization request (RFC 9126).
    PushedAuthorization,
    /// The authorization request, which the browser sent (RFC 6749 §4.1.1).
    Authorization,
    /// The authorization response, as the browser was redirected with it (RFC 6749 §4.1.2).
    Callback,
    /// A sign-in by email and password.
    PasswordLogin,
    /// The device authorization request (RFC 8628 §3.1).
    DeviceAuthorization,
    /// The token request with an authorization code (RFC 6749 §4.1.3), a device code, or the client's own credentials.
    Token,
    /// The token request with a refresh token (RFC 6749 §6).
    Refresh,
    /// The token request that exchanges an access token for another one (RFC 8693 §2.1).
    TokenExchange,
    /// A userinfo request (OpenID Connect Core §5.3).
    Userinfo,
    /// Token introspection (RFC 7662).
    Introspection,
    /// Token revocation (RFC 7009).
    Revocation,
    /// A request that Grapnel sent to the API.
    Api,
    /// The provider's signing keys (RFC 7517).
    Jwks,
    /// The provider's metadata (RFC 8414), or a test of its endpoints.
    Discovery,
    /// The registration of a client (RFC 7591), or of a change to it (RFC 7592).
    Registration,
}

impl ExchangeKind {
    /// Whether its request carries secrets by its purpose: only parameters that are known to be harmless are shown.
    pub fn sends_secrets(self) -> bool {
        self.receives_secrets() || matches!(self, Self::Introspection | Self::PushedAuthorization)
    }

    /// Whether its response carries secrets by its purpose: only members that are known to be harmless are shown.
    pub fn receives_secrets(self) -> bool {
        matches!(
            self,
            Self::PasswordLogin
                | Self::DeviceAuthorization
                | Self::Token
                | Self::Refresh
                | Self::TokenExchange
                | Self::Revocation
                | Self::Registration
        )
    }
}

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
    /// What it was for.
    #[serde(default)]
    pub kind: ExchangeKind,
    /// When the request was sent.
    pub at: Timestamp,
    /// The method.
    pub method: String,
    /// The target as it was written; the URL of a request that Grapnel sent.
    pub target: String,
    /// The status; `None` if no response came.
    pub status: Option<u16>,
    /// How long it took until the whole response was there, in milliseconds.
    pub duration_ms: Option<u32>,
    /// The size of the body that was received, in bytes.
    pub size: Option<u32>,
    /// Why no response came, or why the response cannot be used although its status is no error.
    pub error: Option<String>,
    /// Whether the history has the response's body.
    pub body_kept: bool,
}

impl ApiExchangeSummary {
    /// Whether it failed. Of what the browser sent, only an error is known.
    pub fn has_failed(&self) -> bool {
        let is_of_browser = matches!(self.kind, ExchangeKind::Authorization | ExchangeKind::Callback);
        self.error.is_some() || self.status.map_or(!is_of_browser, |status| status >= 400)
    }
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

/// An exchange as the Requests tab shows it. Lines of its body are read separately.
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
    /// The scopes that the request needed, if the API refused it because the access token has too few; empty if it did
    /// not say which.
    #[serde(default)]
    pub missing_scopes: Option<Vec<String>>,
}

impl ApiExchangeView {
    /// An exchange without a response.
    pub fn unanswered(summary: ApiExchangeSummary, draft: ApiRequestDraft) -> Self {
        Self {
            summary,
            draft,
            status_text: String::new(),
            headers: Vec::new(),
            content_type: None,
            kind: ResponseKind::Empty,
            pretty_lines: 0,
            raw_lines: 0,
            is_truncated: false,
            notes: Vec::new(),
            missing_scopes: None,
        }
    }
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
