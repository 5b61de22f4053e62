//! The server's certificate, and the authority that signs it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// Writes `authority.pem`, `server.pem` and `server.key`.
pub(crate) fn write(folder: &Path, hosts: &[String]) -> Result<()> {
    let key = KeyPair::generate()?;
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "Authority of a test");
    fs::write(folder.join("authority.pem"), authority.clone().self_signed(&key)?.pem())?;
    let issuer = Issuer::new(authority, key);
    let usual = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let hosts = if hosts.is_empty() { usual.to_vec() } else { hosts.to_vec() };
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(hosts)?.signed_by(&key, &issuer)?;
    fs::write(folder.join("server.pem"), certificate.pem())?;
    fs::write(folder.join("server.key"), key.serialize_pem())?;
    fs::set_permissions(folder.join("server.key"), Permissions::from_mode(0o600))?;
    // Others may read the authority's certificate, wherever the server runs as.
    fs::set_permissions(folder, Permissions::from_mode(0o755))?;
    Ok(())
}
