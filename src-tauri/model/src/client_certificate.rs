//! The public half of an app's TLS certificate (RFC 8705), as it is shown and registered at the provider.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An app's TLS certificate, without its private key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct CertificateView {
    /// Its subject, as RFC 4514 writes it: `tls_client_auth_subject_dn` of a registration.
    pub subject: String,
    /// Who issued it; the subject itself if it is self-signed.
    pub issuer: String,
    /// From when on it is valid.
    pub not_before: Timestamp,
    /// Until when it is valid.
    pub not_after: Timestamp,
    /// Its thumbprint (`x5t#S256`), which bound tokens name.
    pub thumbprint: String,
    /// The certificates in PEM, its own one first.
    pub pem: String,
    /// Its public key as a JSON Web Key Set with the certificates (`x5c`).
    pub jwks: String,
    /// What the person should do about it, as a sentence: it has expired or expires soon.
    pub note: Option<String>,
}
