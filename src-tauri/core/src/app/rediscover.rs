//! Asking an app's issuer again: what of the app would change.

use grapnel_model::error::{Error, Result};
use grapnel_model::id::AppId;
use grapnel_model::provider::Profile;
use grapnel_oauth::discovery::{self, Discovery};
use grapnel_store::app;
use serde::{Deserialize, Serialize};

use crate::context::Context;

/// What an app's issuer announces now, beside what the app has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Rediscovery {
    /// What the issuer announces.
    pub discovery: Discovery,
    /// The values that the app has otherwise.
    pub changes: Vec<ValueChange>,
}

/// A value of an app that would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ValueChange {
    /// Its key.
    pub key: String,
    /// What the app has; empty for nothing.
    pub before: String,
    /// What the issuer announces.
    pub after: String,
}

/// Asks the issuer of an app what it announces. Changes nothing.
pub(crate) async fn rediscover(ctx: &Context, id: &AppId) -> Result<Rediscovery> {
    let row = ctx.store.read(|c| app::get(c, id))?.ok_or_else(Error::no_app)?;
    let profile = Profile::find(&row.provider)?;
    let values = profile.values(&row.overrides);
    let now = |key: &str| values.get(key).map(String::as_str).unwrap_or_default();
    let issuer = now("issuer");
    if issuer.is_empty() {
        return Err(Error::input("issuer", format!("The app “{}” has no issuer to ask.", row.name))
            .means("Nothing was changed.")
            .hint("Set the app’s value “issuer” to the address that its provider names as its issuer."));
    }
    let discovery = discovery::discover(&ctx.http, issuer).await?;
    // A way that the issuer takes may be the one that the client is registered with.
    let auth = if now("client_auth") == "basic_raw" { "basic" } else { now("client_auth") };
    let keeps_auth = discovery.client_auth.is_empty() || discovery.client_auth.iter().any(|way| way == auth);
    let changes = discovery
        .values
        .iter()
        .filter(|(key, value)| now(key) != *value && !(keeps_auth && *key == "client_auth"))
        .map(|(key, value)| ValueChange {
            key: key.clone(),
            before: now(key).to_owned(),
            after: value.clone(),
        });
    Ok(Rediscovery { changes: changes.collect(), discovery })
}
