//! Takes what the provider registered into an app. Nothing half-made stays: a client that cannot be used is deleted
//! again.

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::AppId;
use grapnel_model::provider::{Profile, ProviderConfig, endpoint};
use grapnel_model::registration::Registration;
use grapnel_model::secret::SecretString;
use grapnel_oauth::http::registration::{ClientConfiguration, RegisteredClient, delete};
use grapnel_store::app::AppRow;
use grapnel_store::sealed::Sealed;
use url::Url;

use super::client_metadata::{client_auth, has_secret};
use crate::app::add::seal;
use crate::context::Context;
use crate::grant::registration_associated_data;

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
    // What these methods need was made or entered for the one that was asked for.
    let needs_own = ["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"].contains(&method);
    if client_auth(method).is_err() || (needs_own && asked != method) {
        return unusable("it authenticates in another way than was asked for");
    }
    if has_secret(method) && client.client_secret.is_none() {
        return unusable("it authenticates with a client secret, and none was issued");
    }
    Ok(method.to_owned())
}

/// What was registered, encrypted.
pub(super) struct SealedClient {
    registration: Registration,
    secret: Option<Sealed>,
    token: Option<Sealed>,
    client_auth: &'static str,
}

impl SealedClient {
    /// Encrypts what was registered. The caller holds the vault lock until the row is written.
    pub(super) async fn seal(
        ctx: &Context,
        app: &AppId,
        client: &RegisteredClient,
        (endpoint, method): (&str, String),
    ) -> Result<Self> {
        let secret = client.client_secret.as_ref().filter(|_| has_secret(&method));
        Ok(Self {
            secret: match secret {
                Some(secret) => Some(seal(ctx, app, secret).await?),
                None => None,
            },
            token: match &client.configuration {
                Some(configuration) => Some(seal_token(ctx, app, &configuration.token).await?),
                None => None,
            },
            client_auth: client_auth(&method)?,
            registration: Registration {
                client_id: client.client_id.clone(),
                endpoint: endpoint.to_owned(),
                client_uri: client.configuration.as_ref().map(|at| at.uri.as_str().to_owned()),
                auth_method: method,
                registered_at: ctx.now(),
                secret_expires_at: client.secret_expires_at.filter(|_| secret.is_some()),
                notified_secret_end: None,
            },
        })
    }

    /// Makes an app this client.
    pub(super) fn put_into(self, row: &mut AppRow) {
        row.client_id.clone_from(&self.registration.client_id);
        row.sealed_secret = self.secret;
        row.overrides.insert("client_auth".into(), self.client_auth.to_owned());
        row.sealed_registration = self.token;
        row.registration = Some(Box::new(self.registration));
    }

    /// Updates the registration of the same client (RFC 7592 §3): a response without a secret or an address leaves
    /// those as they are.
    pub(super) fn update(self, row: &mut AppRow) {
        let Some(own) = &mut row.registration else { return };
        if self.secret.is_some() {
            row.sealed_secret = self.secret;
            row.overrides.insert("client_auth".into(), self.client_auth.to_owned());
            own.auth_method = self.registration.auth_method;
            own.secret_expires_at = self.registration.secret_expires_at;
        }
        if self.token.is_some() {
            row.sealed_registration = self.token;
            own.client_uri = self.registration.client_uri;
        }
    }
}

/// An app's registration, if it is that of the app's client at the app's own registration endpoint: neither the client
/// ID nor the provider's addresses were changed since then.
pub(super) fn current<'a>(row: &'a AppRow, config: &ProviderConfig) -> Option<&'a Registration> {
    let now = config.registration_url.as_ref()?.origin();
    row.registration.as_deref().filter(|own| {
        own.client_id == row.client_id && Url::parse(&own.endpoint).is_ok_and(|url| url.origin() == now)
    })
}

pub(super) async fn seal_token(ctx: &Context, id: &AppId, token: &SecretString) -> Result<Sealed> {
    ctx.vault.seal(&registration_associated_data(id), token).await
}

/// Puts the registration of an imported app into its row, unless it is not one of its client at its provider.
pub(crate) async fn restore(
    ctx: &Context,
    row: &mut AppRow,
    registration: Option<&Registration>,
    token: Option<&SecretString>,
) -> Result<()> {
    let Some(registration) = registration else { return Ok(()) };
    let addresses = registration.client_uri.iter().chain([&registration.endpoint]);
    if addresses.into_iter().any(|address| endpoint("registration_url", address).is_err()) {
        return Ok(());
    }
    row.registration = Some(Box::new(registration.clone()));
    let config = Profile::find(&row.provider).and_then(|profile| profile.config(&row.overrides));
    if config.is_ok_and(|config| current(row, &config).is_none()) {
        row.registration = None;
        return Ok(());
    }
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
            "The provider names a URL to manage the client that is another host’s or contains a secret, {uri}. Grapnel \
             does not use it: change and delete the client on the provider’s page."
        )
    });
    redirect.into_iter().chain(refused).collect()
}
