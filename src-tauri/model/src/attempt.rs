//! An attempt: one pending authorization, as the window sees it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::id::{AppId, AttemptId, ConnectionId};
use crate::token_response::RedactedResponse;

/// How far an attempt has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The person is in the browser.
    Waiting,
    /// The callback came; the code is being exchanged for tokens.
    Exchanging,
    /// The tokens are held; Grapnel asks who they belong to.
    Identifying,
    /// Connected.
    Done,
    /// The person said no at the provider.
    Denied,
    /// It went wrong; `error` says how.
    Failed,
    /// Cancelled here.
    Cancelled,
    /// Nobody answered in time.
    TimedOut,
}

impl Phase {
    /// Whether nothing more will happen to the attempt.
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Waiting | Self::Exchanging | Self::Identifying)
    }
}

/// One pending (or just ended) authorization of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Attempt {
    /// Its name.
    pub id: AttemptId,
    /// The app that is being authorized.
    pub app_id: AppId,
    /// That app's name.
    pub app_name: String,
    /// The provider's name, for sentences.
    pub provider_name: String,
    /// The connection that is authorized again, or, once done, the one that came of it.
    pub connection_id: Option<ConnectionId>,
    /// How far it is.
    pub phase: Phase,
    /// Where the callback is expected.
    pub redirect_uri: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it stops waiting.
    pub expires_at: Timestamp,
    /// Why it was denied or failed.
    pub error: Option<Error>,
    /// Why the last answer that came for it was not accepted.
    pub refused: Option<Error>,
    /// Whose connection it was meant for, where another account signed in: that one was not changed.
    pub other_account: Option<OtherAccount>,
    /// Other connections of the app that belong to the same account, by name. Told once done.
    pub same_account: Vec<String>,
    /// What is sent and what came back, names and values, with secrets described instead of shown.
    pub exchange: Vec<Message>,
}

/// The connection that an attempt was meant for, where another account signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct OtherAccount {
    /// The connection that was to be authorized again.
    pub connection_id: ConnectionId,
    /// Its name.
    pub connection: String,
    /// Whose it is.
    pub account: String,
    /// What the new sign-in was kept as.
    pub kept_as: String,
    /// Who signed in.
    pub signed_in: String,
}

/// One message of the sign-in, for those who learn or debug OAuth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Message {
    /// `GET`, `POST` or, for the callback, empty.
    pub method: String,
    /// The address without its query.
    pub address: String,
    /// Parameters in their order.
    pub parameters: Vec<Parameter>,
    /// What was answered, secrets masked, where it failed.
    #[serde(default)]
    pub reply: Option<RedactedResponse>,
}

/// One parameter of a [`Message`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Parameter {
    /// Its name on the wire.
    pub name: String,
    /// Its value, or, where it is secret, a description such as `43 characters`.
    pub value: String,
    /// Whether `value` is a description in place of a secret.
    pub hidden: bool,
}
