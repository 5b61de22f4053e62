//! The TLS certificate of an app (RFC 8705), by which its client authenticates, or to which its access tokens are
//! bound. With its private key it is one of the app's secret settings; Grapnel makes a self-signed one unless the
//! person enters their own.

use std::sync::Arc;

use grapnel_model::client_certificate::CertificateView;
use grapnel_model::error::{Code, Error, NextStep, Result};
use grapnel_model::id::AppId;
use grapnel_model::provider::{CLIENT_CERTIFICATE, ClientAuth, ProviderConfig, Secrets};
use grapnel_oauth::client_certificate::ClientCertificate;
use grapnel_oauth::http::api::ApiToken;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::context::Context;
use crate::secret_parameters;
use crate::signed_in::ConfiguredApp;

/// The subject of a certificate that Grapnel makes. The name of the app is the person's, and stays here.
const SUBJECT: &str = "Grapnel";

/// The certificate in an app's secret settings; `None` if the client needs none, or there is none.
///
/// # Errors
/// It cannot be used.
pub(crate) fn of(config: &ProviderConfig, secrets: &Secrets) -> Result<Option<Arc<ClientCertificate>>> {
    let Some(text) = secrets.get(CLIENT_CERTIFICATE).filter(|_| config.has_certificate()) else {
        return Ok(None);
    };
    ClientCertificate::parse(text).map(|certificate| Some(Arc::new(certificate)))
}

/// Checks the certificate that was entered, and makes one if the client needs one and there is none; `is_kept` if one
/// is stored.
///
/// # Errors
/// It cannot be used, or an authority must issue it.
pub(crate) fn check(
    config: &ProviderConfig,
    secrets: &mut Secrets,
    is_kept: bool,
    now: Timestamp,
) -> Result<()> {
    if !config.has_certificate() {
        return Ok(());
    }
    if !is_kept && !secrets.contains_key(CLIENT_CERTIFICATE) {
        if needs_issued(config) {
            return Err(Error::input(CLIENT_CERTIFICATE, "The client certificate is empty.").hint(ISSUED));
        }
        let made = ClientCertificate::generate(config.client_key_alg, SUBJECT, now)?;
        secrets.insert(CLIENT_CERTIFICATE.to_owned(), made);
    }
    of(config, secrets).map(drop)
}

/// What to do where an authority must have issued the certificate.
const ISSUED: &str = "Enter the certificate that an authority issued to your client, and its private key. If the \
    provider takes certificates that a client signed itself, choose self_signed_tls_client_auth.";

/// Checks a certificate that stays although the app's settings change.
///
/// # Errors
/// Grapnel made it, and now an authority must have issued it, or its key is to be of another algorithm.
pub(crate) fn check_kept(
    config: &ProviderConfig,
    held: &Secrets,
    other_algorithm: Option<&str>,
) -> Result<()> {
    let Some(certificate) = of(config, held)?.filter(|certificate| certificate.is_made_for(SUBJECT)) else {
        return Ok(());
    };
    if needs_issued(config) {
        return Err(
            Error::input(CLIENT_CERTIFICATE, "Grapnel signed the app’s certificate itself.").hint(ISSUED)
        );
    }
    match other_algorithm {
        Some(field) if !certificate.has_key_for(config.client_key_alg) => {
            Err(Error::input(field, "The key of the app’s certificate is for another algorithm.").hint(
                "Remove the stored certificate (client_certificate), and Grapnel makes a new one. Then register that.",
            ))
        }
        _ => Ok(()),
    }
}

/// Whether an authority must have issued the certificate (RFC 8705 §2.1).
fn needs_issued(config: &ProviderConfig) -> bool {
    methods(config).contains(&ClientAuth::TlsClientAuth)
}

/// Whether the provider knows the client by the certificate's key (RFC 8705 §2.2.2).
pub(crate) fn is_registered_by_key(config: &ProviderConfig) -> bool {
    methods(config).contains(&ClientAuth::SelfSignedTlsClientAuth)
}

fn methods(config: &ProviderConfig) -> Vec<ClientAuth> {
    [Some(config.client_auth), config.revocation_auth, config.introspection_auth]
        .into_iter()
        .flatten()
        .collect()
}

/// Whether a new token is refused because it is bound to no certificate, although the one that it replaces is.
pub(crate) fn lacks_binding(config: &ProviderConfig, new: &ApiToken, replaces_bound: bool) -> bool {
    config.certificate_bound && replaces_bound && new.certificate.is_none()
}

/// The error of such a token. The caller says what it means.
pub(crate) fn not_bound(provider: &str) -> Error {
    Error::new(
        Code::ProviderError,
        format!("{provider} did not bind the token to the app’s certificate (RFC 8705)."),
    )
    .hint("Set certificate_bound=false for the app to accept such tokens, or ask the provider to bind them.")
    .next_step(NextStep::EditApp)
}

/// The certificate of an app, for its bound tokens; `None` if it has none any more.
pub(crate) async fn of_app(ctx: &Context, id: &AppId) -> Result<Option<Arc<ClientCertificate>>> {
    let app = ConfiguredApp::load(ctx, id)?;
    of(app.config()?, &secret_parameters::open(ctx, &app.row).await?)
}

/// The public half of an app's certificate.
///
/// # Errors
/// The app has none, or it cannot be used.
pub(crate) async fn view(ctx: &Context, id: &AppId) -> Result<CertificateView> {
    let app = ConfiguredApp::load(ctx, id)?;
    let secrets = secret_parameters::open(ctx, &app.row).await?;
    let Some(certificate) = of(app.config()?, &secrets)? else {
        return Err(Error::input("client_auth", format!("The app “{}” has no certificate.", app.row.name))
            .hint(
                "If the provider knows your client by a certificate, set “Client authentication” (client_auth) to \
                 tls_client_auth or self_signed_tls_client_auth, or “Tokens are bound to the certificate (mTLS)” to \
                 yes (certificate_bound=true).",
            )
            .next_step(NextStep::EditApp));
    };
    let (not_before, not_after) = certificate.validity();
    Ok(CertificateView {
        subject: certificate.subject(),
        issuer: certificate.issuer(),
        not_before,
        not_after,
        thumbprint: certificate.thumbprint().to_owned(),
        pem: certificate.pem(),
        jwks: key_set(&certificate.jwk())?,
        note: certificate.note(ctx.time.now()),
    })
}

fn key_set(key: &Value) -> Result<String> {
    serde_json::to_string_pretty(&json!({ "keys": [key] }))
        .map_err(|_| Error::new(Code::Internal, "The public key could not be written."))
}
