//! Certificate authorities trusted in addition to the system's: a file set by the person, and the environment variables
//! `SSL_CERT_FILE` and `SSL_CERT_DIR`. Unlike in OpenSSL, the variables add to the system's store.

use std::path::{Path, PathBuf};

use grapnel_model::error::{Error, Result, io_error_text};
use grapnel_model::settings::Settings;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The largest file that is read. A system's own bundle has about 200 KB.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// Reads a file of certificates in PEM or DER format.
fn from_file(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let shown = path.display();
    let wrong = |message: String| {
        Error::input("certificates", message)
            .hint("Choose a file that holds the certificate of an authority (CA), in PEM or DER format.")
    };
    let unreadable = |error: &std::io::Error| {
        wrong(format!(
            "The file of certificate authorities “{shown}” cannot be read: {}.",
            io_error_text(error)
        ))
    };
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(&error))?;
    // Reading a pipe or a device may block forever.
    if !metadata.is_file() || metadata.len() > MAX_FILE_BYTES {
        return Err(wrong(format!("“{shown}” is not a file, or too long to be one of certificates.")));
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(&error))?;
    // DER begins with a SEQUENCE; PEM is text.
    let certificates = if bytes.first() == Some(&0x30) {
        vec![CertificateDer::from(bytes)]
    } else {
        let read: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
        read.map_err(|_| wrong(format!("“{shown}” is not a whole file in PEM format.")))?
    };
    if certificates.is_empty() {
        return Err(wrong(format!("“{shown}” holds no certificate.")));
    }
    let mut store = RootCertStore::empty();
    match certificates.iter().try_for_each(|certificate| store.add(certificate.clone())) {
        Ok(()) => Ok(certificates),
        Err(_) => Err(wrong(format!("“{shown}” holds something that is no certificate."))),
    }
}

/// Reads the certificate authorities of [`Settings::certificates`]; empty if none is set.
///
/// # Errors
/// The file cannot be read, or does not consist of certificates.
pub fn of_settings(settings: &Settings) -> Result<Vec<CertificateDer<'static>>> {
    if settings.certificates.is_empty() {
        return Ok(Vec::new());
    }
    from_file(Path::new(&settings.certificates))
}

/// The certificates that the environment adds, and the variables that name them.
#[derive(Debug, Default)]
pub struct FromEnvironment {
    /// The certificates of the files, and the system's own if a variable is set.
    pub certificates: Vec<CertificateDer<'static>>,
    /// For error messages, such as `SSL_CERT_FILE (/etc/company.pem)`.
    pub sources: Vec<String>,
}

/// Reads `SSL_CERT_FILE` and `SSL_CERT_DIR`. A file that cannot be read is logged, and marked in `sources`.
pub fn from_environment() -> FromEnvironment {
    let path = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let (file, directories) = (path("SSL_CERT_FILE").map(PathBuf::from), path("SSL_CERT_DIR"));
    let directories: Vec<PathBuf> = directories.iter().flat_map(std::env::split_paths).collect();
    let mut found = FromEnvironment::default();
    let named = file.iter().map(|file| ("SSL_CERT_FILE", Some(file.as_path()), None));
    let named = named.chain(directories.iter().map(|dir| ("SSL_CERT_DIR", None, Some(dir.as_path()))));
    for (name, file, directory) in named {
        let mut loaded = rustls_native_certs::load_certs_from_paths(file, directory);
        let path = file.or(directory).unwrap_or(Path::new("")).display();
        let unread = if loaded.certs.is_empty() { ", which holds none that can be read" } else { "" };
        for error in &loaded.errors {
            tracing::warn!(name, %error, "a certificate file could not be read");
        }
        found.sources.push(format!("{name} ({path}{unread})"));
        found.certificates.append(&mut loaded.certs);
    }
    if !found.sources.is_empty() {
        // With either variable set, the platform verifier on Linux reads nothing else.
        found.certificates.append(&mut of_system());
    }
    let mut store = RootCertStore::empty();
    found.certificates.retain(|certificate| store.add(certificate.clone()).is_ok());
    found
}

/// The system's store if it is a directory of files. On other systems the platform verifier includes it anyway.
#[cfg(all(unix, not(target_vendor = "apple")))]
fn of_system() -> Vec<CertificateDer<'static>> {
    let directories = openssl_probe::candidate_cert_dirs();
    directories.flat_map(|dir| rustls_native_certs::load_certs_from_paths(None, Some(dir)).certs).collect()
}

#[cfg(not(all(unix, not(target_vendor = "apple"))))]
fn of_system() -> Vec<CertificateDer<'static>> {
    Vec::new()
}
