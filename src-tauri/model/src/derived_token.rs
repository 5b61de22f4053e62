//! Derived tokens: what token exchange (RFC 8693) issued for a connection's access token. Without secrets.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::error::{Error, Result};
use crate::id::DerivedTokenId;
use crate::text::clean_line;

/// The most values that a target has of one kind.
const MAX_VALUES: usize = 20;
/// The longest value of a target, in bytes.
const MAX_VALUE_BYTES: usize = 2048;

/// What a derived token is for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct TokenTarget {
    /// The services that it is for, by the names that the provider knows them by (`audience`).
    pub audiences: Vec<String>,
    /// The services that it is for, by URL (`resource`).
    pub resources: Vec<String>,
    /// The requested scopes; none for those that the provider chooses.
    pub scopes: Vec<String>,
    /// The kind of token (`requested_token_type`); `None` for the one that the provider chooses.
    pub token_type: Option<TokenType>,
}

impl TokenTarget {
    /// Whether nothing is requested, so that the connection's own token is meant.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The target as it is stored and compared: the order of values has no meaning.
    ///
    /// # Errors
    /// Nothing is requested, or a value cannot be sent.
    pub fn checked(self) -> Result<Self> {
        if self.is_empty() {
            return Err(Error::input("audience", "It is not said what the token is for.")
                .hint("Name an audience, a resource, a scope or a token type."));
        }
        let audiences = values("audience", &self.audiences)?;
        let resources = values("resource", &self.resources)?;
        for resource in &resources {
            // RFC 8693 §2.1: an absolute URI without a fragment.
            if Url::parse(resource).ok().is_none_or(|url| url.fragment().is_some()) {
                return Err(Error::input(
                    "resource",
                    format!("“{resource}” is not the address of a resource."),
                )
                .hint("Enter a whole address without a #, or give the service’s name as audience."));
            }
        }
        let scopes = self.scopes.iter().flat_map(|scope| scope.split_whitespace()).map(str::to_owned);
        let scopes = values("scope", &scopes.collect::<Vec<_>>())?;
        Ok(Self { audiences, resources, scopes, token_type: self.token_type })
    }

    /// What the token is for, within a sentence: `for notes, with the scopes notes:read`.
    pub fn description(&self) -> String {
        let services = self.audiences.iter().chain(&self.resources).map(|name| clean_line(name));
        let (services, scopes) =
            (services.collect::<Vec<_>>().join(", "), clean_line(&self.scopes.join(" ")));
        let parts = [
            (!services.is_empty()).then(|| format!("for {services}")),
            (!scopes.is_empty()).then(|| format!("with the scopes {scopes}")),
            self.token_type.map(|kind| format!("of the type {}", kind.name())),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// Those of `granted` that were not requested; none if the provider was to choose.
    pub fn not_requested(&self, granted: &[String]) -> Vec<String> {
        let is_more = |scope: &&String| !self.scopes.is_empty() && !self.scopes.contains(scope);
        granted.iter().filter(is_more).cloned().collect()
    }

    /// The text by which the store knows it.
    pub fn key(&self) -> String {
        serde_json::json!([
            self.audiences,
            self.resources,
            self.scopes,
            self.token_type.map(TokenType::identifier)
        ])
        .to_string()
    }
}

/// Values in order, each once.
fn values(field: &str, given: &[String]) -> Result<Vec<String>> {
    let mut all: Vec<String> = given.iter().map(|value| value.trim().to_owned()).collect();
    all.sort_unstable();
    all.dedup();
    let wrong = |value: &String| {
        value.is_empty() || value.len() > MAX_VALUE_BYTES || value.chars().any(char::is_control)
    };
    if all.len() > MAX_VALUES || all.iter().any(wrong) {
        return Err(Error::input(
            field,
            format!("A value of “{field}” is empty or too long, or there are too many."),
        )
        .hint(format!("Give at most {MAX_VALUES} values.")));
    }
    Ok(all)
}

/// A kind of token (RFC 8693 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum TokenType {
    /// An OAuth 2.0 access token.
    AccessToken,
    /// An OAuth 2.0 refresh token.
    RefreshToken,
    /// An ID token of OpenID Connect.
    IdToken,
    /// A SAML 1.1 assertion.
    Saml1,
    /// A SAML 2.0 assertion.
    Saml2,
    /// A JSON Web Token.
    Jwt,
}

impl TokenType {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::AccessToken, Self::RefreshToken, Self::IdToken, Self::Saml1, Self::Saml2, Self::Jwt];

    /// Its URN.
    pub fn identifier(self) -> &'static str {
        match self {
            Self::AccessToken => "urn:ietf:params:oauth:token-type:access_token",
            Self::RefreshToken => "urn:ietf:params:oauth:token-type:refresh_token",
            Self::IdToken => "urn:ietf:params:oauth:token-type:id_token",
            Self::Saml1 => "urn:ietf:params:oauth:token-type:saml1",
            Self::Saml2 => "urn:ietf:params:oauth:token-type:saml2",
            Self::Jwt => "urn:ietf:params:oauth:token-type:jwt",
        }
    }

    /// Its name: the last part of the URN.
    pub fn name(self) -> &'static str {
        self.identifier().rsplit(':').next().unwrap_or_default()
    }

    /// The one with this name or URN.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| text == kind.name() || text == kind.identifier())
    }
}

/// A stored derived token, without its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct DerivedTokenView {
    /// Its ID.
    pub id: DerivedTokenId,
    /// What it is for.
    pub target: TokenTarget,
    /// The token, if the last exchange issued one.
    pub issued: Option<IssuedToken>,
    /// Why the last exchange failed, if it did.
    pub error: Option<Error>,
}

/// What the provider says about a derived token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct IssuedToken {
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it expires; `None` if that is unknown.
    pub expires_at: Option<Timestamp>,
    /// Its scopes, if the provider names them; otherwise those that were requested (RFC 8693 §2.2.1).
    pub scopes: Vec<String>,
    /// What kind of token it is (`issued_token_type`), if the provider says so.
    pub token_type: Option<String>,
    /// Whether it is sent to an API as a bearer token. One with the `token_type` `N_A` is not.
    pub is_bearer: bool,
    /// Whether it is bound to the connection's key (DPoP), and sent with a proof.
    #[serde(default)]
    pub is_bound: bool,
    /// Whether it is bound to the app's TLS certificate (RFC 8705).
    #[serde(default)]
    pub is_certificate_bound: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(audiences: &[&str], scopes: &[&str]) -> TokenTarget {
        let owned = |all: &[&str]| all.iter().map(|value| (*value).to_owned()).collect();
        TokenTarget { audiences: owned(audiences), scopes: owned(scopes), ..TokenTarget::default() }
    }

    #[test]
    fn the_order_of_values_does_not_matter() {
        let key = |target: TokenTarget| target.checked().unwrap().key();
        assert_eq!(key(target(&["a", "b"], &["x y"])), key(target(&["b", " a", "b"], &["y", "x"])));
        assert_ne!(key(target(&["a b"], &[])), key(target(&["a", "b"], &[])));
        let typed = TokenTarget { token_type: Some(TokenType::Jwt), ..target(&["a"], &[]) };
        assert_ne!(key(typed), key(target(&["a"], &[])));
    }

    #[test]
    fn a_target_that_cannot_be_sent_is_refused() {
        let field = |target: TokenTarget| target.checked().unwrap_err().field.unwrap();
        assert_eq!(field(TokenTarget::default()), "audience");
        assert_eq!(field(target(&[""], &[])), "audience");
        assert_eq!(field(target(&["a\nb"], &[])), "audience");
        for resource in ["api", "/api", "https://api.example/#part"] {
            let target = TokenTarget { resources: vec![resource.into()], ..TokenTarget::default() };
            assert_eq!(field(target), "resource", "{resource}");
        }
    }

    #[test]
    fn a_token_type_has_a_short_name() {
        for kind in TokenType::ALL {
            assert_eq!(TokenType::parse(kind.name()), Some(kind));
            assert_eq!(TokenType::parse(kind.identifier()), Some(kind));
        }
        assert_eq!(TokenType::parse("urn:x:jwt"), None);
    }
}
