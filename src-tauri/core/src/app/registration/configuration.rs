//! The client configuration endpoint of an app's registration (RFC 7592): read, update, delete.

use grapnel_model::activity::Kind;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::AppId;
use grapnel_model::provider::ProviderConfig;
use grapnel_model::registration::Registration;
use grapnel_oauth::http::registration::{self, ClientConfiguration, ClientMetadata, RegisteredClient};
use grapnel_store::app::AppRow;
use grapnel_store::{activity, app, connection};
use url::Url;

use super::accept::{SealedClient, current, notes, usable_method};
use super::client_metadata::{PublicKeys, client_metadata};
use super::explain::not_managed;
use super::registered_app::RegisteredApp;
use crate::app::view::view;
use crate::context::Context;
use crate::grant::registration_associated_data;
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
        let managed = match current(&app.row, &config) {
            Some(_) => configuration(ctx, &app.row).await?,
            None => None,
        };
        let Some((registration, at)) = managed else { return Err(unmanageable(&app.row, &config)) };
        let values = secret_parameters::open(ctx, &app.row).await?;
        let keys = PublicKeys::of(&config, &values)?;
        let metadata = client_metadata(&app.row, &config, &registration.auth_method, &keys);
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
        if client.client_id != registration.client_id {
            return Err(Error::new(Code::ReplyInvalid, format!("{provider} answered about another client.")));
        }
        let method = match client.client_secret {
            Some(_) => usable_method(&provider, client, &registration.auth_method)?,
            None => registration.auth_method.clone(),
        };
        let origins = app.config()?.origins();
        let _working = ctx.begin_sealed_write().await?;
        let sealed = SealedClient::seal(ctx, &app.row.id, client, (&registration.endpoint, method)).await?;
        // The row of now: the person may have changed the app while the provider answered.
        let row = ctx.store.write(|tx| {
            let Some(now) = app::get(tx, &app.row.id)?.map(ConfiguredApp::of) else { return Ok(None) };
            let is_same = now.config().is_ok_and(|config| {
                current(&now.row, config).is_some_and(|own| own.endpoint == registration.endpoint)
                    && now.row.client_id == registration.client_id
                    && config.origins() == origins
            });
            if !is_same {
                return Ok(None);
            }
            let mut row = now.row;
            sealed.update(&mut row);
            app::update(tx, &row)?;
            if let Some(text) = text {
                activity::add(tx, ctx.now(), Kind::AppChanged, text, (None, Some(&row.id)))?;
            }
            Ok(Some(row))
        })?;
        let Some(row) = row else { return Err(changed_meanwhile()) };
        ctx.emit(Event::Apps);
        let notes = notes(client, &row.redirect_uri);
        Ok(RegisteredApp { changes: client.changes.clone(), notes, app: view(row)? })
    }
}

/// The error of an answer that is about what the app was before.
pub(super) fn changed_meanwhile() -> Error {
    Error::new(Code::InvalidInput, "The app was changed while the provider answered.")
        .means("The answer was not stored; the app is as you changed it.")
        .hint("Try again.")
}

/// Why an app's client cannot be managed at its provider.
fn unmanageable(row: &AppRow, config: &ProviderConfig) -> Error {
    let name = &row.name;
    let own = row.registration.as_ref().filter(|own| own.client_id == row.client_id);
    let error = |text: String| Error::input("app", text).hint("Look at the client on the provider’s page.");
    match own {
        None => error(format!("Grapnel did not register the client of “{name}”, so it cannot manage it.")),
        Some(_) if current(row, config).is_none() => {
            error(format!("The client of “{name}” was registered at another address than the app now has."))
        }
        Some(_) => {
            error(format!("The provider of “{name}” gave no address to manage its client at (RFC 7592)."))
        }
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
    let token = ctx.vault.open(&registration_associated_data(&row.id), sealed).await?;
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
