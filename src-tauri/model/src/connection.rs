//! A connection as it is shown: an entry of the list, or its details. Without secrets.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::access_token::AccessTokenType;
use crate::account::{Account, Application, Authorization, Claims};
use crate::annotations::Annotations;
use crate::authorization_details::{DetailsView, GrantedDetails};
use crate::derived_token::DerivedTokenView;
use crate::error::Error;
use crate::id::{AppId, ConnectionId};
use crate::provider::GrantType;
use crate::secret::TokenPreview;
use crate::team::SharedConnection;
use crate::token_response::{Deviation, RedactedResponse};

/// How long before a new sign-in is due the person is notified; a quarter of the lifetime if that is shorter.
const MAX_SIGN_IN_NOTICE: SignedDuration = SignedDuration::from_hours(24 * 7);

/// The status of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It has an access token that has not expired, as far as is known.
    Active,
    /// The access token has expired. It is refreshed when it is needed.
    Expired,
    /// A refresh is in progress.
    #[serde(rename = "renewing")]
    Refreshing,
    /// The last refresh failed temporarily and will be retried. The access token may still be valid.
    Retrying,
    /// A new sign-in is needed.
    ReconnectNeeded,
    /// The vault is locked, or its key is unavailable.
    Locked,
    /// The person disconnected it; its tokens are deleted.
    Disconnected,
}

/// A connection as an entry of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Summary {
    /// Its ID.
    pub id: ConnectionId,
    /// Its name, given by the person; unique.
    pub name: String,
    /// The app it belongs to.
    pub app_id: AppId,
    /// That app's name.
    pub app_name: String,
    /// The label of that app's environment, such as `Staging`.
    pub environment: Option<String>,
    /// The provider's ID.
    pub provider: String,
    /// The provider's name.
    pub provider_name: String,
    /// Its status.
    pub state: State,
    /// When the access token expires; `None` if that is unknown.
    pub expires_at: Option<Timestamp>,
    /// When a failed refresh is retried; `None` if none failed, or a new sign-in is needed.
    pub retry_at: Option<Timestamp>,
    /// When a new sign-in will be needed; set once that is near.
    pub sign_in_due: Option<Timestamp>,
    /// Whether scopes were requested that were not granted.
    pub lacks_scopes: bool,
    /// Whether it has a refresh token, or its token is the client's own, so that no person is needed for a new one.
    pub can_refresh: bool,
    /// What the person notes about it.
    pub annotations: Annotations,
    /// The name of the team that it is shared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
}

/// The scopes of a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Scopes {
    /// The scopes that the app requests. Empty if the provider takes them from the client's registration.
    pub requested: Vec<String>,
    /// The granted scopes, as the provider reports them.
    pub granted: Vec<String>,
    /// The requested scopes that were not granted.
    pub missing: Vec<String>,
    /// The requested scopes that the provider does not report, and that a token which it issued proves: `openid` an ID
    /// token, `offline_access` a refresh token.
    #[serde(default)]
    pub proven: Vec<String>,
}

/// The stored tokens, without their values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct TokenMetadata {
    /// The access token.
    pub access: TokenPreview,
    /// The refresh token, if there is one.
    pub refresh: Option<TokenPreview>,
    /// The claims of the refresh token, if it is a JWT.
    #[serde(default)]
    pub refresh_claims: Option<Claims>,
    /// When the access token was issued.
    pub issued_at: Timestamp,
    /// When the access token expires, by `expiry_source`; `None` if that is unknown.
    pub expires_at: Option<Timestamp>,
    /// How often the tokens were refreshed since the sign-in.
    #[serde(rename = "renewals")]
    pub refresh_count: u32,
    /// Where `expires_at` comes from.
    #[serde(default)]
    pub expiry_source: ExpirySource,
    /// When the refresh token expires, if the provider says so.
    #[serde(default)]
    pub refresh_expires_at: Option<Timestamp>,
    /// Whether refreshing does not extend the refresh token's expiry.
    #[serde(default)]
    pub refresh_end_is_fixed: bool,
    /// The grant that issued them.
    #[serde(default)]
    pub grant_type: GrantType,
    /// When the person signed in; `None` for tokens stored by an earlier version.
    #[serde(default)]
    pub signed_in_at: Option<Timestamp>,
    /// The ID token, if one is stored.
    #[serde(default)]
    pub id_token: Option<IdTokenMetadata>,
    /// The thumbprint (RFC 7638) of the key that the access token is bound to (DPoP); `None` for a bearer token.
    #[serde(default)]
    pub dpop: Option<String>,
    /// The authorization details (RFC 9396) that were requested and granted. The window has [`DetailsView`].
    #[serde(default, skip_serializing_if = "GrantedDetails::is_empty")]
    #[cfg_attr(feature = "specta", specta(skip))]
    pub authorization_details: GrantedDetails,
    /// The thumbprint (RFC 8705 §3.1) of the app's TLS certificate that the access token is bound to.
    #[serde(default)]
    pub certificate: Option<String>,
}

impl TokenMetadata {
    /// How the access token is sent.
    pub fn token_type(&self) -> AccessTokenType {
        if self.dpop.is_some() {
            AccessTokenType::Dpop
        } else if self.certificate.is_some() {
            AccessTokenType::CertificateBound
        } else {
            AccessTokenType::Bearer
        }
    }
}

/// The stored ID token, without its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct IdTokenMetadata {
    /// When it expires.
    pub expires_at: Timestamp,
    /// When the tokens that it came with were issued.
    pub received_at: Timestamp,
}

impl TokenMetadata {
    /// When a new sign-in will be needed, as far as is known: the expiry of an access token without refresh token, or
    /// of a refresh token that refreshing does not extend. Tokens of the client itself need none.
    pub fn sign_in_due(&self) -> Option<Timestamp> {
        match self.refresh {
            _ if !self.grant_type.has_person() => None,
            None => self.expires_at,
            Some(_) => self.refresh_expires_at.filter(|_| self.refresh_end_is_fixed),
        }
    }

    /// When to start notifying the person that a new sign-in is due.
    pub fn notice_from(&self) -> Option<Timestamp> {
        let due = self.sign_in_due()?;
        let life = self.signed_in_at.unwrap_or(self.issued_at).duration_until(due);
        due.checked_sub(MAX_SIGN_IN_NOTICE.min(life / 4)).ok()
    }
}

/// Where an access token's expiry comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ExpirySource {
    /// The token response (`expires_in` or `expires_at`).
    #[default]
    Reply,
    /// The `exp` claim of the access token, which is not verified.
    TokenClaim,
    /// The introspection response.
    Introspection,
}

/// Consecutive failures to refresh a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct FailedRefreshes {
    /// How many there were since the last refresh that succeeded.
    pub count: u32,
    /// When the last one failed; `None` for a failure recorded by an earlier version.
    pub last_at: Option<Timestamp>,
    /// The cause of the last one in a few words, such as `HTTP 503`.
    pub cause: Option<String>,
}

/// The details of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Details {
    /// Its entry in the list.
    pub summary: Summary,
    /// The account that authorized it, once known.
    pub account: Option<Account>,
    /// Why the account is unknown, or which facts about it contradict each other.
    pub identity_note: Option<String>,
    /// The application as the provider describes it, once known.
    pub application: Option<Application>,
    /// The authorization as introspection reports it, once known.
    pub authorization: Option<Authorization>,
    /// Requested, granted and missing scopes.
    pub scopes: Scopes,
    /// The authorization details (RFC 9396), if any were requested or granted.
    #[serde(default)]
    pub authorization_details: Option<DetailsView>,
    /// The IDs of the authorized projects.
    pub project_ids: Vec<String>,
    /// What is shared of it with a team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<SharedConnection>,
    /// The tokens; `None` once disconnected.
    pub tokens: Option<TokenMetadata>,
    /// When it will be refreshed automatically; `None` if the expiry is unknown, there is no refresh token, or a new
    /// sign-in is needed.
    #[serde(rename = "renews_at")]
    pub refreshes_at: Option<Timestamp>,
    /// The tokens that token exchange (RFC 8693) issued for its access token.
    #[serde(default)]
    pub derived_tokens: Vec<DerivedTokenView>,
    /// Where the last token response deviated from the RFC.
    pub deviations: Vec<Deviation>,
    /// The last token response, redacted.
    #[serde(rename = "seen")]
    pub token_response: Option<RedactedResponse>,
    /// The last failure, until something succeeds.
    #[serde(rename = "trouble")]
    pub error: Option<Error>,
    /// The refreshes that failed since the last one that succeeded, if any.
    #[serde(default)]
    pub failed_refreshes: Option<FailedRefreshes>,
    /// The claims of the access token, if it is a JWT.
    pub claims: Option<Claims>,
    /// The claims of the ID token.
    pub id_claims: Option<Claims>,
    /// When introspection last succeeded.
    pub introspected_at: Option<Timestamp>,
    /// When it was first connected.
    pub created_at: Timestamp,
    /// The browser for this connection, such as `firefox -P work`; empty for the one in the settings.
    pub browser: String,
    /// The provider's page where the person can revoke access.
    pub portal: String,
}
