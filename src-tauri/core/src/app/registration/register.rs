//! Registers a new app's client, and adds the app.

use grapnel_model::error::{Error, Result};
use grapnel_model::provider::{Profile, Secrets};
use grapnel_model::secret::{ExposeSecret, SecretInput, SecretString};
use grapnel_oauth::http::registration::{self, RegisteredClient};
use url::Url;

use super::accept::{SealedClient, notes, undo, usable_method};
use super::client_metadata::{PublicKeys, auth_method, client_auth, client_metadata, has_secret};
use super::explain::not_registered;
use super::registered_app::{RegisteredApp, RegistrationRequest};
use crate::app::add::{ValidatedApp, check_name, insert, sealed, validate};
use crate::app::errors::NOT_ADDED;
use crate::app::view::App;
use crate::context::Context;

/// Stands for the client ID and the client secret, on which the provider decides, while the other values are checked.
const PENDING: &str = "pending";

/// Registers the client of a new app, and adds the app. An error names the invalid field; nothing is stored then.
pub(crate) async fn register(ctx: &Context, request: RegistrationRequest) -> Result<RegisteredApp> {
    accept(ctx, request).await.map_err(|error| error.or_means(NOT_ADDED))
}

async fn accept(ctx: &Context, request: RegistrationRequest) -> Result<RegisteredApp> {
    let RegistrationRequest { app: mut new, auth_method: asked, initial_access_token } = request;
    if let Some(method) = &asked {
        new.overrides.insert("client_auth".into(), client_auth(method)?.to_owned());
    }
    let profile = Profile::find(&new.provider)?;
    let config = profile.check(&new.overrides)?;
    let provider = profile.name_in_sentence(&new.overrides);
    let endpoint = config.registration_url.clone().ok_or_else(|| no_endpoint(&provider))?;
    let method = asked.unwrap_or_else(|| auth_method(&config).to_owned());
    new.client_id = PENDING.into();
    new.client_secret = has_secret(&method).then(|| SecretInput(PENDING.into()));
    let possible = validate(new, ctx.now())?;
    check_name(ctx, &possible.row)?;
    let keys = PublicKeys::of(&config, &possible.values)?;
    let metadata = client_metadata(&possible.row, &config, &method, &keys);
    // The vault must open before anything is registered.
    ctx.vault.seal(PENDING, &PENDING.into()).await?;
    let token = initial_token(initial_access_token);
    let client = registration::register(&ctx.http, &endpoint, token.as_ref(), &metadata).await;
    let client = client.map_err(|failure| not_registered(&provider, failure))?;
    let told = notes(&client, &possible.row.redirect_uri);
    match keep(ctx, possible, &client, (&provider, &endpoint, &method)).await {
        Ok(app) => Ok(RegisteredApp { app, changes: client.changes, notes: told }),
        Err(error) => Err(undo(ctx, &client.client_id, client.configuration.as_ref(), error).await),
    }
}

/// Stores the app with what was registered.
async fn keep(
    ctx: &Context,
    possible: ValidatedApp,
    client: &RegisteredClient,
    (provider, endpoint, method): (&str, &Url, &str),
) -> Result<App> {
    let method = usable_method(provider, client, method)?;
    let _working = ctx.begin_sealed_write().await?;
    let values: Secrets = possible.values;
    let mut row = sealed(ctx, ValidatedApp { secret: None, values, row: possible.row }).await?;
    SealedClient::seal(ctx, &row.id, client, (endpoint.as_str(), method)).await?.put_into(&mut row);
    insert(ctx, row)
}

pub(super) fn initial_token(entered: Option<SecretInput>) -> Option<SecretString> {
    let entered = entered.map(|token| token.0.expose_secret().trim().to_owned());
    entered.filter(|token| !token.is_empty()).map(SecretString::from)
}

pub(super) fn no_endpoint(provider: &str) -> Error {
    Error::input("registration_url", format!("{provider} has no registration endpoint that Grapnel knows."))
        .hint("Register the app on the provider’s page, and enter its client ID. Or set registration_url.")
}
