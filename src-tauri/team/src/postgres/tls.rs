//! TLS to the database: certificates are always verified, with the host's name.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::url::Tls;
use crate::error::{Result, TeamError};

fn untrusted(cause: &str) -> TeamError {
    TeamError::Untrusted { cause: cause.to_owned() }
}

/// The connector. Where TLS is off it is not used.
pub(super) fn connector(tls: &Tls) -> Result<MakeRustlsConnect> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.map_err(|_| untrusted("TLS is not available"))?;
    let config = match tls {
        Tls::Off => builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth(),
        Tls::File(file) => builder.with_root_certificates(authorities(file)?).with_no_client_auth(),
        Tls::System => {
            let verifier = rustls_platform_verifier::Verifier::new(provider);
            let verifier =
                verifier.map_err(|_| untrusted("the system’s certificate authorities cannot be read"))?;
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth()
        }
    };
    Ok(MakeRustlsConnect::new(config))
}

fn authorities(file: &Path) -> Result<RootCertStore> {
    let unread = || untrusted("the file that sslrootcert names cannot be read as PEM certificates");
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|_| unread())? {
        store.add(certificate.map_err(|_| unread())?).map_err(|_| unread())?;
    }
    if store.is_empty() { Err(unread()) } else { Ok(store) }
}
