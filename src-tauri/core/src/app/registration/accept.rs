//! Takes what the provider registered into an app. Nothing half-made stays: a client that cannot be used is deleted
//! again.

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::AppId;
use grapnel_model::provider::endpoint;
use grapnel_model::registration::Registration;
use grapnel_model::secret::SecretString;
use grapnel_oauth::http::registration::{ClientConfiguration, RegisteredClient, delete};
use grapnel_store::app::AppRow;
use grapnel_store::sealed::Sealed;

use super::client_metadata::{client_auth, has_secret};
use crate::app::add::seal;
use crate::context::Context;

/// The associated data of an encrypted registration access token.
pub(crate) fn token_associated_data(app: &AppId) -> String {
    format!("app/{app}/registration")
}

/// The client authentication of a registered client, which may differ from the one that was asked for.
///
/// # Errors
/// The client cannot authenticate with what Grapnel has.
pub(super) fn usable_method(provider: &str, client: &RegisteredClient, asked: &str) -> Result<String> {
    let method = client.auth_method.as_deref().unwrap_or(asked);
    let unusable = |why: &str| {
        Err(Error::new(
            Code::ReplyInvalid,
            format!("{provider} registered a client that Grapnel cannot use: {why}."),
        )
        .hint("Register the app on the provider’s page, and enter its client ID."))
    };
    if client_auth(method).is_err() || (method == "private_key_jwt" && asked != method) {
        return unusable("it authenticates in another way than was asked for");
    }
    if has_secret(method) && client.client_secret.is_none() {
        return unusable("it authenticates with a client secret, and none was issued");
    }
    Ok(method.to_owned())
}

/// Encrypts what was registered, and puts it into the row. The caller holds the vault lock.
pub(super) async fn take(
    ctx: &Context,
    row: &mut AppRow,
    client: &RegisteredClient,
    (endpoint, method): (&str, String),
) -> Result<()> {
    let secret = client.client_secret.as_ref().filter(|_| has_secret(&method));
    row.client_id.clone_from(&client.client_id);
    row.sealed_secret = match secret {
        Some(secret) => Some(seal(ctx, &row.id, secret).await?),
        None => None,
    };
    row.overrides.insert("client_auth".into(), client_auth(&method)?.to_owned());
    row.sealed_registration = match &client.configuration {
        Some(configuration) => Some(seal_token(ctx, &row.id, &configuration.token).await?),
        None => None,
    };
    row.registration = Some(Box::new(Registration {
        client_id: client.client_id.clone(),
        endpoint: endpoint.to_owned(),
        client_uri: client.configuration.as_ref().map(|at| at.uri.as_str().to_owned()),
        auth_method: method,
        registered_at: ctx.now(),
        secret_expires_at: client.secret_expires_at.filter(|_| secret.is_some()),
        notified_secret_end: None,
    }));
    Ok(())
}

pub(super) async fn seal_token(ctx: &Context, id: &AppId, token: &SecretString) -> Result<Sealed> {
    ctx.vault.seal(&token_associated_data(id), token).await
}

/// Puts the registration of an imported app into its row, unless it is not one of its client. Where the token may go is
/// checked whenever it is sent.
pub(crate) async fn restore(
    ctx: &Context,
    row: &mut AppRow,
    registration: Option<&Registration>,
    token: Option<&SecretString>,
) -> Result<()> {
    let Some(registration) = registration.filter(|own| own.client_id == row.client_id) else { return Ok(()) };
    let addresses = registration.client_uri.iter().chain([&registration.endpoint]);
    if addresses.into_iter().any(|address| endpoint("registration_url", address).is_err()) {
        return Ok(());
    }
    row.registration = Some(Box::new(registration.clone()));
    if let Some(token) = token {
        row.sealed_registration = Some(seal_token(ctx, &row.id, token).await?);
    }
    Ok(())
}

/// Deletes a client that was registered and cannot be kept; returns the error with what became of it.
pub(super) async fn undo(
    ctx: &Context,
    client_id: &str,
    at: Option<&ClientConfiguration>,
    error: Error,
) -> Error {
    let is_deleted = match at {
        Some(at) => delete(&ctx.http, at).await.is_ok(),
        None => false,
    };
    if is_deleted {
        return error.means("The registration was deleted again; nothing was stored.");
    }
    error.means(format!(
        "Nothing was stored here. The client {client_id} stays registered at the provider, where you can delete it."
    ))
}

/// What a person should know about a registered client.
pub(super) fn notes(client: &RegisteredClient, redirect_uri: &str) -> Vec<String> {
    let other_redirect = client.changes.iter().any(|change| {
        change.member == "redirect_uris" && !change.registered.split(' ').any(|uri| uri == redirect_uri)
    });
    let redirect = other_redirect.then(|| {
        "The provider did not register the app’s redirect URI: sign-ins will be refused until it is the same on both \
         sides."
            .to_owned()
    });
    let refused = client.refused_uri.as_ref().map(|uri| {
        format!(
            "The provider names an address to manage the client that is not its own, {uri}. Grapnel sends nothing \
             there: change and delete the client on the provider’s page."
        )
    });
    redirect.into_iter().chain(refused).collect()
}
