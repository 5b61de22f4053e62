//! A provider: an authorization server with its API, described by a profile. A profile is data: text
//! values by key, each with its source; an app may override any of them.

mod conventions;
mod file;
mod view;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

pub(crate) use conventions::endpoint;
pub use conventions::{
    Body, ClientAuth, Content, Conventions, Need, Origins, Pkce, Place, Refresh, Renewal, is_loopback,
};
pub use file::ProfileFile;
pub use view::{ProfileValue, ProviderView, Scope, Source};

use crate::error::{Code, Error, Result};

/// Where deep-link callbacks come home (RFC 8252 §7.1: a scheme by reversed domain, one slash).
pub const DEEP_LINK: &str = "dev.grapnel.desktop:/oauth/callback";

/// The profiles that come with Grapnel.
const BUILT_IN: &[&str] = &[
    include_str!("profiles/grigora.toml"),
    include_str!("profiles/grindery.toml"),
    include_str!("profiles/thegrid.toml"),
    include_str!("profiles/grovestreams.toml"),
    include_str!("profiles/custom.toml"),
];

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
    /// The page where apps are registered and permissions taken back; empty where that is not known.
    pub portal: String,
    /// How an app is registered there, in a sentence or two.
    pub register: String,
    /// The scopes that its page names.
    #[serde(default)]
    pub scopes: Vec<Scope>,
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

    /// What to call it in a sentence: its name, or, where only the person knows it, the host that they sign in at.
    pub fn called(&self, overrides: &Overrides) -> String {
        let is_known = self.values.get("authorize_url").is_some_and(|value| !value.value.is_empty());
        let own =
            overrides.get("authorize_url").filter(|_| !is_known).and_then(|url| url::Url::parse(url).ok());
        own.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| self.name.clone())
    }

    /// How this provider is spoken to, with an app's own values in place of the profile's.
    ///
    /// Fails, naming the key, where a key is unknown, a value cannot be, or two contradict each other.
    pub fn conventions(&self, overrides: &Overrides) -> Result<Conventions> {
        if let Some(key) = overrides.keys().find(|key| conventions::KEYS_OF_PROFILES.contains(&key.as_str()))
        {
            return Err(Error::input(
                key,
                format!("“{key}” is a fact about the provider, which no app can change."),
            )
            .hint("Leave it out."));
        }
        let known = |key: &str| {
            let is_extra = ["authorize.", "token."]
                .iter()
                .any(|start| key.len() > start.len() && key.starts_with(start));
            is_extra || conventions::KEYS.contains(&key) || conventions::KEYS_OF_PROFILES.contains(&key)
        };
        if let Some(key) = overrides.keys().chain(self.values.keys()).find(|key| !known(key)) {
            return Err(Error::input(key, format!("There is no value called “{key}”.")).hint(format!(
                "There are: {}, and authorize.NAME or token.NAME.",
                conventions::KEYS.join(", ")
            )));
        }
        Conventions::read(&|key: &str| self.value(overrides, key), &|start| self.extra(overrides, start))
    }

    /// A value, with an app's own in place of the profile's.
    pub(crate) fn value<'v>(&'v self, overrides: &'v Overrides, key: &str) -> Option<&'v str> {
        let own = overrides.get(key).map(String::as_str);
        own.or_else(|| self.values.get(key).map(|value| value.value.as_str()))
    }

    /// The extra parameters whose keys begin with `start`.
    fn extra(&self, overrides: &Overrides, start: &str) -> Vec<(String, String)> {
        let keys = self.values.keys().chain(overrides.keys().filter(|key| !self.values.contains_key(*key)));
        keys.filter_map(|key| {
            let value = self.value(overrides, key).filter(|value| !value.is_empty())?;
            Some((key.strip_prefix(start)?.to_owned(), value.to_owned()))
        })
        .collect()
    }

    /// What is shown of it.
    pub fn view(&self) -> ProviderView {
        let values = self.values.iter().map(|(key, value)| ProfileValue {
            key: key.clone(),
            value: value.value.clone(),
            source: value.source,
        });
        ProviderView {
            id: self.id.clone(),
            name: self.name.clone(),
            portal: self.portal.clone(),
            register: self.register.clone(),
            redirect_uri: DEEP_LINK.to_owned(),
            scopes: self.scopes.clone(),
            values: values.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_profile_is_complete_but_for_what_only_the_person_knows() {
        for profile in Profile::built_in() {
            let mut own = Overrides::new();
            if profile.id == "custom" {
                for key in ["authorize_url", "token_url"] {
                    assert_eq!(profile.conventions(&own).unwrap_err().field.as_deref(), Some(key));
                    own.insert(key.into(), "https://id.example/x".into());
                }
            }
            profile.conventions(&own).unwrap();
        }
    }

    #[test]
    fn an_unknown_key_is_named() {
        let overrides = Overrides::from([("tokn_url".into(), "https://example.org".into())]);
        let error = Profile::find("grigora").unwrap().conventions(&overrides).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("tokn_url"));
        assert!(error.hint.unwrap().contains("token_url"));
    }

    #[test]
    fn a_profile_that_contradicts_itself_is_refused() {
        let table = [
            ("custom", "client_auth=none client_secret=required"),
            ("custom", "client_id=none"),
            ("custom", "require_iss=true"),
            ("custom", "content=grigora"),
            ("thegrid", "identity_provider=../token"),
            ("thegrid", "scope_separator=semicolon"),
            ("thegrid", "state_may_be_waived=false"),
            ("custom", "require_state=false"),
            ("custom", "require_state=false state_may_be_waived=true"),
        ];
        let errors = table.map(|(id, settings)| {
            let mut own = Overrides::from([
                ("authorize_url".into(), "https://id.example/authorize".into()),
                ("token_url".into(), "https://id.example/token".into()),
            ]);
            own.extend(
                settings.split(' ').filter_map(|one| one.split_once('=')).map(|(k, v)| (k.into(), v.into())),
            );
            let error = Profile::find(id).unwrap().conventions(&own).unwrap_err();
            format!("{settings}: [{}] {} {}", error.field.unwrap(), error.message, error.hint.unwrap())
        });
        insta::assert_snapshot!(errors.join("\n"));
    }

    /// Data says so, and nothing else does: no provider's name is known to the code that refuses it.
    #[test]
    fn the_state_may_be_waived_at_the_grid_only() {
        for profile in Profile::built_in() {
            let own = [("authorize_url", "https://id.example/a"), ("token_url", "https://id.example/t")];
            let own = own.into_iter().chain([("require_state", "false")]);
            let read = profile.conventions(&own.map(|(key, value)| (key.into(), value.into())).collect());
            match profile.id.as_str() {
                "thegrid" => assert!(!read.unwrap().require_state),
                _ => assert_eq!(read.unwrap_err().field.as_deref(), Some("require_state"), "{}", profile.id),
            }
        }
    }

    #[test]
    fn extra_parameters_are_taken_by_name() {
        let own = Overrides::from([
            ("authorize.prompt".into(), "consent".into()),
            ("token.audience".into(), "x".into()),
        ]);
        let conventions = Profile::find("grigora").unwrap().conventions(&own).unwrap();
        assert_eq!(conventions.authorize_extra, [("prompt".to_owned(), "consent".to_owned())]);
        assert_eq!(conventions.token_extra, [("audience".to_owned(), "x".to_owned())]);
    }

    #[test]
    fn what_the_providers_are_known_by() {
        for profile in Profile::built_in() {
            insta::assert_json_snapshot!(profile.id.as_str(), profile.view());
        }
    }
}
