//! What a person enters of an app, and what of it can be.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::provider::{Conventions, Need, Overrides, Profile};
use crate::redirect;
use crate::secret::{Entered, ExposeSecret, SecretString};

/// The longest name, id or secret that is taken.
const LONGEST: usize = 4096;

/// What a person enters to add an app.
#[derive(Deserialize)]
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
    pub client_secret: Option<Entered>,
    /// Where callbacks come home: `deep-link` (also the empty text), `loopback` or `loopback:PORT` for a redirect URI of
    /// the app's own, or a whole redirect URI, which is taken as it is.
    #[serde(default)]
    pub redirect: String,
    /// The scopes to ask for.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Projects to pre-select on the consent page.
    #[serde(default)]
    pub projects: Vec<String>,
    /// Values of the profile to override.
    #[serde(default)]
    pub overrides: BTreeMap<String, String>,
}

/// What was entered, and can be.
pub(super) struct Checked {
    pub(super) name: String,
    pub(super) conventions: Conventions,
    pub(super) client_id: String,
    pub(super) secret: Secret,
    pub(super) redirect_uri: String,
    pub(super) scopes: Vec<String>,
    pub(super) projects: Vec<String>,
    pub(super) overrides: Overrides,
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
        let overrides = overrides(profile, self.overrides)?;
        let conventions = profile.conventions(&overrides)?;
        let client_id = needed(conventions.client_id, "client_id", "client id", &self.client_id)?;
        Ok(Checked {
            name,
            client_id: client_id.unwrap_or_default(),
            secret: secret(conventions.client_secret, self.client_secret, holds_secret)?,
            redirect_uri: redirect::entered(&self.redirect, word)?,
            scopes: words("scopes", "scope", "Enter names as the provider has them.", &self.scopes)?,
            projects: words("projects", "project id", "Enter ids such as proj_abc123.", &self.projects)?,
            conventions,
            overrides,
        })
    }
}

fn secret(need: Need, entered: Option<Entered>, is_held: bool) -> Result<Secret> {
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

/// A name that can be shown.
pub(crate) fn shown_name(name: &str) -> Result<String> {
    let name = name.trim();
    if name.chars().any(char::is_control) || name.len() > LONGEST {
        return Err(Error::input("name", "This name is too long, or has characters that cannot be shown."));
    }
    Ok(name.to_owned())
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

/// A client ID or secret: visible ASCII. A secret may have spaces within it (RFC 6749, appendix A.2); in a client ID,
/// which no provider gives out with one, a space came with copying.
fn credential(field: &str, what: &str, value: &str) -> Result<String> {
    let value = value.trim();
    let may_be = |c: char| c.is_ascii_graphic() || (c == ' ' && field == "client_secret");
    let error = if value.is_empty() {
        format!("The {what} is empty.")
    } else if value.chars().any(|c| c.is_whitespace() && !may_be(c)) {
        format!("The {what} has a space in it.")
    } else if value.len() > LONGEST || !value.chars().all(may_be) {
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
            if word.len() <= LONGEST && word.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',') {
                Ok(word.to_owned())
            } else {
                Err(Error::input(field, format!("“{word}” is not a {what}."))
                    .hint(format!("{hint} Put commas between them, or enter none.")))
            }
        })
        .collect()
}

/// The values that differ from the profile's, if all of them can be.
fn overrides(profile: &Profile, overrides: Overrides) -> Result<Overrides> {
    let known = profile.view().values;
    let is_default =
        |key: &str, value: &str| known.iter().any(|known| known.key == key && known.value == value);
    let trimmed = overrides.into_iter().map(|(key, value)| (key, value.trim().to_owned()));
    let own: Overrides = trimmed.filter(|(key, value)| !is_default(key, value)).collect();
    profile.conventions(&own)?;
    Ok(own)
}
