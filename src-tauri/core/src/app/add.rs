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
use super::form::{Held, NewApp, Secret};
use super::view::{App, view};
use crate::context::Context;
use crate::grant::secret_associated_data;
use crate::secret_parameters;

/// A validated app before it is stored; its secret is not encrypted yet.
pub(crate) struct ValidatedApp {
    pub(crate) row: AppRow,
    pub(crate) secret: Option<SecretString>,
    pub(crate) values: Secrets,
}

/// Validates an app. An error names the invalid field.
pub(crate) fn validate(new: NewApp, at: Timestamp) -> Result<ValidatedApp> {
    let (id, provider) = (AppId::random(), new.provider.clone());
    let checked = new.check(Held::default(), &redirect::path_segment(&id), at)?;
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
        environment: checked.environment,
        registration: None,
        sealed_registration: None,
        created_at: at,
    };
    let secret = match checked.secret {
        Secret::New(secret) => Some(secret),
        Secret::None | Secret::Kept => None,
    };
    Ok(ValidatedApp { row, secret, values: checked.secrets })
}

/// Encrypts an app's secrets, so that it can be stored.
pub(crate) async fn sealed(
    ctx: &Context,
    ValidatedApp { row, secret, values }: ValidatedApp,
) -> Result<AppRow> {
    let sealed_secret = match &secret {
        Some(secret) => Some(seal(ctx, &row.id, secret).await?),
        None => None,
    };
    let sealed_values = secret_parameters::seal(ctx, &row.id, &values).await?;
    Ok(AppRow { sealed_secret, sealed_values, ..row })
}

/// Adds an app. An error names the invalid field; nothing is stored then.
pub(crate) async fn add(ctx: &Context, new: NewApp) -> Result<App> {
    accept(ctx, new).await.map_err(|error| error.or_means(NOT_ADDED))
}

async fn accept(ctx: &Context, new: NewApp) -> Result<App> {
    let possible = validate(new, ctx.now())?;
    check_name(ctx, &possible.row)?;
    let _working = ctx.begin_sealed_write().await?;
    let row = sealed(ctx, possible).await?;
    insert(ctx, row)
}

/// Refuses a name that another app has.
pub(super) fn check_name(ctx: &Context, row: &AppRow) -> Result<()> {
    if ctx.store.read(|c| name_is_taken(c, &row.name))? { Err(taken(&row.name)) } else { Ok(()) }
}

/// Stores a new app. The caller holds the vault lock.
pub(super) fn insert(ctx: &Context, mut row: AppRow) -> Result<App> {
    let added = ctx.store.write(|tx| {
        if name_is_taken(tx, &row.name)? {
            return Ok(false);
        }
        row.environment = app::known_environment(tx, &row)?;
        app::insert(tx, &row)?;
        let text = format!("App “{}” added.", row.name);
        activity::add(tx, row.created_at, Kind::AppAdded, &text, (None, Some(&row.id)))?;
        Ok(true)
    })?;
    if !added {
        return Err(taken(&row.name));
    }
    ctx.emit(Event::Apps);
    view(row)
}

pub(super) async fn seal(ctx: &Context, id: &AppId, secret: &SecretString) -> Result<Sealed> {
    ctx.vault.seal(&secret_associated_data(id), secret).await
}
