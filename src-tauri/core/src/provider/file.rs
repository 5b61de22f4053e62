//! A profile as a file, to hand to someone else: how an app's provider is spoken to. No secret is in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::conventions::KEYS_OF_PROFILES;
use super::{Overrides, Profile};
use crate::error::{Error, Result};

/// No true profile comes near this many bytes.
const LONGEST: usize = 64 << 10;
/// Values that are about the person, and not about the provider.
const PERSONAL: &[&str] = &["email", "org", "user_uid"];

const ABOUT: &str = "# A provider’s profile for Grapnel: how it is spoken to. No client id, secret or token is in it.\n\
    # To use it: grapnel app add NAME --profile THIS-FILE\n";
/// What only the person can know of their extra parameters.
const EXTRA: &str = "# Look at the values token.NAME: if one of them is a secret of yours, take it out.\n";

/// What a profile file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(deny_unknown_fields)]
pub struct ProfileFile {
    /// The id of the provider whose profile it builds on, such as `custom`.
    pub provider: String,
    /// The scopes to ask for.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Values by key.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
}

impl ProfileFile {
    /// How an app of `provider` with `overrides` is spoken to, without what is about the person. Every value is in it,
    /// so that it means the same to a Grapnel whose own profile has changed.
    pub(crate) fn of(provider: &Profile, overrides: &Overrides, scopes: &[String]) -> Self {
        let keys = provider.values.keys().chain(overrides.keys());
        let is_told = |key: &str| !PERSONAL.contains(&key) && !KEYS_OF_PROFILES.contains(&key);
        let all = keys.filter(|key| is_told(key)).filter_map(|key| {
            let value = provider.value(overrides, key).filter(|value| !value.is_empty())?;
            Some((key.clone(), value.to_owned()))
        });
        Self { provider: provider.id.clone(), scopes: scopes.to_vec(), values: all.collect() }
    }

    /// Reads a file's text. What cannot be is refused with the reason, naming the key where it is one.
    pub fn read(text: &str) -> Result<Self> {
        let refuse = |message: String| {
            Error::input("profile", message)
                .means("Nothing was changed.")
                .hint("A profile file is what “Save as profile file” or “grapnel app profile” writes.")
        };
        if text.len() > LONGEST {
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
        Profile::find(&file.provider)?.conventions(&file.values)?;
        Ok(file)
    }

    /// The file's text.
    pub fn write(&self) -> Result<String> {
        let text = toml::to_string(self)
            .map_err(|_| Error::input("profile", "A value of this app cannot be written to a file."))?;
        let has_extra = self.values.keys().any(|key| key.starts_with("token."));
        let extra = if has_extra { EXTRA } else { "" };
        Ok(format!("{ABOUT}{extra}\n{text}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_without_what_is_about_the_person() {
        let grove = Profile::find("grovestreams").unwrap();
        let own = Overrides::from([
            ("token_url".into(), "https://iot.acme.example/api/oauth_access_token".into()),
            ("email".into(), "ada@acme.example".into()),
            ("org".into(), "5f0c".into()),
            ("authorize.prompt".into(), "consent".into()),
            ("token.audience".into(), "iot".into()),
        ]);
        let file = ProfileFile::of(grove, &own, &["read".into()]);
        let text = file.write().unwrap();
        insta::assert_snapshot!(text);
        assert_eq!(ProfileFile::read(&text).unwrap(), file);
    }

    #[test]
    fn a_file_of_each_provider_is_read_back() {
        for profile in Profile::built_in() {
            let own = [("authorize_url", "https://id.example/a"), ("token_url", "https://id.example/t")];
            let own = own.map(|(key, value)| (key.into(), value.into())).into();
            let file = ProfileFile::of(profile, &own, &[]);
            assert_eq!(ProfileFile::read(&file.write().unwrap()).unwrap(), file, "{}", profile.id);
        }
    }

    #[test]
    fn each_file_that_is_no_profile_says_why() {
        let bad = [
            "",
            "provider = \"acme\"",
            "provider = \"grigora\"\nclient_secret = \"x\"",
            "provider = \"grigora\"\n[values]\ntokn_url = \"https://a.example\"",
            "provider = \"grigora\"\n[values]\ntoken_url = \"http://a.example\"",
            "provider = \"grigora\"\n[values]\ntoken_url = 7",
            "provider = \"custom\"",
            "<html>",
        ];
        let told = bad.map(|text| {
            let error = ProfileFile::read(text).unwrap_err();
            format!("{text:?}: [{}] {}", error.field.unwrap_or_default(), error.message)
        });
        insta::assert_snapshot!(told.join("\n"));
        assert!(ProfileFile::read(&"#".repeat(LONGEST + 1)).unwrap_err().message.contains("larger"));
    }
}
