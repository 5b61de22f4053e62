//! The private key of an app, by which its client authenticates (`private_key_jwt`) and signs its authorization
//! requests (JAR) and its assertions (RFC 7523 §2.1). It is one of the app's secret settings; Grapnel makes one unless
//! the person enters their own.

use grapnel_model::error::{Code, Error, NextStep, Result};
use grapnel_model::id::AppId;
use grapnel_model::provider::{CLIENT_KEY, ClientAuth, GrantType, ProviderConfig, Secrets};
use grapnel_oauth::signing_key::SigningKey;
use serde_json::{Value, json};

use crate::client_certificate;
use crate::context::Context;
use crate::secret_parameters;
use crate::signed_in::ConfiguredApp;

/// Whether the client signs with a private key: its requests, its assertions (RFC 7523 §2.1), or the JWT by which it
/// authenticates at any endpoint.
pub(crate) fn is_needed(config: &ProviderConfig) -> bool {
    let methods = [Some(config.client_auth), config.revocation_auth, config.introspection_auth];
    config.jar
        || config.grant_type() == GrantType::JwtBearer
        || methods.contains(&Some(ClientAuth::PrivateKeyJwt))
}

/// The key in an app's secret settings; `None` if the client needs none, or there is none.
///
/// # Errors
/// It is no key of the app's algorithm.
pub(crate) fn of(config: &ProviderConfig, secrets: &Secrets) -> Result<Option<SigningKey>> {
    let Some(key) = secrets.get(CLIENT_KEY).filter(|_| is_needed(config)) else { return Ok(None) };
    SigningKey::parse(key, config.client_key_alg, config.client_key_id.as_deref()).map(Some)
}

/// The public halves of an app's private keys as a JSON Web Key Set (RFC 7517 §5), to be registered at the provider:
/// that of its TLS certificate with the certificate.
///
/// # Errors
/// The app's client does not authenticate with a key, or its key cannot be used.
pub(crate) async fn public(ctx: &Context, id: &AppId) -> Result<String> {
    let app = ConfiguredApp::load(ctx, id)?;
    let secrets = secret_parameters::open(ctx, &app.row).await?;
    let config = app.config()?;
    let key = of(config, &secrets)?.map(|key| json!(key.public()));
    let certificate = client_certificate::of(config, &secrets)?
        .filter(|_| client_certificate::is_registered_by_key(config))
        .map(|certificate| certificate.jwk());
    let keys: Vec<Value> = [key, certificate].into_iter().flatten().collect();
    if keys.is_empty() {
        return Err(Error::input("client_auth", format!("The app “{}” has no private key.", app.row.name))
            .hint("Set “Client authentication” to private_key_jwt (client_auth); Grapnel then makes a key.")
            .next_step(NextStep::EditApp));
    }
    serde_json::to_string_pretty(&json!({ "keys": keys }))
        .map_err(|_| Error::new(Code::Internal, "The public key could not be written."))
}
