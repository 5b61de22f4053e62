//! Changing an app. If its endpoints move to other hosts, secrets stored for the old ones are not sent there.

use grapnel_model::activity::Kind;
use grapnel_model::error::{Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::AppId;
use grapnel_model::provider::{
    CLIENT_CERTIFICATE, CLIENT_KEY, CLIENT_KEY_SETTINGS, Origins, Profile, Secrets, is_secret,
};
use grapnel_model::redirect;
use grapnel_store::app::{AppRow, name_is_taken};
use grapnel_store::sealed::Sealed;
use grapnel_store::{activity, app, connection, shared_connection};

use super::add::seal;
use super::errors::{being_connected, taken};
use super::form::{Checked, Held, NewApp, Secret};
use super::view::{App, view};
use crate::context::Context;
use crate::{authorize, client_certificate, client_key, secret_parameters};

/// Replaces an app's settings. Waiting sign-ins are cancelled, since they began with the previous settings.
///
/// A stored client secret must be entered again if it would be sent to another host than before. Connections keep their
/// tokens, but need a new sign-in as long as the app's endpoints include such a host.
pub(crate) async fn change(ctx: &Context, id: &AppId, new: NewApp) -> Result<App> {
    accept(ctx, id, new).await.map_err(|error| error.or_means("Nothing was changed."))
}

async fn accept(ctx: &Context, id: &AppId, new: NewApp) -> Result<App> {
    // An unchanged secret is written back as it was read, so the vault must not be re-keyed in between.
    let _working = ctx.begin_sealed_write().await?;
    let before = ctx.store.read(|c| app::get(c, id))?.ok_or_else(Error::no_app)?;
    if new.provider != before.provider {
        return Err(Error::input("provider", "An app stays with its provider.")
            .hint("Add another app for the other provider."));
    }
    // If the old settings cannot be parsed any more, it is unknown which hosts got the secrets.
    let old = Profile::find(&before.provider)?.config(&before.overrides);
    let old = old.map(|config| config.origins()).unwrap_or_default();
    let mut checked = new.check(Held::by(&before), &redirect::path_segment(id), ctx.now())?;
    let labelled = AppRow { environment: checked.environment, ..before.clone() };
    checked.environment = ctx.store.read(|c| app::known_environment(c, &labelled))?;
    let origins = checked.config.origins();
    if !origins.is_subset(&old) {
        if matches!(checked.secret, Secret::Kept) {
            return Err(saved_for_others("client_secret", "The client secret", &old, &origins));
        }
        if let Some(key) = kept_values(&before, &checked).next() {
            return Err(saved_for_others(key, &format!("The value of “{key}”"), &old, &origins));
        }
    }
    check_kept_key(ctx, &before, &checked).await?;
    let differences = differences(&before, &checked);
    if differences.is_empty() {
        return view(before);
    }
    let is_own_name = before.name.eq_ignore_ascii_case(&checked.name);
    if !authorize::clear(ctx, Some(id), None)? {
        return Err(being_connected().means("Nothing was changed."));
    }
    // Settings that only Grapnel uses make no difference to the provider.
    let is_other_client =
        differences.iter().any(|name| !matches!(*name, "name" | "environment" | "projects"));
    let text = format!("App “{}” changed: {}.", before.name, differences.join(", "));
    let sealed_secret = match &checked.secret {
        Secret::None => None,
        Secret::Kept => before.sealed_secret.clone(),
        Secret::New(secret) => Some(seal(ctx, id, secret).await?),
    };
    let (secret_keys, sealed_values) = values(ctx, &before, &checked).await?;
    let row = AppRow {
        name: checked.name,
        client_id: checked.client_id,
        sealed_secret,
        redirect_uri: checked.redirect_uri,
        scopes: checked.scopes,
        projects: checked.projects,
        overrides: checked.overrides,
        secret_keys,
        sealed_values,
        discovered: checked.discovered,
        environment: checked.environment,
        ..before
    };
    let changed = ctx.store.write(|tx| {
        if !is_own_name && name_is_taken(tx, &row.name)? {
            return Ok(false);
        }
        if origins != old {
            connection::set_allowed_origins_of_app(tx, id, &old)?;
        }
        app::update(tx, &row)?;
        if is_other_client {
            connection::forget_client_refusals(tx, id)?;
        }
        activity::add(tx, ctx.now(), Kind::AppChanged, &text, (None, Some(id)))?;
        Ok(true)
    })?;
    if !changed {
        return Err(taken(&row.name));
    }
    // A sign-in that was started meanwhile has the old endpoints.
    authorize::clear(ctx, Some(id), None)?;
    // The certificate may be another one now.
    ctx.http.forget_certificates();
    ctx.emit(Event::Apps);
    // Their teams get the app.
    for shared in ctx.store.read(|c| shared_connection::of_app(c, id))? {
        ctx.emit(Event::Connection(shared));
    }
    view(row)
}

/// Refuses settings that a private key or certificate that stays unchanged does not fit. Opens it only if such a
/// setting changes.
async fn check_kept_key(ctx: &Context, before: &AppRow, after: &Checked) -> Result<()> {
    const ALGORITHM: &str = "client_key_alg";
    let is_changed = |key: &str| before.overrides.get(key) != after.overrides.get(key);
    if !CLIENT_KEY_SETTINGS.iter().any(|key| is_changed(key)) {
        return Ok(());
    }
    let changes = is_changed(ALGORITHM);
    if after.config.has_certificate() && kept_values(before, after).any(|key| key == CLIENT_CERTIFICATE) {
        let held = secret_parameters::open(ctx, before).await?;
        client_certificate::check_kept(&after.config, &held, changes.then_some(ALGORITHM))?;
    }
    if !changes
        || !client_key::is_needed(&after.config)
        || !kept_values(before, after).any(|key| key == CLIENT_KEY)
    {
        return Ok(());
    }
    let held = secret_parameters::open(ctx, before).await?;
    client_key::of(&after.config, &held).map(drop).map_err(|_| {
        Error::input(ALGORITHM, "The app’s private key is for another algorithm.")
            .hint("Remove the stored key (client_key), and Grapnel makes a new one; or enter a key for this algorithm.")
    })
}

/// The keys of secret values that stay unchanged.
fn kept_values<'a>(before: &'a AppRow, after: &'a Checked) -> impl Iterator<Item = &'a String> {
    let clear = before.overrides.keys().filter(|key| is_secret(key));
    let held = before.secret_keys.iter().chain(clear);
    held.filter(|key| !after.secrets.contains_key(*key) && !after.removed.contains(*key))
}

/// The app's new secret values: their keys, and all of them encrypted together.
async fn values(ctx: &Context, before: &AppRow, after: &Checked) -> Result<(Vec<String>, Option<Sealed>)> {
    let has_clear = before.overrides.keys().any(|key| is_secret(key));
    if after.secrets.is_empty() && after.removed.is_empty() && !has_clear {
        return Ok((before.secret_keys.clone(), before.sealed_values.clone()));
    }
    let kept: Vec<&String> = kept_values(before, after).collect();
    let mut all = Secrets::new();
    if !kept.is_empty() {
        let clear = before.overrides.iter().map(|(key, value)| (key.clone(), value.as_str().into()));
        all.extend(secret_parameters::open(ctx, before).await?.into_iter().chain(clear));
        all.retain(|key, _| kept.contains(&key));
    }
    all.extend(after.secrets.clone());
    Ok((all.keys().cloned().collect(), secret_parameters::seal(ctx, &before.id, &all).await?))
}

fn saved_for_others(field: &str, what: &str, old: &Origins, new: &Origins) -> Error {
    let added: Vec<&str> = new.difference(old).map(String::as_str).collect();
    Error::input(field, format!("{what} was saved for the addresses that the app had before."))
        .means(format!("It is not sent to {}. Nothing was changed.", added.join(", ")))
        .hint("Enter it again, if it is meant for there.")
}

/// The names of the settings that differ.
fn differences<'a>(before: &'a AppRow, after: &'a Checked) -> Vec<&'a str> {
    let own = [
        ("name", before.name != after.name),
        ("environment", before.environment != after.environment),
        ("client ID", before.client_id != after.client_id),
        ("client secret", !matches!(after.secret, Secret::Kept) && !is_still_none(before, after)),
        ("redirect URI", before.redirect_uri != after.redirect_uri),
        ("scopes", before.scopes != after.scopes),
        ("projects", before.projects != after.projects),
    ];
    let (old, new) = (&before.overrides, &after.overrides);
    let keys = old.keys().chain(new.keys().filter(|key| !old.contains_key(*key)));
    let values = keys.filter(|key| !is_secret(key) && old.get(*key) != new.get(*key));
    let held = |key: &&String| before.secret_keys.contains(*key) || old.contains_key(*key);
    let secrets = after.secrets.keys().chain(after.removed.iter().filter(held));
    let sources = (before.discovered != after.discovered).then_some("sources of values");
    let values = values.chain(secrets).map(String::as_str).chain(sources);
    own.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).chain(values).collect()
}

fn is_still_none(before: &AppRow, after: &Checked) -> bool {
    before.sealed_secret.is_none() && matches!(after.secret, Secret::None)
}
