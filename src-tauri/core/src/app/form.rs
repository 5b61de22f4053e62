//! What a person enters of an app, and what of it can be.

use std::collections::{BTreeMap, BTreeSet};

use grapnel_model::error::{Error, Result};
use grapnel_model::provider::{Need, Overrides, Profile, ProviderConfig, Secrets, is_secret};
use grapnel_model::secret::{ExposeSecret, SecretInput, SecretString};
use grapnel_model::{redirect, text};
use serde::Deserialize;

/// The longest name, id, secret or value that is taken.
const MAX_FIELD_BYTES: usize = 4096;
/// The longest key of a value, and the most values.
const LONGEST_KEY: usize = 256;
const MOST_VALUES: usize = 256;

/// What a person enters to add an app.
#[derive(Clone, Default, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct NewApp {
    /// What to call it; the provider's name where it is empty.
    pub name: String,
    /// The provider's id.
    pub provider: String,
    /// The client id.
    pub client_id: String,
    /// The client secret, which the vault takes at once. Where an app is changed, nothing keeps the one that is held,
    /// and the empty text removes it.
    pub client_secret: Option<SecretInput>,
    /// Where callbacks come home: `deep-link` (also the empty text), `loopback` or `loopback:PORT` for a redirect URI
    /// of the app's own, or a whole redirect URI, which is taken as it is.
    #[serde(default)]
    pub redirect: String,
    /// The scopes to ask for.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Projects to pre-select on the consent page.
    #[serde(default)]
    pub projects: Vec<String>,
    /// Values of the profile to override. Those that may be secret go to the vault, as if they were among `secrets`.
    #[serde(default)]
    pub overrides: BTreeMap<String, String>,
    /// Extra values that may be secret, by key. Where an app is changed, nothing in place of the value removes the one
    /// that is held; what is not named here stays.
    #[serde(default)]
    pub secrets: BTreeMap<String, Option<SecretInput>>,
    /// The keys among `overrides` whose values are as the issuer announced them.
    #[serde(default)]
    pub discovered: Vec<String>,
}

/// What was entered, and can be.
pub(super) struct Checked {
    pub(super) name: String,
    pub(super) config: ProviderConfig,
    pub(super) client_id: String,
    pub(super) secret: Secret,
    pub(super) redirect_uri: String,
    pub(super) scopes: Vec<String>,
    pub(super) projects: Vec<String>,
    pub(super) overrides: Overrides,
    /// Secret values that are new.
    pub(super) secrets: Secrets,
    /// The keys of secret values that are to go.
    pub(super) removed: BTreeSet<String>,
    pub(super) discovered: Vec<String>,
}

/// What becomes of an app's client secret.
pub(super) enum Secret {
    /// There is none, from now on.
    None,
    /// The one that is held stays.
    Kept,
    /// This one is held from now on.
    New(SecretString),
}

impl NewApp {
    /// Refuses what cannot be, naming the field. A redirect URI of the app's own ends with `word`.
    pub(super) fn check(self, holds_secret: bool, word: &str) -> Result<Checked> {
        let profile = Profile::find(&self.provider)?;
        let name = name(&self.name, profile)?;
        let (entered, mut secrets): (Overrides, Overrides) =
            self.overrides.into_iter().partition(|(key, _)| !is_secret(key));
        let mut removed = BTreeSet::new();
        for (key, value) in self.secrets {
            if !is_secret(&key) {
                return Err(Error::input(&key, format!("“{key}” is not a value that the vault keeps."))
                    .hint("Enter it among the other values."));
            }
            match value {
                Some(value) => drop(secrets.insert(key, value.0.expose_secret().to_owned())),
                None => drop(removed.insert(key)),
            }
        }
        check_sizes(entered.iter().chain(&secrets))?;
        let overrides = overrides(profile, entered);
        let all = overrides.iter().chain(&secrets);
        let config = profile.check(&all.map(|(key, value)| (key.clone(), value.clone())).collect())?;
        let redirect_uri = redirect::parse_entered(&self.redirect, word)?;
        redirect::check_response_mode(&config, &redirect_uri)?;
        let client_id = needed(config.client_id, "client_id", "client id", &self.client_id)?;
        Ok(Checked {
            name,
            client_id: client_id.unwrap_or_default(),
            secret: secret(config.client_secret, self.client_secret, holds_secret)?,
            redirect_uri,
            scopes: words("scopes", "scope", "Enter names as the provider has them.", &self.scopes)?,
            projects: words("projects", "project id", "Enter ids such as proj_abc123.", &self.projects)?,
            config,
            discovered: self.discovered.into_iter().filter(|key| overrides.contains_key(key)).collect(),
            overrides,
            secrets: secrets.into_iter().map(|(key, value)| (key, value.into())).collect(),
            removed,
        })
    }
}

fn secret(need: Need, entered: Option<SecretInput>, is_held: bool) -> Result<Secret> {
    if entered.is_none() && is_held && need != Need::Absent {
        return Ok(Secret::Kept);
    }
    let entered = entered.map(|secret| secret.0).unwrap_or_default();
    let secret = needed(need, "client_secret", "client secret", entered.expose_secret())?;
    Ok(secret.map_or(Secret::None, |secret| Secret::New(secret.into())))
}

fn name(entered: &str, profile: &Profile) -> Result<String> {
    let name = shown_name(entered)?;
    Ok(if name.is_empty() { profile.name.clone() } else { name })
}

/// A name that can be shown, and that shows all there is of it: two names that look the same are the same.
pub(crate) fn shown_name(name: &str) -> Result<String> {
    let name = name.trim();
    if name.chars().any(is_hidden) || name.len() > MAX_FIELD_BYTES {
        return Err(Error::input("name", "This name is too long, or has characters that cannot be shown.")
            .hint("Enter it by hand, without invisible characters."));
    }
    Ok(name.to_owned())
}

/// Whether a character has no glyph, and ends, hides or turns the text around it.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') || text::is_hidden(c)
}

/// A client id or secret, where the provider has such a thing.
fn needed(need: Need, field: &str, what: &str, value: &str) -> Result<Option<String>> {
    let is_empty = value.trim().is_empty();
    match need {
        Need::Optional | Need::Absent if is_empty => Ok(None),
        Need::Required | Need::Optional => credential(field, what, value).map(Some),
        Need::Absent => {
            Err(Error::input(field, format!("This provider has no {what}.")).hint("Leave the field empty."))
        }
    }
}

/// A client ID or secret: printable ASCII (RFC 6749 appendix A: VSCHAR). What surrounds it came with copying.
fn credential(field: &str, what: &str, value: &str) -> Result<String> {
    let value = value.trim();
    let error = if value.is_empty() {
        format!("The {what} is empty.")
    } else if value.len() > MAX_FIELD_BYTES || !value.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        format!("The {what} is too long, or has characters that none has.")
    } else {
        return Ok(value.to_owned());
    };
    Err(Error::input(field, error)
        .hint(format!("Copy the {what} again from your app’s page at the provider.")))
}

/// Scopes or project ids: visible ASCII without the characters that separate them.
fn words(field: &str, what: &str, hint: &str, words: &[String]) -> Result<Vec<String>> {
    let words = words.iter().map(|word| word.trim()).filter(|word| !word.is_empty());
    words
        .map(|word| {
            if word.len() <= MAX_FIELD_BYTES
                && word.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
            {
                Ok(word.to_owned())
            } else {
                Err(Error::input(field, format!("“{word}” is not a {what}."))
                    .hint(format!("{hint} Put commas between them, or enter none.")))
            }
        })
        .collect()
}

/// The values that differ from what they would be without being entered.
fn overrides(profile: &Profile, entered: Overrides) -> Overrides {
    let trimmed: Overrides = entered.into_iter().map(|(key, value)| (key, value.trim().to_owned())).collect();
    let mut own = trimmed.clone();
    own.retain(|key, value| !profile.is_default(&trimmed, key, value));
    own
}

fn check_sizes<'v>(values: impl Iterator<Item = (&'v String, &'v String)>) -> Result<()> {
    for (number, (key, value)) in values.enumerate() {
        if number == MOST_VALUES {
            return Err(Error::input(key, "There are more values than any provider needs."));
        }
        if key.len() > LONGEST_KEY || key.chars().any(is_hidden) {
            return Err(Error::input("more_value", "The key of a value is too long, or cannot be shown."));
        }
        if value.len() > MAX_FIELD_BYTES {
            return Err(Error::input(key, "The value is too long."));
        }
    }
    Ok(())
}
