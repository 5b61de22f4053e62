//! The settings of an app as a person enters them, and their validation.

use std::collections::{BTreeMap, BTreeSet};

use grapnel_model::error::{Error, Result};
use grapnel_model::provider::{
    CLIENT_CERTIFICATE, CLIENT_KEY, ClientAuth, Need, Overrides, Profile, ProviderConfig, Secrets, is_secret,
};
use grapnel_model::secret::{ExposeSecret, SecretInput, SecretString};
use grapnel_model::{redirect, text};
use grapnel_oauth::signing_key::SigningKey;
use grapnel_store::app::AppRow;
use jiff::Timestamp;
use serde::Deserialize;

use super::view::App;
use crate::{client_certificate, client_key};

/// The maximum length of a name, ID, secret or value in bytes.
const MAX_FIELD_BYTES: usize = 4096;
/// The maximum length of a certificate with its chain and its private key in bytes.
const MAX_CERTIFICATE_BYTES: usize = 64 << 10;
/// The maximum length of a value's key in bytes, and the maximum number of values.
const MAX_KEY_BYTES: usize = 256;
const MAX_VALUES: usize = 256;
/// The longest label of an environment, in characters.
pub(super) const MAX_ENVIRONMENT_CHARS: usize = 40;

/// The settings that a person enters to add an app.
#[derive(Clone, Default, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct NewApp {
    /// The app's name; if empty, the provider's name.
    pub name: String,
    /// The provider's ID.
    pub provider: String,
    /// The client ID.
    pub client_id: String,
    /// The client secret, which is stored in the vault. When an app is changed, `None` keeps the stored one, and an
    /// empty text removes it.
    pub client_secret: Option<SecretInput>,
    /// The redirect URI: `deep-link` (also the empty text), `loopback` or `loopback:PORT` for one of the app's own, or
    /// a complete redirect URI, which is used unchanged.
    #[serde(default)]
    pub redirect: String,
    /// The scopes to request.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Projects to preselect on the consent page.
    #[serde(default)]
    pub projects: Vec<String>,
    /// Profile values to override. Those that may be secret are stored in the vault, as if they were in `secrets`.
    #[serde(default)]
    pub overrides: BTreeMap<String, String>,
    /// Extra values that may be secret, by key. When an app is changed, `None` removes the stored value, and keys that
    /// are absent stay unchanged.
    #[serde(default)]
    pub secrets: BTreeMap<String, Option<SecretInput>>,
    /// The keys in `overrides` whose values are those of the issuer's metadata.
    #[serde(default)]
    pub discovered: Vec<String>,
    /// The label of its environment, such as `Staging`, by which lists are grouped; empty for none.
    #[serde(default)]
    pub environment: String,
}

/// Validated settings.
pub(super) struct Checked {
    pub(super) name: String,
    pub(super) config: ProviderConfig,
    pub(super) client_id: String,
    pub(super) secret: Secret,
    pub(super) redirect_uri: String,
    pub(super) scopes: Vec<String>,
    pub(super) projects: Vec<String>,
    pub(super) overrides: Overrides,
    /// New secret values.
    pub(super) secrets: Secrets,
    /// The keys of secret values to remove.
    pub(super) removed: BTreeSet<String>,
    pub(super) discovered: Vec<String>,
    pub(super) environment: Option<String>,
}

/// The secrets that are stored for an app.
#[derive(Clone, Copy, Default)]
pub(super) struct Held {
    /// Whether a client secret is stored.
    pub(super) secret: bool,
    /// Whether a private key is stored.
    pub(super) key: bool,
    /// Whether a TLS certificate is stored.
    pub(super) certificate: bool,
}

impl Held {
    pub(super) fn by(row: &AppRow) -> Self {
        let holds = |wanted: &str| row.secret_keys.iter().any(|key| key == wanted);
        let (key, certificate) = (holds(CLIENT_KEY), holds(CLIENT_CERTIFICATE));
        Self { secret: row.sealed_secret.is_some(), key, certificate }
    }
}

/// The new state of an app's client secret.
pub(super) enum Secret {
    /// There is none.
    None,
    /// The stored one stays.
    Kept,
    /// It is replaced by this one.
    New(SecretString),
}

impl NewApp {
    /// Validates the settings. An error names the invalid field. A redirect URI of the app's own ends with `word`. A
    /// private key or a certificate is made if the client needs one and there is none.
    pub(super) fn check(self, held: Held, word: &str, now: Timestamp) -> Result<Checked> {
        let profile = Profile::find(&self.provider)?;
        let name = name(&self.name, profile)?;
        let environment = environment(&self.environment)?;
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
        let client_id = needed(config.client_id, "client_id", "client ID", &self.client_id)?;
        let secret = secret(config.secret_need(), self.client_secret, held.secret)?;
        if config.client_auth == ClientAuth::SecretJwt && matches!(secret, Secret::None) {
            return Err(Error::input(
                "client_secret",
                "The client secret is empty, and signs the client’s JWT.",
            )
            .hint("Enter the client secret, or choose another client authentication."));
        }
        let mut secrets: Secrets = secrets.into_iter().map(|(key, value)| (key, value.into())).collect();
        if client_key::is_needed(&config) {
            let is_kept = held.key && !removed.contains(CLIENT_KEY);
            if !is_kept && !secrets.contains_key(CLIENT_KEY) {
                secrets.insert(CLIENT_KEY.to_owned(), SigningKey::generate(config.client_key_alg)?);
            }
            client_key::of(&config, &secrets)?;
        }
        let is_kept = held.certificate && !removed.contains(CLIENT_CERTIFICATE);
        client_certificate::check(&config, &mut secrets, is_kept, now)?;
        Ok(Checked {
            name,
            client_id: client_id.unwrap_or_default(),
            secret,
            redirect_uri,
            scopes: words("scopes", "scope", "Enter names as the provider has them.", &self.scopes)?,
            projects: words("projects", "project id", "Enter ids such as proj_abc123.", &self.projects)?,
            config,
            discovered: self.discovered.into_iter().filter(|key| overrides.contains_key(key)).collect(),
            overrides,
            secrets,
            removed,
            environment,
        })
    }
}

impl From<App> for NewApp {
    /// The form as it is sent if nothing of the app is to change: the client secret and the secret values stay.
    fn from(app: App) -> Self {
        Self {
            name: app.name,
            provider: app.provider,
            client_id: app.client_id,
            client_secret: None,
            redirect: app.redirect_uri,
            scopes: app.scopes,
            projects: app.projects,
            overrides: app.overrides,
            secrets: BTreeMap::new(),
            discovered: app.discovered,
            environment: app.environment.unwrap_or_default(),
        }
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

/// A name without hidden characters, so that two names that look the same are the same.
pub(crate) fn shown_name(name: &str) -> Result<String> {
    let name = name.trim();
    if name.chars().any(is_hidden) || name.len() > MAX_FIELD_BYTES {
        return Err(Error::input("name", "This name is too long, or has characters that cannot be shown.")
            .hint("Enter it by hand, without invisible characters."));
    }
    Ok(name.to_owned())
}

/// The label of an environment, without surrounding spaces; `None` if nothing is left.
fn environment(entered: &str) -> Result<Option<String>> {
    let label = entered.trim();
    if label.chars().any(is_hidden) || label.chars().count() > MAX_ENVIRONMENT_CHARS {
        let what = "This environment label is too long, or has characters that cannot be shown.";
        return Err(Error::input("environment", what).hint(format!(
            "Enter at most {MAX_ENVIRONMENT_CHARS} characters, such as Production or Staging."
        )));
    }
    Ok(Some(label.to_owned()).filter(|label| !label.is_empty()))
}

/// Whether a character is invisible and ends, hides or reorders the text around it.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') || text::is_hidden(c)
}

/// A client ID or secret, if the provider has one.
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

/// A client ID or secret: printable ASCII (RFC 6749 appendix A: VSCHAR). Surrounding white space is removed.
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

/// Scopes or project IDs: visible ASCII without separators.
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

/// The values that differ from their defaults.
fn overrides(profile: &Profile, entered: Overrides) -> Overrides {
    let trimmed: Overrides = entered.into_iter().map(|(key, value)| (key, value.trim().to_owned())).collect();
    let mut own = trimmed.clone();
    own.retain(|key, value| !profile.is_default(&trimmed, key, value));
    own
}

fn check_sizes<'v>(values: impl Iterator<Item = (&'v String, &'v String)>) -> Result<()> {
    for (number, (key, value)) in values.enumerate() {
        if number == MAX_VALUES {
            return Err(Error::input(key, "There are more values than any provider needs."));
        }
        if key.len() > MAX_KEY_BYTES || key.chars().any(is_hidden) {
            return Err(Error::input("more_value", "The key of a value is too long, or cannot be shown."));
        }
        let limit = if key == CLIENT_CERTIFICATE { MAX_CERTIFICATE_BYTES } else { MAX_FIELD_BYTES };
        if value.len() > limit {
            return Err(Error::input(key, "The value is too long."));
        }
    }
    Ok(())
}
