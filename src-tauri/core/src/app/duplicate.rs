//! Adding an app like another one, such as for staging.

use grapnel_model::error::{Error, Result};
use grapnel_model::id::AppId;
use grapnel_model::provider::{Origins, Profile};
use grapnel_model::secret::{ExposeSecret, SecretInput};
use grapnel_store::app;
use grapnel_store::app::AppRow;

use super::add::add;
use super::errors::NOT_ADDED;
use super::form::NewApp;
use super::view::App;
use crate::context::Context;
use crate::grant::secret_associated_data;
use crate::secret_parameters;

/// Adds `new`, with the secrets of the app `id` if `with_secrets` is set. Secrets in `new` take precedence.
/// A copy without a name is called after the app and its own environment, such as `Grigora (Staging)`.
///
/// Secrets are not copied if the new app would send them to a host that the first app does not use.
pub(crate) async fn duplicate(ctx: &Context, id: &AppId, mut new: NewApp, with_secrets: bool) -> Result<App> {
    let environment = new.environment.trim();
    if new.name.trim().is_empty() && !environment.is_empty() {
        let row = ctx.store.read(|c| app::get(c, id))?.ok_or_else(Error::no_app)?;
        new.name = format!("{} ({environment})", base_name(&row));
    }
    let new = if with_secrets {
        let copied = copy_secrets(ctx, id, new).await;
        copied.map_err(|error| error.or_means(NOT_ADDED))?
    } else {
        new
    };
    add(ctx, new).await
}

/// The app's name without its environment: `Grigora` of `Grigora (Production)`.
fn base_name(row: &AppRow) -> &str {
    let own = row.environment.as_ref().map(|environment| format!(" ({environment})"));
    own.and_then(|own| row.name.strip_suffix(&own)).unwrap_or(&row.name)
}

async fn copy_secrets(ctx: &Context, id: &AppId, mut new: NewApp) -> Result<NewApp> {
    let _working = ctx.begin_sealed_write().await?;
    let row = ctx.store.read(|c| app::get(c, id))?.ok_or_else(Error::no_app)?;
    check_hosts(&row, &new)?;
    if let Some(sealed) = row.sealed_secret.as_ref().filter(|_| new.client_secret.is_none()) {
        new.client_secret = Some(SecretInput(ctx.vault.open(&secret_associated_data(id), sealed).await?));
    }
    for (key, value) in secret_parameters::open(ctx, &row).await? {
        let value = SecretInput(value.expose_secret().into());
        new.secrets.entry(key).or_insert(Some(value));
    }
    Ok(new)
}

/// Refuses to copy secrets to another provider or to other hosts.
fn check_hosts(row: &AppRow, new: &NewApp) -> Result<()> {
    let origins = |provider: &str, overrides: &_| -> Result<Origins> {
        Profile::find(provider)?.check(overrides).map(|config| config.origins())
    };
    let old = origins(&row.provider, &row.overrides)?;
    let now = origins(&new.provider, &new.overrides)?;
    let added: Vec<&str> = now.difference(&old).map(String::as_str).collect();
    if added.is_empty() && new.provider == row.provider {
        return Ok(());
    }
    Err(Error::input("client_secret", "The secrets of this app were saved for other hosts.")
        .means(format!("They are not copied to an app that sends them to {}. {NOT_ADDED}", added.join(", ")))
        .hint("Enter the new app’s own client secret."))
}
