//! An app's secret settings: extra parameters and headers that are stored in the vault only.

use std::collections::BTreeMap;

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::AppId;
use grapnel_model::provider::{Secrets, is_secret};
use grapnel_model::secret::{ExposeSecret, SecretInput, SecretString};
use grapnel_store::app::{self, AppRow};
use grapnel_store::sealed::Sealed;

use crate::context::Context;

/// The associated data of their encrypted form.
fn associated_data(app: &AppId) -> String {
    format!("app/{app}/values")
}

/// Encrypts them; `None` if there are none.
pub(crate) async fn seal(ctx: &Context, app: &AppId, secrets: &Secrets) -> Result<Option<Sealed>> {
    if secrets.is_empty() {
        return Ok(None);
    }
    let plain: BTreeMap<&str, &str> =
        secrets.iter().map(|(key, value)| (key.as_str(), value.expose_secret())).collect();
    let text = serde_json::to_string(&plain)
        .map_err(|_| Error::new(Code::Internal, "The app’s values could not be written."))?;
    ctx.vault.seal(&associated_data(app), &SecretString::from(text)).await.map(Some)
}

/// Decrypts them.
pub(crate) async fn open(ctx: &Context, app: &AppRow) -> Result<Secrets> {
    let Some(sealed) = &app.sealed_values else { return Ok(Secrets::new()) };
    let text = ctx.vault.open(&associated_data(&app.id), sealed).await?;
    let plain: BTreeMap<String, SecretInput> = serde_json::from_str(text.expose_secret())
        .map_err(|_| Error::new(Code::DataDamaged, "The app’s values cannot be read."))?;
    Ok(plain.into_iter().map(|(key, value)| (key, value.0)).collect())
}

/// Encrypts settings that an earlier version stored in the clear. The caller holds the vault lock, so that the vault is
/// not re-keyed meanwhile.
pub(crate) async fn seal_clear(ctx: &Context, app: &AppRow) -> Result<()> {
    let clear = app.overrides.iter().filter(|(key, _)| is_secret(key));
    let clear: Secrets = clear.map(|(key, value)| (key.clone(), value.as_str().into())).collect();
    if clear.is_empty() {
        return Ok(());
    }
    let mut secrets = open(ctx, app).await?;
    secrets.extend(clear);
    let mut new = app.clone();
    new.overrides.retain(|key, _| !is_secret(key));
    new.secret_keys = secrets.keys().cloned().collect();
    new.sealed_values = seal(ctx, &app.id, &secrets).await?;
    ctx.store.write(|tx| {
        let now = app::get(tx, &app.id)?;
        // A concurrent change has encrypted them.
        if now.is_some_and(|now| now.overrides == app.overrides && now.sealed_values == app.sealed_values) {
            app::update(tx, &new)?;
        }
        Ok(())
    })
}
