//! Repeats the discovery of an app's issuer, and returns the differences.

use grapnel_model::error::{Error, Result};
use grapnel_model::id::AppId;
use grapnel_model::provider::Profile;
use grapnel_oauth::discovery::{self, Discovery};
use grapnel_store::app;
use serde::{Deserialize, Serialize};

use crate::context::Context;

/// An app's current metadata, and the differences from its settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Rediscovery {
    /// The issuer's metadata.
    pub discovery: Discovery,
    /// The app's settings that differ.
    pub changes: Vec<ValueChange>,
}

/// A setting of an app that would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ValueChange {
    /// Its key.
    pub key: String,
    /// The app's value; empty for none.
    pub before: String,
    /// The issuer's value.
    pub after: String,
}

/// Reads the metadata of an app's issuer. Changes nothing.
pub(crate) async fn rediscover(ctx: &Context, id: &AppId) -> Result<Rediscovery> {
    let row = ctx.store.read(|c| app::get(c, id))?.ok_or_else(Error::no_app)?;
    let profile = Profile::find(&row.provider)?;
    let values = profile.values(&row.overrides);
    let own = profile.config(&row.overrides).map(|config| config.grant_type()).unwrap_or_default();
    let now = |key: &str| values.get(key).map(String::as_str).unwrap_or_default();
    let issuer = now("issuer");
    if issuer.is_empty() {
        return Err(Error::input("issuer", format!("The app “{}” has no issuer to ask.", row.name))
            .means("Nothing was changed.")
            .hint("Set the app’s value “issuer” to the address that its provider names as its issuer."));
    }
    let discovery = discovery::discover(&ctx.http, issuer).await?;
    // If the issuer supports the app's method, the client may be registered with it.
    let auth = if now("client_auth") == "basic_raw" { "basic" } else { now("client_auth") };
    let keeps_auth = discovery.client_auth.is_empty() || discovery.client_auth.iter().any(|way| way == auth);
    let keeps_grant = discovery.grant_types.iter().any(|grant| grant == own.name());
    let keeps = |key: &str| (keeps_auth && key == "client_auth") || (keeps_grant && key == "grant_type");
    let changes = discovery.values.iter().filter(|(key, value)| now(key) != *value && !keeps(key)).map(
        |(key, value)| ValueChange { key: key.clone(), before: now(key).to_owned(), after: value.clone() },
    );
    Ok(Rediscovery { changes: changes.collect(), discovery })
}
