//! A provider as it is shown: its profile's values, each with its source.

use serde::{Deserialize, Serialize};

/// Where a value of a profile is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// On a page of the provider.
    Documented,
    /// Read in the provider's own published code.
    Code,
    /// Nobody says so.
    Assumed,
    /// Entered by the person.
    Yours,
}

/// One value of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ProfileValue {
    /// Its key, such as `token_url`.
    pub key: String,
    /// Its value as text.
    pub value: String,
    /// Where it is known from.
    pub source: Source,
}

/// A scope that a provider's page names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Its name on the wire.
    pub name: String,
    /// What it lets an app do, in the page's words.
    pub description: String,
}

/// A provider, as a person who adds an app needs to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ProviderView {
    /// Its id, such as `grigora`.
    pub id: String,
    /// Its name, such as `Grigora`.
    pub name: String,
    /// The page where apps are registered and permissions taken back.
    pub portal: String,
    /// How an app is registered there.
    pub register: String,
    /// The redirect URI to register where callbacks come by deep link.
    pub redirect_uri: String,
    /// The scopes that its page names; empty where it names none, or scopes are not asked for.
    pub scopes: Vec<Scope>,
    /// Every value of its profile.
    pub values: Vec<ProfileValue>,
}
