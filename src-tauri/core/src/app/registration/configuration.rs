//! The client configuration endpoint of an app's registration (RFC 7592): read, update, delete.

use grapnel_model::activity::Kind;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::AppId;
use grapnel_model::registration::Registration;
use grapnel_oauth::http::registration::{self, ClientConfiguration, ClientMetadata, RegisteredClient};
use grapnel_store::app::AppRow;
use grapnel_store::{activity, app, connection};
use url::Url;

use super::accept::{notes, take, token_associated_data, usable_method};
use super::client_metadata::client_metadata;
use super::explain::not_managed;
use super::registered_app::RegisteredApp;
use crate::app::view::view;
use crate::client_key;
use crate::context::Context;
use crate::secret_parameters;
use crate::signed_in::ConfiguredApp;

const UNCHANGED: &str = "The app is unchanged.";

/// An app's client at its provider.
struct ManagedClient {
    app: ConfiguredApp,
    provider: String,
    registration: Registration,
    at: ClientConfiguration,
    metadata: ClientMetadata,
}

impl ManagedClient {
    /// Loads an app's client, as it is to be registered: with the app's scopes, those that its connections have, and
    /// `more`.
    async fn load(ctx: &Context, id: &AppId, more: &[String]) -> Result<Self> {
        let mut app = ConfiguredApp::load(ctx, id)?;
        let own = app.row.scopes.clone();
        let connections = ctx.store.read(connection::all)?.into_iter().filter(|one| one.app_id == *id);
        let granted = connections.flat_map(|one| one.scopes);
        for scope in granted.chain(more.iter().cloned()) {
            if !own.is_empty() && !app.row.scopes.contains(&scope) {
                app.row.scopes.push(scope);
            }
        }
        let (provider, config) = (app.provider()?, app.config()?.clone());
        let Some((registration, at)) = configuration(ctx, &app.row).await? else {
            return Err(Error::input(
                "app",
                format!("Grapnel cannot manage the client of “{}” at its provider.", app.row.name),
            )
            .hint("Look at the client on the provider’s page."));
        };
        let values = secret_parameters::open(ctx, &app.row).await?;
        let key = client_key::of(&config, &values)?;
        let metadata = client_metadata(&app.row, &config, &registration.auth_method, key.as_ref());
        app.row.scopes = own;
        Ok(Self { app, provider, registration, at, metadata })
    }

    /// Stores what a response brought: the provider may replace the secret and the token (RFC 7592 §3).
    async fn store(
        self,
        ctx: &Context,
        client: &RegisteredClient,
        text: Option<&str>,
    ) -> Result<RegisteredApp> {
        let Self { app, provider, registration, .. } = self;
        let (before, mut row) = (app.row.clone(), app.row);
        if client.client_id != row.client_id {
            return Err(Error::new(Code::ReplyInvalid, format!("{provider} answered about another client.")));
        }
        let _working = ctx.begin_sealed_write().await?;
        // A response without a secret or an address leaves them as they are.
        if client.client_secret.is_some() {
            let method = usable_method(&provider, client, &registration.auth_method)?;
            take(ctx, &mut row, client, (&registration.endpoint, method)).await?;
        } else if let Some(at) = &client.configuration {
            row.sealed_registration = Some(super::accept::seal_token(ctx, &row.id, &at.token).await?);
            if let Some(own) = &mut row.registration {
                own.client_uri = Some(at.uri.as_str().to_owned());
            }
        }
        if client.configuration.is_none() {
            row.sealed_registration.clone_from(&before.sealed_registration);
        }
        if let (Some(own), Some(old)) = (&mut row.registration, &before.registration) {
            own.registered_at = old.registered_at;
            if client.configuration.is_none() {
                own.client_uri.clone_from(&old.client_uri);
            }
        }
        let is_stored = ctx.store.write(|tx| {
            let now = app::get(tx, &row.id)?;
            // The app was changed or removed meanwhile; its own values count.
            if now.is_none_or(|now| {
                now.client_id != before.client_id || now.sealed_secret != before.sealed_secret
            }) {
                return Ok(false);
            }
            app::update(tx, &row)?;
            if let Some(text) = text {
                activity::add(tx, ctx.now(), Kind::AppChanged, text, (None, Some(&row.id)))?;
            }
            Ok(true)
        })?;
        if is_stored {
            ctx.emit(Event::Apps);
        }
        let notes = notes(client, &row.redirect_uri);
        Ok(RegisteredApp { changes: client.changes.clone(), notes, app: view(row)? })
    }
}

/// An app's registration, and where it is managed; `None` if it is not.
async fn configuration(ctx: &Context, row: &AppRow) -> Result<Option<(Registration, ClientConfiguration)>> {
    let registration = row.registration.as_ref().filter(|own| own.client_id == row.client_id);
    let (Some(registration), Some(sealed)) = (registration, &row.sealed_registration) else {
        return Ok(None);
    };
    let uri = registration.client_uri.as_deref().and_then(|uri| Url::parse(uri).ok());
    let endpoint = Url::parse(&registration.endpoint).ok();
    let is_own = |uri: &Url| endpoint.as_ref().is_some_and(|endpoint| endpoint.origin() == uri.origin());
    let Some(uri) = uri.filter(is_own) else { return Ok(None) };
    let token = ctx.vault.open(&token_associated_data(&row.id), sealed).await?;
    Ok(Some((registration.as_ref().clone(), ClientConfiguration { uri, token })))
}

/// Reads an app's registration at the provider, and compares it with the app.
pub(crate) async fn read(ctx: &Context, id: &AppId) -> Result<RegisteredApp> {
    let managed = ManagedClient::load(ctx, id, &[]).await?;
    let client = registration::read(&ctx.http, &managed.at, &managed.metadata).await;
    let client = client.map_err(|failure| not_managed(&managed.provider, failure).or_means(UNCHANGED))?;
    managed.store(ctx, &client, None).await
}

/// Makes an app's registration at the provider like the app, such as after its redirect URI has changed.
pub(crate) async fn update(ctx: &Context, id: &AppId) -> Result<RegisteredApp> {
    let managed = ManagedClient::load(ctx, id, &[]).await?;
    let id = &managed.registration.client_id;
    let client = registration::update(&ctx.http, &managed.at, id, &managed.metadata).await;
    let client = client.map_err(|failure| not_managed(&managed.provider, failure).or_means(UNCHANGED))?;
    let text = format!("App “{}”: its registration at the provider was updated.", managed.app.row.name);
    managed.store(ctx, &client, Some(&text)).await
}

/// Registers scopes that a sign-in asks for besides the app's, at a provider that grants a client only those that it is
/// registered with. If that fails, the sign-in shows what the provider says.
pub(crate) async fn widen(ctx: &Context, id: &AppId, more: &[String]) {
    let Ok(managed) = ManagedClient::load(ctx, id, more).await else { return };
    let id = &managed.registration.client_id;
    let updated = registration::update(&ctx.http, &managed.at, id, &managed.metadata).await;
    if let Ok(client) = updated
        && let Err(error) = managed.store(ctx, &client, None).await
    {
        tracing::warn!(%error, "the response of a registration was not stored");
    }
}

/// A client that can be deleted at its provider, also after its app was removed.
pub(crate) struct DeletableClient {
    provider: String,
    client_id: String,
    at: ClientConfiguration,
}

/// An app's client, if it can be deleted at its provider.
pub(crate) async fn deletable(ctx: &Context, id: &AppId) -> Result<Option<DeletableClient>> {
    let app = ConfiguredApp::load(ctx, id)?;
    let Some((registration, at)) = configuration(ctx, &app.row).await? else { return Ok(None) };
    // Another app may be the same client, such as after it was duplicated.
    let others = ctx.store.read(app::all)?;
    let is_shared =
        others.iter().any(|other| other.id != app.row.id && other.client_id == registration.client_id);
    let provider = app.provider()?;
    Ok((!is_shared).then_some(DeletableClient { provider, client_id: registration.client_id, at }))
}

/// Deletes a client at its provider; returns why it could not, as a sentence. One that is gone already is deleted.
pub(crate) async fn delete(ctx: &Context, client: &DeletableClient) -> Option<String> {
    let DeletableClient { provider, client_id, at } = client;
    match registration::delete(&ctx.http, at).await {
        Ok(()) => None,
        Err(failure) if super::explain::is_gone(&failure) => None,
        Err(failure) => Some(format!(
            "{} The client {client_id} stays registered there; delete it on the provider’s page.",
            not_managed(provider, failure).message
        )),
    }
}
