//! The client certificate (RFC 8705) of a request. It goes with the one request that names it, and to no other server.

use std::sync::Arc;

use grapnel_model::error::NextStep;
use grapnel_model::provider::{ClientAuth, ProviderConfig};
use http::Extensions;
use jiff::Timestamp;

use super::credentials::Credentials;
use super::failure::Failure;
use crate::client_certificate::{ClientCertificate, REPLACE};

#[derive(Clone)]
struct Presented(Arc<ClientCertificate>);

/// Has the client present a certificate to the server of a request.
pub(super) fn present(extensions: &mut Extensions, certificate: &Arc<ClientCertificate>) {
    extensions.insert(Presented(Arc::clone(certificate)));
}

/// Has the client present the app's certificate to an endpoint where it authenticates with this method, if that or its
/// tokens need one.
///
/// # Errors
/// The app has no certificate.
pub(super) fn present_at_endpoint(
    extensions: &mut Extensions,
    method: ClientAuth,
    (config, credentials): (&ProviderConfig, &Credentials),
) -> Result<(), Failure> {
    if !config.presents_certificate(method) {
        return Ok(());
    }
    let certificate = credentials.certificate.as_ref().ok_or_else(|| Failure::Blocked {
        reason: "the app has no certificate to present (mTLS, RFC 8705)".into(),
        advice: "Edit the app, and enter its certificate and private key.".into(),
        next_step: Some(NextStep::EditApp),
    })?;
    present(extensions, certificate);
    Ok(())
}

/// The certificate of a request, if it has one.
///
/// # Errors
/// It has expired, or is not valid yet.
pub(super) fn of_request(
    extensions: &Extensions,
    now: Timestamp,
) -> Result<Option<Arc<ClientCertificate>>, Failure> {
    let Some(Presented(certificate)) = extensions.get() else { return Ok(None) };
    match certificate.fault(now) {
        None => Ok(Some(Arc::clone(certificate))),
        Some(reason) => {
            Err(Failure::Blocked { reason, advice: REPLACE.into(), next_step: Some(NextStep::EditApp) })
        }
    }
}
