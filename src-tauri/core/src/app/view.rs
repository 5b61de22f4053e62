//! An app as it is shown.

use std::collections::BTreeMap;

use grapnel_model::error::{Error, Result};
use grapnel_model::id::AppId;
use grapnel_model::provider::{
    GrantType, OtherHost, Overrides, Pkce, Profile, ProfileFile, ProviderConfig, is_secret,
};
use grapnel_model::redirect;
use grapnel_model::redirect::{Loopback, RedirectMethod};
use grapnel_model::registration::Registration;
use grapnel_store::app;
use grapnel_store::app::AppRow;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::context::Context;

/// A registered app, without its client secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct App {
    /// Its ID.
    pub id: AppId,
    /// Its unique name, given by the person.
    pub name: String,
    /// The provider's ID, such as `grigora`.
    pub provider: String,
    /// The provider's name, such as `Grigora`.
    pub provider_name: String,
    /// The client ID.
    pub client_id: String,
    /// Whether a client secret is stored.
    pub has_secret: bool,
    /// Its redirect URI.
    pub redirect_uri: String,
    /// A redirect URI of its own, if it still has the one that all apps shared in earlier versions. The person
    /// registers it at the provider, and then changes the app to it.
    pub own_redirect_uri: Option<String>,
    /// The redirect method.
    #[serde(rename = "way_back")]
    pub redirect_method: RedirectMethod,
    /// How it obtains tokens.
    pub grant_type: GrantType,
    /// Whether a person can sign in on another device (RFC 8628).
    pub offers_device: bool,
    /// Whether sign-ins use PKCE (RFC 7636).
    pub uses_pkce: bool,
    /// The scopes to request.
    pub scopes: Vec<String>,
    /// The projects to preselect on the consent page.
    pub projects: Vec<String>,
    /// Profile values that this app overrides.
    pub overrides: BTreeMap<String, String>,
    /// The keys of extra values that may be secret and are stored in the vault.
    pub secrets: Vec<String>,
    /// The keys in `overrides` whose values are those of the issuer's metadata.
    pub discovered: Vec<String>,
    /// The hosts that do not belong to the provider; for a custom provider, all hosts.
    pub other_hosts: Vec<OtherHost>,
    /// The host that receives email and password, if the provider supports that.
    pub login_host: Option<String>,
    /// The keys of stored values that are not sent, because Grapnel sets these parameters itself.
    pub left_out: Vec<String>,
    /// The label of its environment, such as `Staging`.
    pub environment: Option<String>,
    /// How its client was registered, if Grapnel did that.
    pub registration: Option<Registration>,
    /// When it was added.
    pub created_at: Timestamp,
}

impl App {
    /// Whether each sign-in adds a port to its redirect URI.
    pub fn has_free_port(&self) -> bool {
        Loopback::of(&self.redirect_uri).is_some_and(|place| place.port.is_none())
    }
}

/// All apps, by name.
pub(crate) fn all(ctx: &Context) -> Result<Vec<App>> {
    ctx.store.read(app::all)?.into_iter().map(view).collect()
}

/// An app's provider settings as a profile file.
pub(crate) fn profile_of(ctx: &Context, id: &AppId) -> Result<ProfileFile> {
    let row = ctx.store.read(|c| app::get(c, id))?.ok_or_else(Error::no_app)?;
    Ok(ProfileFile::of(Profile::find(&row.provider)?, &row.overrides, &row.secret_keys, &row.scopes))
}

pub(crate) fn view(row: AppRow) -> Result<App> {
    let profile = Profile::find(&row.provider)?;
    // Earlier versions stored secret values in the clear until the app is used next; the window does not get them.
    let (clear, overrides): (Overrides, Overrides) =
        row.overrides.into_iter().partition(|(key, _)| is_secret(key));
    let mut secrets: Vec<String> = clear.into_keys().chain(row.secret_keys).collect();
    secrets.sort();
    secrets.dedup();
    // Settings that this version cannot parse show nothing; no sign-in starts with them.
    let config = profile.config(&overrides).ok();
    let uses_pkce = config.as_ref().is_none_or(|config| config.pkce == Pkce::Always);
    Ok(App {
        own_redirect_uri: redirect::replacement_for_shared(&row.id, &row.redirect_uri),
        provider_name: profile.name_in_sentence(&overrides),
        other_hosts: profile.other_hosts(&overrides),
        login_host: profile.login_host(&overrides),
        left_out: Profile::left_out(overrides.keys().chain(&secrets)),
        registration: row.registration.filter(|own| own.client_id == row.client_id).map(|own| *own),
        id: row.id,
        name: row.name,
        provider: row.provider,
        client_id: row.client_id,
        has_secret: row.sealed_secret.is_some(),
        redirect_method: RedirectMethod::of(&row.redirect_uri),
        grant_type: config.as_ref().map(ProviderConfig::grant_type).unwrap_or_default(),
        offers_device: config.is_some_and(|config| config.device_authorization_url().is_some()),
        uses_pkce,
        redirect_uri: row.redirect_uri,
        scopes: row.scopes,
        projects: row.projects,
        overrides,
        secrets,
        discovered: row.discovered,
        environment: row.environment,
        created_at: row.created_at,
    })
}
