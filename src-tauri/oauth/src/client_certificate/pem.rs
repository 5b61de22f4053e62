//! PEM documents (RFC 7468), also without their line breaks, which a field of one line loses.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use zeroize::Zeroizing;

/// A document in a text.
pub(super) enum Block {
    /// A certificate in DER.
    Certificate(Vec<u8>),
    /// A private key.
    Key(PrivateKeyDer<'static>),
    /// A private key that needs a password.
    EncryptedKey,
    /// Anything else, such as the parameters of a curve.
    Other,
}

/// The documents of a text, in order.
pub(super) fn blocks(text: &str) -> Result<Vec<Block>, ()> {
    let (mut all, mut rest) = (Vec::new(), text);
    while let Some((_, begun)) = rest.split_once("-----BEGIN ") {
        let (label, body) = begun.split_once("-----").ok_or(())?;
        let (content, after) = body.split_once(&format!("-----END {label}-----")).ok_or(())?;
        all.push(block(label, content)?);
        rest = after;
    }
    Ok(all)
}

fn block(label: &str, content: &str) -> Result<Block, ()> {
    Ok(match label {
        "CERTIFICATE" | "X509 CERTIFICATE" => Block::Certificate(decoded(content)?.to_vec()),
        "ENCRYPTED PRIVATE KEY" => Block::EncryptedKey,
        // The headers of a key that OpenSSL has encrypted by its older method.
        "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" if content.contains("ENCRYPTED") => {
            Block::EncryptedKey
        }
        "PRIVATE KEY" => Block::Key(PrivatePkcs8KeyDer::from(decoded(content)?.to_vec()).into()),
        "RSA PRIVATE KEY" => Block::Key(PrivatePkcs1KeyDer::from(decoded(content)?.to_vec()).into()),
        "EC PRIVATE KEY" => Block::Key(PrivateSec1KeyDer::from(decoded(content)?.to_vec()).into()),
        _ => Block::Other,
    })
}

fn decoded(content: &str) -> Result<Zeroizing<Vec<u8>>, ()> {
    let content = Zeroizing::new(content.split_whitespace().collect::<String>());
    BASE64_STANDARD.decode(content.as_bytes()).map(Zeroizing::new).map_err(|_| ())
}
