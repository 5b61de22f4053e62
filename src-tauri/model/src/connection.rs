//! A connection as it is shown: a line of a list, or everything about it. No secret in it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::account::{Account, Application, Authorization, Claims};
use crate::error::Error;
use crate::id::{AppId, ConnectionId};
use crate::secret::TokenPreview;
use crate::token_response::{Deviation, RedactedResponse};

/// A person is told so long before a new sign-in is due, or in the last quarter of a shorter life.
const NOTICE: SignedDuration = SignedDuration::from_hours(24 * 7);

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It holds an access token that is good as far as is known.
    Active,
    /// The access token's time is over; it is renewed when it is needed.
    Expired,
    /// A new access token is being asked for.
    Renewing,
    /// The last renewal failed for a reason that passes, and is tried again; the token may still be good.
    Retrying,
    /// Only a new sign-in helps.
    ReconnectNeeded,
    /// The keyring that opens its tokens is locked or absent.
    Locked,
    /// The person disconnected it; its tokens are deleted.
    Disconnected,
}

/// A connection in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Summary {
    /// Its name here.
    pub id: ConnectionId,
    /// What the person calls it; unique.
    pub name: String,
    /// The app it authorizes.
    pub app_id: AppId,
    /// That app's name.
    pub app_name: String,
    /// The provider's id.
    pub provider: String,
    /// The provider's name.
    pub provider_name: String,
    /// Where it stands now.
    pub state: State,
    /// When the access token expires; nothing where the provider did not say.
    pub expires_at: Option<Timestamp>,
    /// When a renewal that failed is tried again; nothing where none did, or only a new sign-in helps.
    pub retry_at: Option<Timestamp>,
    /// When a new sign-in will be needed, once that is near: nothing renews the tokens beyond it.
    pub sign_in_due: Option<Timestamp>,
    /// Whether scopes were asked for that were not granted.
    pub lacks_scopes: bool,
}

/// Scopes: what was asked for, what was granted, and how they differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Scopes {
    /// Asked for by the app. Empty where the provider knows them from the app's settings.
    pub requested: Vec<String>,
    /// Granted, as the provider said.
    pub granted: Vec<String>,
    /// Asked for and not granted.
    pub missing: Vec<String>,
}

/// What may be said of the tokens held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct TokenMetadata {
    /// The access token.
    pub access: TokenPreview,
    /// The refresh token, where there is one.
    pub refresh: Option<TokenPreview>,
    /// When the access token was issued.
    pub issued_at: Timestamp,
    /// When it expires, where the provider said so.
    pub expires_at: Option<Timestamp>,
    /// How often it was renewed since the person signed in.
    pub renewals: u32,
    /// Who says when the access token expires.
    #[serde(default)]
    pub expiry_source: ExpirySource,
    /// When the refresh token expires, where the provider said so.
    #[serde(default)]
    pub refresh_expires_at: Option<Timestamp>,
    /// Whether a refresh does not put off the refresh token's end.
    #[serde(default)]
    pub refresh_end_is_fixed: bool,
    /// When the person signed in; nothing for what an earlier version kept.
    #[serde(default)]
    pub signed_in_at: Option<Timestamp>,
}

impl TokenMetadata {
    /// When only a new sign-in helps, as far as is known: the end of an access token that cannot be renewed, or of a
    /// refresh token that refreshing does not extend.
    pub fn sign_in_due(&self) -> Option<Timestamp> {
        match self.refresh {
            None => self.expires_at,
            Some(_) => self.refresh_expires_at.filter(|_| self.refresh_end_is_fixed),
        }
    }

    /// From when a person is told that a new sign-in is due.
    pub fn notice_from(&self) -> Option<Timestamp> {
        let due = self.sign_in_due()?;
        let life = self.signed_in_at.unwrap_or(self.issued_at).duration_until(due);
        due.checked_sub(NOTICE.min(life / 4)).ok()
    }
}

/// Who says when an access token expires.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ExpirySource {
    /// The token endpoint's reply.
    #[default]
    Reply,
    /// The `exp` claim of the access token, which is not verified.
    TokenClaim,
    /// The provider's introspection.
    Introspection,
}

/// Everything about a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Details {
    /// What the list shows of it.
    pub summary: Summary,
    /// The account that authorized it, once known.
    pub account: Option<Account>,
    /// Why the account is not known, or what of it does not agree.
    pub identity_note: Option<String>,
    /// The application as the provider knows it, once known.
    pub application: Option<Application>,
    /// The authorization as the provider's introspection tells it, once known.
    pub authorization: Option<Authorization>,
    /// Requested, granted and missing scopes.
    pub scopes: Scopes,
    /// Ids of the projects that were authorized.
    pub project_ids: Vec<String>,
    /// The tokens; nothing once disconnected.
    pub tokens: Option<TokenMetadata>,
    /// When it is to be renewed by itself; nothing where its end is not known, it cannot be renewed, or only a person
    /// helps.
    pub renews_at: Option<Timestamp>,
    /// Where the provider's last reply departed from the standard.
    pub deviations: Vec<Deviation>,
    /// The token endpoint's last reply, secrets masked.
    pub seen: Option<RedactedResponse>,
    /// What went wrong last, until something goes right.
    #[serde(rename = "trouble")]
    pub error: Option<Error>,
    /// What the access token says of itself, where it is a JWT.
    pub claims: Option<Claims>,
    /// What the ID token of the sign-in says.
    pub id_claims: Option<Claims>,
    /// When introspection last answered.
    pub introspected_at: Option<Timestamp>,
    /// When the person first connected it.
    pub created_at: Timestamp,
    /// What opens its pages, such as `firefox -P work`; empty for the program that is set for all.
    pub browser: String,
    /// Where the person can take the permission back at the provider.
    pub portal: String,
}
