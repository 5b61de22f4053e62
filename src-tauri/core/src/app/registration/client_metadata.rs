//! The members of a client that Grapnel registers (RFC 7591 §2).

use std::sync::Arc;

use grapnel_model::error::{Error, Result};
use grapnel_model::provider::{ClientAuth, Dpop, GrantType, ProviderConfig, RefreshTokenPolicy, Secrets};
use grapnel_oauth::client_certificate::ClientCertificate;
use grapnel_oauth::http::registration::ClientMetadata;
use grapnel_oauth::signing_key::SigningKey;
use grapnel_store::app::AppRow;
use serde_json::{Value, json};

use crate::{client_certificate, client_key};

/// What a provider's page shows as the client's name. The app's own name is the person's, and stays here.
const CLIENT_NAME: &str = "Grapnel";
/// Identifies this software among the clients of all its installations.
const SOFTWARE_ID: &str = "4c4ff4f1-31fd-4b0b-a4fa-8a5b8f5f2f0b";

/// The client authentication that an app's setting stands for. An app that sends its client ID in the body, and has no
/// secret, is a public client.
pub(super) fn auth_method(config: &ProviderConfig) -> &'static str {
    match config.client_auth {
        ClientAuth::Body if config.grant_type() == GrantType::ClientCredentials => "client_secret_post",
        ClientAuth::None | ClientAuth::Body => "none",
        ClientAuth::Basic | ClientAuth::BasicRaw => "client_secret_basic",
        ClientAuth::SecretJwt => "client_secret_jwt",
        ClientAuth::PrivateKeyJwt => "private_key_jwt",
        ClientAuth::TlsClientAuth => "tls_client_auth",
        ClientAuth::SelfSignedTlsClientAuth => "self_signed_tls_client_auth",
    }
}

/// The setting `client_auth` for a registered client authentication.
pub(super) fn client_auth(method: &str) -> Result<&'static str> {
    Ok(match method {
        "none" | "client_secret_post" => "body",
        "client_secret_basic" => "basic",
        "client_secret_jwt" => "secret_jwt",
        "private_key_jwt" => "private_key_jwt",
        "tls_client_auth" => "tls_client_auth",
        "self_signed_tls_client_auth" => "self_signed_tls_client_auth",
        other => {
            return Err(Error::input(
                "client_auth",
                format!("Grapnel does not support the client authentication “{other}”."),
            )
            .hint("Choose another client authentication."));
        }
    })
}

/// Whether the client authenticates with a secret that the provider issues.
pub(super) fn has_secret(method: &str) -> bool {
    method.starts_with("client_secret_")
}

/// The keys of an app's client, whose public halves are registered.
#[derive(Default)]
pub(super) struct PublicKeys {
    key: Option<SigningKey>,
    certificate: Option<Arc<ClientCertificate>>,
}

impl PublicKeys {
    /// Those in an app's secret settings.
    pub(super) fn of(config: &ProviderConfig, secrets: &Secrets) -> Result<Self> {
        let certificate = client_certificate::of(config, secrets)?;
        let has_no_name = certificate.as_ref().is_some_and(|own| own.subject_dn().is_none());
        if config.client_auth == ClientAuth::TlsClientAuth && has_no_name {
            return Err(Error::input("client_auth", "The certificate has no subject to register.")
                .hint("Register the client at the provider, by the name in the certificate that it takes."));
        }
        Ok(Self { key: client_key::of(config, secrets)?, certificate })
    }
}

/// The members of an app's client.
pub(super) fn client_metadata(
    app: &AppRow,
    config: &ProviderConfig,
    method: &str,
    keys: &PublicKeys,
) -> ClientMetadata {
    let grant = config.grant_type();
    let mut grants = vec![grant.identifier()];
    if grant == GrantType::AuthorizationCode && config.device_authorization_url().is_some() {
        grants.push(GrantType::DeviceCode.identifier());
    }
    if grant.has_person() && config.refresh.policy != RefreshTokenPolicy::None {
        grants.push("refresh_token");
    }
    let has_callback = grant == GrantType::AuthorizationCode;
    let mut members = ClientMetadata::new();
    let mut set = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    set("client_name", CLIENT_NAME.into());
    set("application_type", "native".into());
    set("redirect_uris", if has_callback { json!([app.redirect_uri]) } else { json!([]) });
    set("response_types", if has_callback { json!(["code"]) } else { json!([]) });
    set("grant_types", grants.into());
    set("token_endpoint_auth_method", method.into());
    set("software_id", SOFTWARE_ID.into());
    set("software_version", env!("CARGO_PKG_VERSION").into());
    if !app.scopes.is_empty() {
        set("scope", app.scopes.join(" ").into());
    }
    // What the app demands of every request and token, the provider is to demand as well.
    if config.dpop == Dpop::Required {
        set("dpop_bound_access_tokens", true.into());
    }
    if config.par && has_callback {
        set("require_pushed_authorization_requests", true.into());
    }
    if let Some(key) = keys.key.as_ref().filter(|_| config.jar && has_callback) {
        set("request_object_signing_alg", json!(key.public().common.key_algorithm));
    }
    let (mut set_of_keys, key) = (Vec::new(), keys.key.as_ref());
    set_of_keys.extend(key.map(|key| json!(key.public())));
    if let Some(key) = key.filter(|_| method == "private_key_jwt") {
        set("token_endpoint_auth_signing_alg", json!(key.public().common.key_algorithm));
    }
    if let Some(certificate) = &keys.certificate {
        match method {
            "tls_client_auth" => set("tls_client_auth_subject_dn", json!(certificate.subject_dn())),
            "self_signed_tls_client_auth" => set_of_keys.push(certificate.jwk()),
            _ if client_certificate::is_registered_by_key(config) => set_of_keys.push(certificate.jwk()),
            _ => {}
        }
    }
    if config.certificate_bound {
        set("tls_client_certificate_bound_access_tokens", true.into());
    }
    if !set_of_keys.is_empty() {
        set("jwks", json!({ "keys": set_of_keys }));
    }
    members
}
