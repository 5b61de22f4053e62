//! Random tokens, and the digests that are stored instead of them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// The SHA-256 of a secret. Lookups compare digests, so that timing reveals nothing about the secret.
pub(crate) type Digest = [u8; 32];

#[expect(clippy::expect_used, reason = "without a random source nothing safe can be issued")]
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes).expect("the system’s random source answers");
    bytes
}

/// 256 random bits after `prefix`, in the URL-safe alphabet.
pub(crate) fn random_token(prefix: &str) -> String {
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes::<32>()))
}

/// A random UUID (RFC 9562 §5.4).
pub(crate) fn random_uuid() -> String {
    uuid::Builder::from_random_bytes(bytes()).into_uuid().to_string()
}

pub(crate) fn digest(secret: &str) -> Digest {
    Sha256::digest(secret.as_bytes()).into()
}
