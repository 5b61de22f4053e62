//! A provider as it is shown: the settings of its profile, each with its source.

use serde::{Deserialize, Serialize};

/// The source of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The provider's documentation.
    Documented,
    /// The provider's published code.
    Code,
    /// An assumption without a source.
    Assumed,
    /// The person.
    Yours,
}

/// A setting of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ProfileValue {
    /// Its key, such as `token_url`.
    pub key: String,
    /// Its value as text.
    pub value: String,
    /// Its source.
    pub source: Source,
    /// The page of the provider's documentation that it is from, if that is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

/// A scope from the provider's documentation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Its name in requests.
    pub name: String,
    /// Its description in the documentation.
    pub description: String,
    /// Whether a new app requests it unless the person decides otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub selected: bool,
}

/// A provider, as shown to a person who adds an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ProviderView {
    /// Its ID, such as `grigora`.
    pub id: String,
    /// Its name, such as `Grigora`.
    pub name: String,
    /// The page where clients are registered and access is revoked.
    pub portal: String,
    /// How a client is registered there.
    pub register: String,
    /// The redirect URI to register for callbacks by deep link.
    pub redirect_uri: String,
    /// The documented scopes; empty if there are none, or scopes are not requested.
    pub scopes: Vec<Scope>,
    /// All settings of its profile.
    pub values: Vec<ProfileValue>,
    /// Whether it is a template for a widely used provider, and not one that Grapnel is made for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub template: bool,
}
