//! Profile files: the provider settings of an app, for sharing with others. They contain no secret.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::extras::{is_reserved, is_secret};
use super::hosts::OtherHost;
use super::profile::{Overrides, Profile};
use super::setting_names::KEYS_OF_PROFILES;
use crate::error::{Error, Result};

/// The largest accepted file; real profiles are far smaller.
const MAX_PROFILE_FILE_BYTES: usize = 64 << 10;
/// Settings that concern the person instead of the provider.
const PERSONAL: &[&str] = &["email", "org", "user_uid", "assertion_subject", "client_key_id"];

const ABOUT: &str = "# A provider’s profile for Grapnel: how it is spoken to. No client ID, secret or token is in it.\n\
    # To use it: grapnel app add NAME --profile THIS-FILE\n";
/// Lists the omitted keys, so that the recipient can enter their own values.
const LEFT_OUT: &str = "# These values may be secret, and are left out: ";

/// The content of a profile file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(deny_unknown_fields)]
pub struct ProfileFile {
    /// The ID of the provider profile it is based on, such as `custom`.
    pub provider: String,
    /// The scopes to request.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The settings by key.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// The keys of settings that were left out because they may be secret.
    #[serde(skip)]
    pub left_out: Vec<String>,
}

/// What a person should know about settings written by someone else before entering secrets of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Review {
    /// The hosts that do not belong to the provider.
    pub other_hosts: Vec<OtherHost>,
    /// The protections of the sign-in that are switched off, one sentence each.
    pub warnings: Vec<String>,
}

impl Review {
    /// All of it as sentences.
    pub fn sentences(&self) -> impl Iterator<Item = String> + '_ {
        let hosts = self.other_hosts.iter();
        let hosts =
            hosts.map(|other| format!("Requests go to {} ({}).", other.host, other.endpoints.join(", ")));
        hosts.chain(self.warnings.iter().cloned())
    }
}

impl Profile {
    /// Reviews settings: which hosts receive secrets, and which protections are switched off.
    pub fn review(&self, values: &Overrides) -> Review {
        let now = self.values(values);
        let is = |key: &str, value: &str| now.get(key).is_some_and(|found| found == value);
        let switched_off = |key: &str, value: &str| {
            is(key, value) && self.values.get(key).is_none_or(|own| own.value != value)
        };
        let mut warnings = Vec::new();
        if switched_off("pkce", "never") {
            warnings
                .push("PKCE is switched off: whoever sees the code of a sign-in could use it.".to_owned());
        }
        if switched_off("require_state", "false") {
            warnings.push(
                "The state is not required: a forged callback could sign you in as somebody else.".to_owned(),
            );
        }
        Review { other_hosts: self.other_hosts(values), warnings }
    }
}

impl ProfileFile {
    /// The file for an app of `provider` with `overrides`. Personal settings and those that may be secret are left out;
    /// `secrets` are the keys whose values are in the vault. All other settings are included, also those of the
    /// built-in profile, so that the file keeps its meaning if that changes.
    pub fn of(provider: &Profile, overrides: &Overrides, secrets: &[String], scopes: &[String]) -> Self {
        let is_told = |key: &String| {
            !PERSONAL.contains(&key.as_str())
                && !KEYS_OF_PROFILES.contains(&key.as_str())
                && !is_secret(key)
                && !is_reserved(key)
        };
        let mut values = provider.values(overrides);
        values.retain(|key, value| is_told(key) && (!value.is_empty() || overrides.contains_key(key)));
        let clear = overrides.keys().filter(|key| is_secret(key) && !is_reserved(key));
        let mut left_out: Vec<String> = clear.chain(secrets).cloned().collect();
        left_out.sort();
        Self { provider: provider.id.clone(), scopes: scopes.to_vec(), values, left_out }
    }

    /// Parses a file.
    ///
    /// # Errors
    /// The text is too long, is no profile, or has a setting that is unknown or invalid; the error names its key.
    pub fn read(text: &str) -> Result<Self> {
        let refuse = |message: String| {
            Error::input("profile", message)
                .means("Nothing was changed.")
                .hint("A profile file is what “Share app…” or “grapnel app share” writes.")
        };
        if text.len() > MAX_PROFILE_FILE_BYTES {
            return Err(refuse("The file is far larger than any profile.".into()));
        }
        let file: Self = toml::from_str(text).map_err(|error| {
            let line =
                error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
            refuse(format!(
                "The file is not a profile: line {line}: {}.",
                error.message().trim_end_matches('.')
            ))
        })?;
        let profile = Profile::find(&file.provider)?;
        profile.check(&file.values)?;
        profile.check_loopback(&file.values)?;
        Ok(file)
    }

    /// Renders the file.
    pub fn write(&self) -> Result<String> {
        let text = toml::to_string(self)
            .map_err(|_| Error::input("profile", "A value of this app cannot be written to a file."))?;
        let left_out = match &self.left_out[..] {
            [] => String::new(),
            keys => format!("{LEFT_OUT}{}\n", keys.join(", ").replace(char::is_control, "")),
        };
        Ok(format!("{ABOUT}{left_out}\n{text}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_round_trips_without_personal_settings() {
        let grove = Profile::find("grovestreams").unwrap();
        let own = Overrides::from([
            ("token_url".into(), "https://iot.acme.example/api/oauth_access_token".into()),
            ("email".into(), "ada@acme.example".into()),
            ("org".into(), "5f0c".into()),
            ("authorize.prompt".into(), "consent".into()),
            ("token.audience".into(), "iot".into()),
        ]);
        let file = ProfileFile::of(grove, &own, &["authorize.key".into()], &["read".into()]);
        let text = file.write().unwrap();
        insta::assert_snapshot!(text);
        assert_eq!(ProfileFile::read(&text).unwrap(), ProfileFile { left_out: Vec::new(), ..file });
    }

    #[test]
    fn a_file_of_each_provider_is_read_back() {
        for profile in Profile::built_in() {
            let own = [("authorize_url", "https://id.example/a"), ("token_url", "https://id.example/t")];
            let own = own.map(|(key, value)| (key.into(), value.into())).into();
            let file = ProfileFile::of(profile, &own, &[], &[]);
            assert_eq!(ProfileFile::read(&file.write().unwrap()).unwrap(), file, "{}", profile.id);
        }
    }

    #[test]
    fn a_review_names_other_hosts_and_disabled_protections() {
        let of = |id: &str, values: &[(&str, &str)]| {
            let values = values.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
            let review = Profile::find(id).unwrap().review(&values);
            format!("{id}: {}", review.sentences().collect::<Vec<_>>().join(" "))
        };
        let told = [
            of("grigora", &[]),
            of("grigora", &[("token_url", "https://evil.example/t"), ("pkce", "never")]),
            of("thegrid", &[("require_state", "false")]),
            of(
                "custom",
                &[("authorize_url", "https://id.example/a"), ("token_url", "https://evil.example/t")],
            ),
        ];
        insta::assert_snapshot!(told.join("\n"));
    }

    #[test]
    fn an_extra_parameter_is_never_an_endpoint() {
        let own =
            [("authorize.return_url", "https://app.example/x")].map(|(k, v)| (k.into(), v.into())).into();
        let grigora = Profile::find("grigora").unwrap();
        assert_eq!(grigora.review(&own), Review::default());
        assert_eq!(grigora.name_in_sentence(&own), "Grigora");
    }

    #[test]
    fn each_invalid_profile_file_has_its_reason() {
        let bad = [
            "",
            "provider = \"acme\"",
            "provider = \"grigora\"\nclient_secret = \"x\"",
            "provider = \"grigora\"\n[values]\ntokn_url = \"https://a.example\"",
            "provider = \"grigora\"\n[values]\ntoken_url = \"http://a.example\"",
            "provider = \"grigora\"\n[values]\ntoken_url = 7",
            "provider = \"grigora\"\n[values]\ntoken_url = \"http://127.0.0.1:631/t\"",
            "provider = \"grigora\"\n[values]\n\"authorize.Redirect_URI\" = \"https://evil.example/cb\"",
            "provider = \"grigora\"\n[values]\n\"token.client_secret\" = \"s\"",
            "provider = \"custom\"",
            "<html>",
        ];
        let told = bad.map(|text| {
            let error = ProfileFile::read(text).unwrap_err();
            format!("{text:?}: [{}] {}", error.field.unwrap_or_default(), error.message)
        });
        insta::assert_snapshot!(told.join("\n"));
        assert!(
            ProfileFile::read(&"#".repeat(MAX_PROFILE_FILE_BYTES + 1))
                .unwrap_err()
                .message
                .contains("larger")
        );
    }
}
