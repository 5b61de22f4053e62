//! A provider: an authorization server with its API, described by a profile. A profile is data: text
//! values by key, each with its source; an app may override any of them.

mod conventions;
mod view;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

pub use conventions::{ClientAuth, Content, Conventions, Pkce, TokenBody, is_loopback};
pub use view::{ProfileValue, ProviderView, Source};

use crate::error::{Code, Error, Result};

/// Where deep-link callbacks come home (RFC 8252 §7.1: a scheme by reversed domain, one slash).
pub const DEEP_LINK: &str = "dev.grapnel.desktop:/oauth/callback";

/// The profiles that come with Grapnel.
const BUILT_IN: &[&str] = &[include_str!("profiles/grigora.toml")];

/// Values of a profile that a person chose otherwise for one app.
pub type Overrides = BTreeMap<String, String>;

/// A provider's profile, as its file has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its id, such as `grigora`.
    pub id: String,
    /// Its name, such as `Grigora`.
    pub name: String,
    /// The page where apps are registered and permissions taken back.
    pub portal: String,
    values: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Value {
    value: String,
    source: Source,
}

impl Profile {
    /// Every profile that comes with Grapnel, in the order to offer them.
    pub fn built_in() -> &'static [Self] {
        static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| {
            #[expect(clippy::expect_used, reason = "the files are compiled in and read by a test")]
            BUILT_IN.iter().map(|text| toml::from_str(text).expect("a built-in profile is valid")).collect()
        });
        &PROFILES
    }

    /// The profile whose id is `id`.
    pub fn find(id: &str) -> Result<&'static Self> {
        Self::built_in().iter().find(|profile| profile.id == id).ok_or_else(|| {
            Error::new(Code::NotFound, format!("There is no provider “{id}”."))
                .hint("Choose one of the providers that Grapnel lists.")
        })
    }

    /// How this provider is spoken to, with an app's own values in place of the profile's.
    ///
    /// Fails, naming the key, where a key is unknown or a value cannot be.
    pub fn conventions(&self, overrides: &Overrides) -> Result<Conventions> {
        if let Some(key) = overrides.keys().find(|key| !self.values.contains_key(*key)) {
            return Err(Error::input(key, format!("{} has no value called “{key}”.", self.name))
                .hint("Leave it out, or correct its name."));
        }
        Conventions::read(|key| {
            let own = overrides.get(key).map(String::as_str);
            own.or_else(|| self.values.get(key).map(|value| value.value.as_str()))
        })
    }

    /// What is shown of it.
    pub fn view(&self) -> ProviderView {
        ProviderView {
            id: self.id.clone(),
            name: self.name.clone(),
            portal: self.portal.clone(),
            redirect_uri: DEEP_LINK.to_owned(),
            values: self
                .values
                .iter()
                .map(|(key, value)| ProfileValue {
                    key: key.clone(),
                    value: value.value.clone(),
                    source: value.source,
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_profile_is_complete() {
        for profile in Profile::built_in() {
            profile.conventions(&Overrides::new()).unwrap();
        }
    }

    #[test]
    fn an_unknown_key_is_named() {
        let overrides = Overrides::from([("tokn_url".into(), "https://example.org".into())]);
        let error = Profile::find("grigora").unwrap().conventions(&overrides).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("tokn_url"));
    }

    #[test]
    fn what_grigora_is_known_by() {
        insta::assert_json_snapshot!(Profile::find("grigora").unwrap().view());
    }
}
