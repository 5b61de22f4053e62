//! An app: a client that the person registered at a provider, and that Grapnel acts as.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::activity::Kind;
use crate::authorize;
use crate::env::Env;
use crate::error::{Code, Error, Result};
use crate::event::Event;
use crate::grant::secret_place;
use crate::id::AppId;
use crate::provider::{DEEP_LINK, Need, Overrides, Profile};
use crate::secret::{ExposeSecret, SecretString};
use crate::store::app::{AppRow, name_is_taken};
use crate::store::{activity, app};

/// The longest name, id or secret that is taken.
const LONGEST: usize = 4096;

/// A registered app. Its client secret stays in the vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct App {
    /// Its name here.
    pub id: AppId,
    /// What the person calls it; unique.
    pub name: String,
    /// The provider's id, such as `grigora`.
    pub provider: String,
    /// The provider's name, such as `Grigora`.
    pub provider_name: String,
    /// The client id.
    pub client_id: String,
    /// Whether a client secret is held.
    pub has_secret: bool,
    /// Where callbacks come home.
    pub redirect_uri: String,
    /// The way by which they do.
    pub way_back: WayBack,
    /// The scopes to ask for.
    pub scopes: Vec<String>,
    /// The projects to pre-select on the consent page.
    pub projects: Vec<String>,
    /// Values of the profile that this app overrides.
    pub overrides: BTreeMap<String, String>,
    /// When it was added.
    pub created_at: Timestamp,
}

/// How a callback comes home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum WayBack {
    /// The system opens Grapnel with it.
    DeepLink,
    /// The browser brings it to a port of this computer.
    Loopback,
    /// The person pastes it.
    Paste,
}

impl WayBack {
    fn of(redirect_uri: &str) -> Self {
        match redirect_uri {
            DEEP_LINK => Self::DeepLink,
            address if address.starts_with("http://127.0.0.1") => Self::Loopback,
            _ => Self::Paste,
        }
    }
}

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
    /// The client secret, which the vault takes at once.
    pub client_secret: Option<crate::secret::Entered>,
    /// Where callbacks come home: `deep-link` (also the empty text), `loopback`, `loopback:PORT`, or an https address.
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

/// Adds an app. What cannot be is refused, naming the field, before anything is stored.
pub(crate) async fn add(env: &Env, new: NewApp) -> Result<App> {
    let profile = Profile::find(&new.provider)?;
    let name = name(&new, profile)?;
    let overrides = overrides(profile, new.overrides)?;
    let conventions = profile.conventions(&overrides)?;
    let entered = new.client_secret.map(|secret| secret.0).unwrap_or_default();
    let client_id =
        needed(conventions.client_id, "client_id", "client id", &new.client_id)?.unwrap_or_default();
    let secret =
        needed(conventions.client_secret, "client_secret", "client secret", entered.expose_secret())?;
    let secret = secret.map(SecretString::from);
    let scopes = words("scopes", "scope", "Enter names as the provider has them.", &new.scopes)?;
    let projects = words("projects", "project id", "Enter ids such as proj_abc123.", &new.projects)?;
    let redirect_uri = redirect_uri(&new.redirect)?;
    if env.store.read(|c| name_is_taken(c, &name))? {
        return Err(taken(&name));
    }
    let id = AppId::random();
    let sealed_secret = match &secret {
        Some(secret) => Some(env.vault.seal(&secret_place(&id), secret).await?),
        None => None,
    };
    let created_at = env.now();
    let row = AppRow {
        id,
        name,
        provider: profile.id.clone(),
        client_id,
        sealed_secret,
        redirect_uri,
        scopes,
        projects,
        overrides,
        created_at,
    };
    let added = env.store.write(|tx| {
        if name_is_taken(tx, &row.name)? {
            return Ok(false);
        }
        app::insert(tx, &row)?;
        activity::add(
            tx,
            created_at,
            Kind::AppAdded,
            &format!("App “{}” added.", row.name),
            (None, Some(&row.id)),
        )?;
        Ok(true)
    })?;
    if !added {
        return Err(taken(&row.name));
    }
    env.tell(Event::Apps);
    view(row)
}

/// Every app, by name.
pub(crate) fn all(env: &Env) -> Result<Vec<App>> {
    env.store.read(app::all)?.into_iter().map(view).collect()
}

/// Removes an app that has no connection.
pub(crate) fn remove(env: &Env, id: &AppId) -> Result<()> {
    if !authorize::clear(env, Some(id), None)? {
        return Err(Error::new(Code::InvalidInput, "This app is being connected right now.")
            .means("Nothing was removed.")
            .hint("Wait for the sign-in to end, then try again."));
    }
    let removed = env.store.write(|tx| {
        let Some(row) = app::get(tx, id)? else { return Ok(None) };
        if !app::remove(tx, id)? {
            return Ok(Some(false));
        }
        activity::add(
            tx,
            env.now(),
            Kind::AppRemoved,
            &format!("App “{}” removed.", row.name),
            (None, None),
        )?;
        Ok(Some(true))
    })?;
    match removed {
        Some(true) => env.tell(Event::Apps),
        Some(false) => {
            return Err(Error::new(Code::InvalidInput, "This app still has connections.")
                .means("Nothing was removed.")
                .hint("Disconnect them and remove them from the list first."));
        }
        None => return Err(Error::new(Code::NotFound, "This app is not here any more.")),
    }
    Ok(())
}

fn view(row: AppRow) -> Result<App> {
    Ok(App {
        provider_name: Profile::find(&row.provider)?.called(&row.overrides),
        id: row.id,
        name: row.name,
        provider: row.provider,
        client_id: row.client_id,
        has_secret: row.sealed_secret.is_some(),
        way_back: WayBack::of(&row.redirect_uri),
        redirect_uri: row.redirect_uri,
        scopes: row.scopes,
        projects: row.projects,
        overrides: row.overrides,
        created_at: row.created_at,
    })
}

fn name(new: &NewApp, profile: &Profile) -> Result<String> {
    let name = new.name.trim();
    if name.chars().any(char::is_control) || name.len() > LONGEST {
        return Err(Error::input("name", "This name is too long, or has characters that cannot be shown."));
    }
    Ok(if name.is_empty() { profile.name.clone() } else { name.to_owned() })
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

/// A client id or secret: visible ASCII. RFC 6749 (appendix A) admits spaces, but no provider gives them out, and
/// one that came with copying would be answered with a riddle.
fn credential(field: &str, what: &str, value: &str) -> Result<String> {
    let value = value.trim();
    let error = if value.is_empty() {
        format!("The {what} is empty.")
    } else if value.contains(char::is_whitespace) {
        format!("The {what} has a space in it.")
    } else if value.len() > LONGEST || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
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

/// Where callbacks come home: `deep-link` (also the empty text), `loopback`, `loopback:PORT`, or an https address
/// of the person's own, from which the answer is pasted.
fn redirect_uri(way: &str) -> Result<String> {
    let refuse = |message: &str| {
        Err(Error::input("redirect", message)
            .hint("Choose deep-link, loopback, loopback:PORT, or an https address."))
    };
    let way = way.trim();
    if way.is_empty() || way == "deep-link" {
        return Ok(DEEP_LINK.to_owned());
    }
    if way == "loopback" {
        return Ok("http://127.0.0.1/callback".to_owned());
    }
    if let Some(port) = way.strip_prefix("loopback:") {
        return match port.parse::<u16>() {
            Ok(port) if port >= 1024 => Ok(format!("http://127.0.0.1:{port}/callback")),
            _ => refuse("That is not a port that a program may listen on. It can be 1024 to 65535."),
        };
    }
    match url::Url::parse(way) {
        Ok(url) if url.scheme() == "https" && url.fragment().is_none() => Ok(way.to_owned()),
        _ => refuse("That is not a way for the answer to come back."),
    }
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

fn taken(name: &str) -> Error {
    Error::input("name", format!("There is already an app called “{name}”.")).hint("Choose another name.")
}
