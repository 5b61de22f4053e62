//! Who authorized a connection, and what the provider tells of the authorization.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::provider_text::clean;

/// Who authorized a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Account {
    /// The provider's id of the account.
    pub id: String,
    /// The person's name, as the provider has it; may be empty.
    pub name: String,
    /// The e-mail address, where the provider tells it.
    pub email: Option<String>,
    /// Who vouches for the id, where that is told (`iss` of OpenID Connect).
    #[serde(default)]
    pub issuer: Option<String>,
    /// The name that the person signs in by, where the provider tells it.
    #[serde(default)]
    pub username: Option<String>,
}

impl Account {
    /// Whether two accounts are one: by their id, and by their issuer where both name one. Nothing else is stable.
    pub fn is_same(&self, other: &Self) -> bool {
        let is_same_issuer = match (&self.issuer, &other.issuer) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        is_same_issuer && self.id == other.id
    }

    /// What to call it in a sentence.
    pub fn called(&self) -> String {
        let email = self.email.as_deref().map(|email| format!("<{email}>")).unwrap_or_default();
        let parts = [self.name.as_str(), &email].into_iter().filter(|part| !part.is_empty());
        let parts: Vec<&str> = parts.collect();
        if parts.is_empty() { clean(&self.id, &[]) } else { parts.join(" ") }
    }

    /// What a sign-in page knows it by.
    pub fn login_hint(&self) -> Option<&str> {
        self.email.as_deref().or(self.username.as_deref())
    }

    /// The same account, with what `other` knows besides.
    #[must_use]
    pub fn filled_from(self, other: Self) -> Self {
        Self {
            name: if self.name.is_empty() { other.name } else { self.name },
            email: self.email.or(other.email),
            username: self.username.or(other.username),
            ..self
        }
    }
}

/// The application, as the provider describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Application {
    /// The provider's id of it.
    pub id: String,
    /// Its name there.
    pub display_name: String,
    /// What it says of itself.
    pub description: Option<String>,
    /// Its page.
    pub homepage: Option<String>,
}

/// The authorization, as the provider's introspection tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Authorization {
    /// The provider's id of it.
    pub id: String,
    /// Whether the provider accepts the access token now.
    #[serde(default = "yes")]
    pub is_active: bool,
    /// The client that the token was issued to.
    #[serde(default)]
    pub client_id: Option<String>,
    /// The account, as the person knows it.
    #[serde(default)]
    pub username: Option<String>,
    /// The account's id.
    #[serde(default)]
    pub sub: Option<String>,
    /// When it was given.
    pub created_on: Option<String>,
    /// When the access token ends, where the provider says so.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// How it was given, such as `authorization_code`.
    pub grant_type: Option<String>,
    /// The scopes in force now.
    pub scopes: Vec<String>,
    /// The projects it opens now.
    pub project_ids: Vec<String>,
}

/// What was kept before an authorization said whether it is active was kept of active ones only.
fn yes() -> bool {
    true
}

/// A member of a reply that has no name of its own here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Field {
    /// Its name on the wire.
    pub name: String,
    /// Its value: text as it is, anything else as JSON.
    pub value: String,
}

/// What a token says of itself, where it is a JWT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Claims {
    /// Of its header: `alg`, `kid` and `typ`.
    #[serde(default)]
    pub header: Vec<Field>,
    /// The claims by name.
    pub fields: Vec<Field>,
    /// Whether the signature was checked with the provider's own keys, and is theirs.
    pub is_verified: bool,
    /// Why it was not, or could not be.
    #[serde(default)]
    pub unverified_because: Option<String>,
}
