//! An app and its connections as a document has them.

use grapnel_model::error::Result;
use grapnel_model::provider::is_secret;
use grapnel_store::app::AppRow;
use grapnel_store::connection::ConnectionRow;

use super::document::{ArchivedApp, ArchivedConnection, PlaintextSecret};
use super::tokens::{archived_tokens, plaintext};
use crate::context::Context;
use crate::grant::{registration_associated_data, secret_associated_data};
use crate::secret_parameters;

/// A connection for a document.
pub(crate) async fn archived_connection(
    ctx: &Context,
    row: &ConnectionRow,
    with_tokens: bool,
) -> Result<ArchivedConnection> {
    Ok(ArchivedConnection {
        id: row.id.0.clone(),
        name: row.name.clone(),
        created_at: row.created_at,
        scopes: row.scopes.clone(),
        project_ids: row.project_ids.clone(),
        account: row.identity.account.clone(),
        allowed_origins: row.allowed_origins.clone(),
        annotations: row.annotations.clone(),
        // Another computer could not know whose tokens these are.
        tokens: if with_tokens && !row.holds_another_account() {
            archived_tokens(ctx, row).await?
        } else {
            None
        },
    })
}

/// An app for a document, with these connections.
pub(crate) async fn archived_app(
    ctx: &Context,
    app: &AppRow,
    connections: Vec<ArchivedConnection>,
) -> Result<ArchivedApp> {
    let copied = |(key, value): (&String, &String)| (key.clone(), value.clone());
    let mut secrets = secret_parameters::open(ctx, app).await?;
    let clear = app.overrides.iter().filter(|(key, _)| is_secret(key));
    secrets.extend(clear.map(|(key, value)| (key.clone(), value.as_str().into())));
    Ok(ArchivedApp {
        name: app.name.clone(),
        provider: app.provider.clone(),
        client_id: app.client_id.clone(),
        client_secret: plaintext(ctx, &secret_associated_data(&app.id), app.sealed_secret.as_ref()).await?,
        redirect_uri: app.redirect_uri.clone(),
        scopes: app.scopes.clone(),
        projects: app.projects.clone(),
        overrides: app.overrides.iter().filter(|(key, _)| !is_secret(key)).map(copied).collect(),
        secrets: secrets.into_iter().map(|(key, value)| (key, PlaintextSecret(value))).collect(),
        discovered: app.discovered.clone(),
        environment: app.environment.clone(),
        registration: app.registration.as_deref().cloned(),
        registration_token: plaintext(
            ctx,
            &registration_associated_data(&app.id),
            app.sealed_registration.as_ref(),
        )
        .await?,
        connections,
    })
}
