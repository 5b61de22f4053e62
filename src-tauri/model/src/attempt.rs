//! A sign-in attempt, as the window sees it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::id::{AppId, AttemptId, ConnectionId};
use crate::provider::GrantType;
use crate::token_response::RedactedResponse;

/// The progress of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Waiting for the callback, or for the approval on another device.
    Waiting,
    /// The callback arrived, and the code is being exchanged for tokens; or the client requests its own token.
    Exchanging,
    /// The tokens are stored; Grapnel fetches the account.
    Identifying,
    /// Connected.
    Done,
    /// The person refused access at the provider.
    Denied,
    /// Failed; see [`Attempt::error`].
    Failed,
    /// Cancelled in Grapnel.
    Cancelled,
    /// No callback arrived in time.
    TimedOut,
}

impl Phase {
    /// Whether the attempt is finished.
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Waiting | Self::Exchanging | Self::Identifying)
    }
}

/// A sign-in attempt of an app, pending or finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Attempt {
    /// Its ID.
    pub id: AttemptId,
    /// The app that is being authorized.
    pub app_id: AppId,
    /// That app's name.
    pub app_name: String,
    /// The provider's name.
    pub provider_name: String,
    /// The grant by which it obtains tokens.
    pub grant_type: GrantType,
    /// The connection that is being reconnected; once done, the connection that was created or updated.
    pub connection_id: Option<ConnectionId>,
    /// Its progress.
    pub phase: Phase,
    /// The redirect URI of the authorization request; empty for a grant without a callback.
    pub redirect_uri: String,
    /// When it started.
    pub started_at: Timestamp,
    /// When it times out.
    pub expires_at: Timestamp,
    /// Why it was refused or failed.
    pub error: Option<Error>,
    /// Why the last callback for it was refused.
    pub refused: Option<Error>,
    /// The connection that was to be reconnected, if another account signed in. It was not changed.
    pub other_account: Option<OtherAccount>,
    /// Names of the app's other connections for the same account. Set once done.
    pub same_account: Vec<String>,
    /// What a person should know before the browser opens.
    #[serde(default)]
    pub notes: Vec<String>,
    /// The messages of the sign-in, with secrets described instead of shown.
    pub exchange: Vec<Message>,
}

/// What a person needs to approve a sign-in on another device (RFC 8628 §3.3). The texts are the provider's, cleaned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct DevicePrompt {
    /// The code that the person enters.
    pub user_code: String,
    /// Where the person enters it.
    pub verification_uri: String,
    /// The same with the code in it, if the provider has one.
    pub verification_uri_complete: Option<String>,
    /// Which of them may be opened: an `https` address, or one on loopback. `None` if neither is safe.
    pub link: Option<String>,
    /// The QR code of `link`: its rows, with `1` for a dark module. Empty if there is none.
    pub qr_code: Vec<String>,
    /// The seconds between two requests for the tokens.
    pub interval: u32,
    /// When the code expires.
    pub expires_at: Timestamp,
}

/// The connection that was to be reconnected when another account signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct OtherAccount {
    /// The connection's ID.
    pub connection_id: ConnectionId,
    /// Its name.
    pub connection: String,
    /// The account it belongs to.
    pub account: String,
    /// The name of the connection that holds the new sign-in.
    pub kept_as: String,
    /// The account that signed in.
    pub signed_in: String,
}

/// A message of the sign-in, for learning and debugging OAuth.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Message {
    /// `GET` or `POST`; empty for the callback.
    pub method: String,
    /// The URL without its query.
    pub address: String,
    /// The parameters, in order.
    pub parameters: Vec<Parameter>,
    /// The redacted response, if one arrived.
    #[serde(default)]
    pub reply: Option<RedactedResponse>,
    /// Why no usable response arrived.
    #[serde(default)]
    pub failure: Option<String>,
    /// How long the response took, in milliseconds.
    #[serde(default)]
    pub duration_ms: Option<u32>,
}

/// A parameter of a [`Message`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Parameter {
    /// Its name in the request.
    pub name: String,
    /// Its value, or a description such as `43 characters` if it is secret.
    pub value: String,
    /// Whether `value` is a description.
    pub hidden: bool,
}
