//! An app: a client that the person registered at a provider, and that Grapnel acts as.

mod change;
mod entered;
mod rediscover;
pub(crate) mod remove;

use std::collections::BTreeMap;

use grapnel_model::activity::Kind;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::AppId;
use grapnel_model::provider::{OtherHost, Overrides, Pkce, Profile, ProfileFile, Secrets, is_secret};
use grapnel_model::redirect;
use grapnel_model::redirect::Loopback;
use grapnel_model::secret::SecretString;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::app_secrets;
use crate::env::Env;
use crate::grant::secret_place;
use crate::store::app::{AppRow, name_is_taken};
use crate::store::sealed::Sealed;
use crate::store::{activity, app};

pub(crate) use change::change;
pub use entered::NewApp;
use entered::Secret;
pub(crate) use entered::{is_hidden, shown_name};
use grapnel_model::redirect::WayBack;
pub(crate) use rediscover::rediscover;
pub use rediscover::{Rediscovery, ValueChange};
pub use remove::Removed;

/// What it means that something entered for an app cannot be.
pub const NOT_ADDED: &str = "The app was not added; nothing was stored.";

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
    /// A redirect URI of its own, where it still has the one that all apps shared in earlier versions: to register at
    /// the provider, and then to change the app to.
    pub own_redirect_uri: Option<String>,
    /// The way by which they do.
    pub way_back: WayBack,
    /// Whether PKCE (RFC 7636) protects its codes.
    pub uses_pkce: bool,
    /// The scopes to ask for.
    pub scopes: Vec<String>,
    /// The projects to pre-select on the consent page.
    pub projects: Vec<String>,
    /// Values of the profile that this app overrides.
    pub overrides: BTreeMap<String, String>,
    /// The keys of extra values that may be secret: the vault has them.
    pub secrets: Vec<String>,
    /// The keys among `overrides` whose values are as the issuer announced them.
    pub discovered: Vec<String>,
    /// The hosts that are not the provider's own; all hosts, where no profile describes the provider.
    pub other_hosts: Vec<OtherHost>,
    /// The host that email and password go to, where the provider offers that.
    pub login_host: Option<String>,
    /// The keys of values that are kept and not sent, because Grapnel sets what they name.
    pub left_out: Vec<String>,
    /// When it was added.
    pub created_at: Timestamp,
}

impl App {
    /// Whether each sign-in adds a port to its redirect URI.
    pub fn has_free_port(&self) -> bool {
        Loopback::of(&self.redirect_uri).is_some_and(|place| place.port.is_none())
    }
}

/// An app that can be, before it is stored: its secret is not sealed yet.
pub(crate) struct Possible {
    pub(crate) row: AppRow,
    pub(crate) secret: Option<SecretString>,
    pub(crate) values: Secrets,
}

/// Refuses what cannot be, naming the field.
pub(crate) fn possible(new: NewApp, at: Timestamp) -> Result<Possible> {
    let (id, provider) = (AppId::random(), new.provider.clone());
    let checked = new.check(false, &redirect::word(&id))?;
    let row = AppRow {
        id,
        name: checked.name,
        provider,
        client_id: checked.client_id,
        sealed_secret: None,
        redirect_uri: checked.redirect_uri,
        scopes: checked.scopes,
        projects: checked.projects,
        overrides: checked.overrides,
        secret_keys: checked.secrets.keys().cloned().collect(),
        sealed_values: None,
        discovered: checked.discovered,
        created_at: at,
    };
    let secret = match checked.secret {
        Secret::New(secret) => Some(secret),
        Secret::None | Secret::Kept => None,
    };
    Ok(Possible { row, secret, values: checked.secrets })
}

/// Seals an app's secrets, so that it can be stored.
pub(crate) async fn sealed(env: &Env, Possible { row, secret, values }: Possible) -> Result<AppRow> {
    let sealed_secret = match &secret {
        Some(secret) => Some(seal(env, &row.id, secret).await?),
        None => None,
    };
    let sealed_values = app_secrets::seal(env, &row.id, &values).await?;
    Ok(AppRow { sealed_secret, sealed_values, ..row })
}

/// Adds an app. What cannot be is refused, naming the field, before anything is stored.
pub(crate) async fn add(env: &Env, new: NewApp) -> Result<App> {
    accept(env, new).await.map_err(|error| error.or_means(NOT_ADDED))
}

async fn accept(env: &Env, new: NewApp) -> Result<App> {
    let possible = possible(new, env.now())?;
    if env.store.read(|c| name_is_taken(c, &possible.row.name))? {
        return Err(taken(&possible.row.name));
    }
    let _working = env.at_work().await?;
    let row = sealed(env, possible).await?;
    let added = env.store.write(|tx| {
        if name_is_taken(tx, &row.name)? {
            return Ok(false);
        }
        app::insert(tx, &row)?;
        let text = format!("App “{}” added.", row.name);
        activity::add(tx, row.created_at, Kind::AppAdded, &text, (None, Some(&row.id)))?;
        Ok(true)
    })?;
    if !added {
        return Err(taken(&row.name));
    }
    env.tell(Event::Apps);
    view(row)
}

async fn seal(env: &Env, id: &AppId, secret: &SecretString) -> Result<Sealed> {
    env.vault.seal(&secret_place(id), secret).await
}

/// Every app, by name.
pub(crate) fn all(env: &Env) -> Result<Vec<App>> {
    env.store.read(app::all)?.into_iter().map(view).collect()
}

/// How an app's provider is spoken to, as a file has it.
pub(crate) fn profile_of(env: &Env, id: &AppId) -> Result<ProfileFile> {
    let row = env.store.read(|c| app::get(c, id))?.ok_or_else(Error::no_app)?;
    Ok(ProfileFile::of(Profile::find(&row.provider)?, &row.overrides, &row.secret_keys, &row.scopes))
}

pub(crate) fn view(row: AppRow) -> Result<App> {
    let profile = Profile::find(&row.provider)?;
    // An earlier Grapnel kept secret values in the clear until the app is used: they do not go to the window.
    let (clear, overrides): (Overrides, Overrides) =
        row.overrides.into_iter().partition(|(key, _)| is_secret(key));
    let mut secrets: Vec<String> = clear.into_keys().chain(row.secret_keys).collect();
    secrets.sort();
    secrets.dedup();
    // Of values that this version cannot read, nothing is said; no sign-in starts with them.
    let uses_pkce =
        profile.conventions(&overrides).map_or(true, |conventions| conventions.pkce == Pkce::Always);
    Ok(App {
        own_redirect_uri: redirect::instead_of_shared(&row.id, &row.redirect_uri),
        provider_name: profile.called(&overrides),
        other_hosts: profile.other_hosts(&overrides),
        login_host: profile.login_host(&overrides),
        left_out: Profile::left_out(overrides.keys().chain(&secrets)),
        id: row.id,
        name: row.name,
        provider: row.provider,
        client_id: row.client_id,
        has_secret: row.sealed_secret.is_some(),
        way_back: WayBack::of(&row.redirect_uri),
        uses_pkce,
        redirect_uri: row.redirect_uri,
        scopes: row.scopes,
        projects: row.projects,
        overrides,
        secrets,
        discovered: row.discovered,
        created_at: row.created_at,
    })
}

fn being_connected() -> Error {
    Error::new(Code::InvalidInput, "This app is being connected right now.")
        .hint("Wait for the sign-in to end, then try again.")
}

fn taken(name: &str) -> Error {
    Error::input("name", format!("There is already an app called “{name}”.")).hint("Choose another name.")
}
