//! Verifies server certificates as the platform does, and explains a refused one.

use std::sync::{Arc, OnceLock};

use grapnel_model::provider_text::clean;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::SingleCertAndKey;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, SignatureScheme};
use x509_cert::der::Decode;

use crate::client_certificate::ClientCertificate;

/// The TLS settings of a route: the system's authorities, and `more`; with the client's certificate, if it has one to
/// present.
pub(super) fn settings(
    more: Vec<CertificateDer<'static>>,
    own: Option<&ClientCertificate>,
) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = Verifier { provider: Arc::clone(&provider), more, platform: OnceLock::new() };
    let mut settings = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    if let Some(own) = own {
        settings.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(Arc::clone(own.certified())));
    }
    settings.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(settings)
}

/// A refused certificate, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the certificate of {host} {fault}")]
pub(super) struct UntrustedCertificate {
    host: String,
    fault: String,
    /// Whether trusting another authority would help.
    pub(super) is_untrusted: bool,
}

/// The platform's verifier; its errors carry the certificate's issuer. It reads the system's authorities when the first
/// certificate is verified: on Linux that takes milliseconds, which a request over plain HTTP must not wait for.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    more: Vec<CertificateDer<'static>>,
    platform: OnceLock<Result<rustls_platform_verifier::Verifier, rustls::Error>>,
}

impl Verifier {
    fn platform(&self) -> Result<&rustls_platform_verifier::Verifier, rustls::Error> {
        let load = || {
            let (more, provider) = (self.more.clone(), Arc::clone(&self.provider));
            rustls_platform_verifier::Verifier::new_with_extra_roots(more, provider)
        };
        self.platform.get_or_init(load).as_ref().map_err(Clone::clone)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let platform = self.platform()?;
        let verified =
            platform.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        verified.map_err(|error| match error {
            rustls::Error::InvalidCertificate(error) => {
                let refused = UntrustedCertificate::of(&error, end_entity, server_name);
                rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(refused))))
            }
            other => other,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.platform()?.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.platform()?.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl UntrustedCertificate {
    fn of(error: &CertificateError, certificate: &CertificateDer<'_>, host: &ServerName<'_>) -> Self {
        let issuer = issuer(certificate).map(|issuer| format!(" (issued by {issuer})")).unwrap_or_default();
        let (fault, is_untrusted) = match error {
            CertificateError::Expired => ("has expired".to_owned(), false),
            CertificateError::ExpiredContext { not_after, .. } => {
                (format!("has expired{}", day(" on ", *not_after)), false)
            }
            CertificateError::NotValidYet => ("is not valid yet".to_owned(), false),
            CertificateError::NotValidYetContext { not_before, .. } => {
                (format!("is not valid{}", day(" before ", *not_before)), false)
            }
            CertificateError::NotValidForName => ("is for another name".to_owned(), false),
            CertificateError::NotValidForNameContext { presented, .. } => {
                (format!("is for another name{}", names(presented)), false)
            }
            CertificateError::Revoked => ("has been revoked".to_owned(), false),
            // `BadSignature`: an authority with the name of a trusted one. `Other`: a self-signed certificate, as
            // development servers have, or the system's own message.
            CertificateError::UnknownIssuer | CertificateError::BadSignature | CertificateError::Other(_) => {
                ("is not trusted".to_owned(), true)
            }
            other => (format!("is not accepted: {}", clean(&format!("{other}"), &[])), true),
        };
        Self { host: host.to_str().into_owned(), fault: fault + &issuer, is_untrusted }
    }
}

/// The name of a certificate's issuer, as RFC 4514 writes it.
fn issuer(certificate: &CertificateDer<'_>) -> Option<String> {
    let certificate = x509_cert::Certificate::from_der(certificate).ok()?;
    let name = clean(&certificate.tbs_certificate.issuer.to_string(), &[]);
    (!name.is_empty()).then_some(name)
}

/// A few of the names that a certificate is for, such as `DnsName("other.example")`.
fn names(presented: &[String]) -> String {
    let bare = |name: &String| {
        let quoted = name.split('"').nth(1).unwrap_or(name);
        clean(quoted, &[])
    };
    let shown: Vec<String> = presented.iter().take(3).map(bare).collect();
    if shown.is_empty() { String::new() } else { format!(": {}", shown.join(", ")) }
}

fn day(word: &str, moment: UnixTime) -> String {
    let seconds = i64::try_from(moment.as_secs()).ok();
    let moment = seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    moment.map(|moment| format!("{word}{}", moment.strftime("%Y-%m-%d"))).unwrap_or_default()
}
