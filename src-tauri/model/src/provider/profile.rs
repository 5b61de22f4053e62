//! A provider's profile: settings by key, each with its source. An app may override any of them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::api_endpoint::ApiEndpoint;
use super::config::ProviderConfig;
use super::extras;
use super::setting_names::{KEYS, KEYS_OF_PROFILES};
use super::view::{ProfileValue, ProviderView, Scope, Source};
use crate::error::{Error, Result};

/// The base of deep-link redirect URIs (RFC 8252 §7.1: a reversed domain name as scheme, one slash).
pub const DEEP_LINK: &str = "dev.grapnel.desktop:/oauth/callback";

/// Endpoints that every app needs. They keep the profile's value even if the app's own endpoints do not determine
/// whether they move.
const NEEDED: &[&str] = &["authorize_url", "token_url", "api_base"];

/// Settings of a profile that an app overrides.
pub type Overrides = BTreeMap<String, String>;

/// A provider's profile, as in its file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its ID, such as `grigora`.
    pub id: String,
    /// Its name, such as `Grigora`.
    pub name: String,
    /// The page where clients are registered and access is revoked; empty if unknown.
    pub portal: String,
    /// How a client is registered there, in a sentence or two.
    pub register: String,
    /// The scopes in the provider's documentation.
    #[serde(default)]
    pub scopes: Vec<Scope>,
    /// The endpoints of its API that are known.
    #[serde(default)]
    pub endpoints: Vec<ApiEndpoint>,
    /// The pages of the provider's documentation, by a name that the settings use.
    #[serde(default)]
    pub(super) pages: BTreeMap<String, String>,
    pub(super) values: BTreeMap<String, Setting>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Setting {
    pub(super) value: String,
    pub(super) source: Source,
    /// The name of the documentation's page that it is from.
    #[serde(default)]
    pub(super) page: Option<String>,
}

impl Profile {
    /// The configuration of this provider with an app's overrides. Extra values that Grapnel sets itself are ignored,
    /// so that apps stored with one by an earlier version still work.
    ///
    /// # Errors
    /// A key is unknown, a value is invalid, or two contradict each other; the error names the key.
    pub fn config(&self, overrides: &Overrides) -> Result<ProviderConfig> {
        if let Some(key) = overrides.keys().find(|key| KEYS_OF_PROFILES.contains(&key.as_str())) {
            return Err(Error::input(
                key,
                format!("“{key}” is a fact about the provider, which no app can change."),
            )
            .hint("Leave it out."));
        }
        let known = |key: &str| {
            extras::family(key).is_some()
                || KEYS.contains(&key)
                || KEYS_OF_PROFILES.contains(&key)
                || key == extras::CLIENT_KEY
                || key == extras::CLIENT_CERTIFICATE
        };
        if let Some(key) = overrides.keys().chain(self.values.keys()).find(|key| !known(key)) {
            return Err(Error::input(key, format!("There is no value called “{key}”.")).hint(format!(
                "There are: {}, and authorize.NAME, token.NAME, refresh.NAME and token.header.NAME.",
                KEYS.join(", ")
            )));
        }
        let values = self.values(overrides);
        let read = ProviderConfig::read(&|key: &str| values.get(key).map(String::as_str))?;
        Ok(read.with(values.iter().map(|(key, value)| (key.as_str(), value.as_str().into()))))
    }

    /// Like [`Self::config`], for settings that a person enters or a file contains.
    ///
    /// # Errors
    /// Also if an extra value would replace a parameter of the protocol, or an endpoint must be set.
    pub fn check(&self, overrides: &Overrides) -> Result<ProviderConfig> {
        let config = self.config(overrides)?;
        overrides.iter().try_for_each(|(key, value)| extras::check(key, value))?;
        self.following(overrides).check()?;
        Ok(config)
    }

    /// The keys that [`Self::config`] ignores because Grapnel sets them itself.
    pub fn left_out<'k>(keys: impl IntoIterator<Item = &'k String>) -> Vec<String> {
        keys.into_iter().filter(|key| extras::is_reserved(key)).cloned().collect()
    }

    /// The known endpoint that `path` names, by its name or by its path without a query.
    pub fn endpoint(&self, path: &str) -> Option<&ApiEndpoint> {
        let path = path.split(['?', '#']).next().unwrap_or_default().trim_matches('/');
        self.endpoints.iter().find(|endpoint| endpoint.label() == path && !path.is_empty())
    }

    /// All settings by key: the app's own, those that follow them, and the profile's.
    pub fn values(&self, overrides: &Overrides) -> BTreeMap<String, String> {
        let mut values: BTreeMap<String, String> =
            self.values.iter().map(|(key, value)| (key.clone(), value.value.clone())).collect();
        let following = self.following(overrides);
        for key in following.undecided.keys().filter(|key| !NEEDED.contains(&key.as_str())) {
            values.remove(key);
        }
        values.extend(following.values);
        values.extend(overrides.clone());
        values
    }

    /// Whether a setting has the value it would have without being set.
    pub fn is_default(&self, overrides: &Overrides, key: &str, value: &str) -> bool {
        let others = overrides.iter().filter(|(other, _)| *other != key);
        let others = others.map(|(key, value)| (key.clone(), value.clone())).collect();
        self.values.get(key).is_some_and(|own| own.value == value)
            && self.values(&others).get(key).is_some_and(|found| found == value)
            && !self.following(&others).undecided.contains_key(key)
    }

    /// Whether the provider accepts loopback redirect URIs rather than private-use schemes.
    pub fn prefers_loopback(&self) -> bool {
        self.values.get("redirect_method").is_some_and(|method| method.value == "loopback")
    }

    /// The profile as it is shown.
    pub fn view(&self) -> ProviderView {
        let values = self.values.iter().map(|(key, value)| ProfileValue {
            key: key.clone(),
            value: value.value.clone(),
            source: value.source,
            page: value.page.as_ref().and_then(|page| self.pages.get(page)).cloned(),
        });
        ProviderView {
            id: self.id.clone(),
            name: self.name.clone(),
            portal: self.portal.clone(),
            register: self.register.clone(),
            redirect_uri: DEEP_LINK.to_owned(),
            scopes: self.scopes.clone(),
            values: values.collect(),
            template: self.is_template(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::ExposeSecret;
    use serde_json::value::RawValue;

    #[test]
    fn every_built_in_profile_lacks_only_personal_settings() {
        for profile in Profile::built_in() {
            let mut own = Overrides::new();
            if profile.id == "custom" {
                for key in ["authorize_url", "token_url"] {
                    assert_eq!(profile.config(&own).unwrap_err().field.as_deref(), Some(key));
                    own.insert(key.into(), "https://id.example/x".into());
                }
            }
            profile.config(&own).unwrap();
        }
    }

    #[test]
    fn an_unknown_key_is_named() {
        let overrides = Overrides::from([("tokn_url".into(), "https://example.org".into())]);
        let error = Profile::find("grigora").unwrap().config(&overrides).unwrap_err();
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
            let error = Profile::find(id).unwrap().config(&own).unwrap_err();
            format!("{settings}: [{}] {} {}", error.field.unwrap(), error.message, error.hint.unwrap())
        });
        insta::assert_snapshot!(errors.join("\n"));
    }

    /// No code names a provider; only the profile's data permits it.
    #[test]
    fn only_the_grids_profile_permits_a_missing_state() {
        for profile in Profile::built_in() {
            let own = [("authorize_url", "https://id.example/a"), ("token_url", "https://id.example/t")];
            let own = own.into_iter().chain([("require_state", "false")]);
            let read = profile.config(&own.map(|(key, value)| (key.into(), value.into())).collect());
            match profile.id.as_str() {
                "thegrid" => assert!(!read.unwrap().require_state),
                _ => assert_eq!(read.unwrap_err().field.as_deref(), Some("require_state"), "{}", profile.id),
            }
        }
    }

    #[test]
    fn every_known_endpoint_can_be_called_by_its_label() {
        for profile in Profile::built_in() {
            for endpoint in &profile.endpoints {
                let found = profile.endpoint(endpoint.label()).unwrap();
                assert_eq!((&*found.method, &*found.path), (&*endpoint.method, &*endpoint.path));
                assert!(matches!(&*endpoint.method, "GET" | "POST"), "{endpoint:?}");
                assert!(!endpoint.path.starts_with('/') && !endpoint.summary.is_empty(), "{endpoint:?}");
                if !endpoint.body.is_empty() {
                    serde_json::from_str::<&RawValue>(&endpoint.body).unwrap();
                }
            }
        }
    }

    #[test]
    fn a_path_is_found_with_slashes_and_query() {
        let grigora = Profile::find("grigora").unwrap();
        assert_eq!(grigora.endpoint("/project/list/?x=1").unwrap().method, "GET");
        assert_eq!(grigora.endpoint("cms/post/list").unwrap().method, "POST");
        assert!(grigora.endpoint("nothing").is_none());
        assert!(grigora.endpoint("").is_none());
    }

    #[test]
    fn extra_values_are_sent_with_the_request_named_by_their_key() {
        let own = [
            ("authorize.prompt", ""),
            ("token.audience", "x"),
            ("refresh.audience", "y"),
            ("token.header.X-Client-ID", "z"),
            ("authorize.state", "stored before it was refused"),
        ];
        let own: Overrides = own.map(|(key, value)| (key.into(), value.into())).into();
        let grigora = Profile::find("grigora").unwrap();
        let read = grigora.config(&own).unwrap();
        let told =
            [&read.authorize_extra, &read.token_extra, &read.refresh.extra, &read.token_headers].map(|all| {
                let all = all.iter().map(|(name, value)| format!("{name}={}", value.expose_secret()));
                all.collect::<Vec<_>>().join(" ")
            });
        assert_eq!(told, ["prompt=", "audience=x", "audience=y", "X-Client-ID=z"]);
        assert_eq!(Profile::left_out(own.keys()), ["authorize.state"]);
        assert_eq!(grigora.check(&own).unwrap_err().field.as_deref(), Some("authorize.state"));
    }

    #[test]
    fn resources_are_absolute_uris() {
        let of = |value: &str| {
            Profile::find("grigora").unwrap().config(&[("resource".into(), value.into())].into())
        };
        assert_eq!(of("https://api.example urn:x:y").unwrap().resources, ["https://api.example", "urn:x:y"]);
        for bad in ["api.example", "https://api.example/#x"] {
            assert_eq!(of(bad).unwrap_err().field.as_deref(), Some("resource"), "{bad}");
        }
    }

    #[test]
    fn the_built_in_profiles_match_their_snapshot() {
        for profile in Profile::built_in() {
            insta::assert_json_snapshot!(profile.id.as_str(), profile.view());
        }
    }
}
