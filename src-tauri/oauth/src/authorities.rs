//! Certificate authorities that are trusted besides those of the system: a file that a person names, and the variables
//! `SSL_CERT_FILE` and `SSL_CERT_DIR`, which add to the system's store as well.

use std::path::{Path, PathBuf};

use grapnel_model::error::{Error, Result, in_words};
use grapnel_model::settings::Settings;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The longest file of authorities; that of a system has some 200 KB.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// Reads a file of certificates in PEM or DER format. Fails where it cannot be read, or one of them is none.
fn from_file(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let shown = path.display();
    let wrong = |message: String| {
        Error::input("certificates", message)
            .hint("Choose a file that holds the certificate of an authority (CA), in PEM or DER format.")
    };
    let unreadable = |error: &std::io::Error| {
        wrong(format!("The file of certificate authorities “{shown}” cannot be read: {}.", in_words(error)))
    };
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(&error))?;
    // A pipe or a device may keep whoever reads it waiting for ever.
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

/// The certificate authorities to trust besides. Fails where the file cannot be read, or holds none.
pub fn of_settings(settings: &Settings) -> Result<Vec<CertificateDer<'static>>> {
    if settings.certificates.is_empty() {
        return Ok(Vec::new());
    }
    from_file(Path::new(&settings.certificates))
}

/// What the environment adds to the system's store: the certificates, and the variables that name them.
#[derive(Debug, Default)]
pub struct FromEnvironment {
    /// The certificates that the variables name.
    pub certificates: Vec<CertificateDer<'static>>,
    /// Such as `SSL_CERT_FILE (/etc/company.pem)`.
    pub sources: Vec<String>,
}

/// Reads what `SSL_CERT_FILE` and `SSL_CERT_DIR` name. What cannot be read is told in the log, and named as such.
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
            tracing::warn!(name, %error, "a certificate authority is not read");
        }
        found.sources.push(format!("{name} ({path}{unread})"));
        found.certificates.append(&mut loaded.certs);
    }
    if !found.sources.is_empty() {
        // With either variable set, the platform's verifier on Linux reads nothing else.
        found.certificates.append(&mut of_system());
    }
    let mut store = RootCertStore::empty();
    found.certificates.retain(|certificate| store.add(certificate.clone()).is_ok());
    found
}

/// The system's store where it is a directory of files; elsewhere the platform's verifier has it in any case.
#[cfg(all(unix, not(target_vendor = "apple")))]
fn of_system() -> Vec<CertificateDer<'static>> {
    let directories = openssl_probe::candidate_cert_dirs();
    directories.flat_map(|dir| rustls_native_certs::load_certs_from_paths(None, Some(dir)).certs).collect()
}

#[cfg(not(all(unix, not(target_vendor = "apple"))))]
fn of_system() -> Vec<CertificateDer<'static>> {
    Vec::new()
}
