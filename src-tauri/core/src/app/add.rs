//! Adding an app.

use grapnel_model::activity::Kind;
use grapnel_model::error::Result;
use grapnel_model::event::Event;
use grapnel_model::id::AppId;
use grapnel_model::provider::Secrets;
use grapnel_model::redirect;
use grapnel_model::secret::SecretString;
use grapnel_store::app::{AppRow, name_is_taken};
use grapnel_store::sealed::Sealed;
use grapnel_store::{activity, app};
use jiff::Timestamp;

use super::errors::{NOT_ADDED, taken};
use super::form::{NewApp, Secret};
use super::view::{App, view};
use crate::app_secrets;
use crate::env::Env;
use crate::grant::secret_place;

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

pub(super) async fn seal(env: &Env, id: &AppId, secret: &SecretString) -> Result<Sealed> {
    env.vault.seal(&secret_place(id), secret).await
}
