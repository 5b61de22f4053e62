//! An app as it is shown.

use std::collections::BTreeMap;

use grapnel_model::error::{Error, Result};
use grapnel_model::id::AppId;
use grapnel_model::provider::{OtherHost, Overrides, Pkce, Profile, ProfileFile, is_secret};
use grapnel_model::redirect;
use grapnel_model::redirect::{Loopback, RedirectMethod};
use grapnel_store::app;
use grapnel_store::app::AppRow;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::context::Context;

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
    /// How callbacks reach it.
    #[serde(rename = "way_back")]
    pub redirect_method: RedirectMethod,
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

/// Every app, by name.
pub(crate) fn all(ctx: &Context) -> Result<Vec<App>> {
    ctx.store.read(app::all)?.into_iter().map(view).collect()
}

/// How an app's provider is spoken to, as a file has it.
pub(crate) fn profile_of(ctx: &Context, id: &AppId) -> Result<ProfileFile> {
    let row = ctx.store.read(|c| app::get(c, id))?.ok_or_else(Error::no_app)?;
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
    let uses_pkce = profile.config(&overrides).map_or(true, |config| config.pkce == Pkce::Always);
    Ok(App {
        own_redirect_uri: redirect::replacement_for_shared(&row.id, &row.redirect_uri),
        provider_name: profile.called(&overrides),
        other_hosts: profile.other_hosts(&overrides),
        login_host: profile.login_host(&overrides),
        left_out: Profile::left_out(overrides.keys().chain(&secrets)),
        id: row.id,
        name: row.name,
        provider: row.provider,
        client_id: row.client_id,
        has_secret: row.sealed_secret.is_some(),
        redirect_method: RedirectMethod::of(&row.redirect_uri),
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
