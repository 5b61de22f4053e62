//! Secrets, and the parts of one that may be shown. A secret is a [`SecretString`]: it cannot be printed or serialized,
//! and its memory is wiped when it is dropped.

use std::fmt::Write;

pub use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How many characters are shown after a token's known prefix.
const PREVIEW_CHARS: usize = 4;
/// A shorter token is not shown at all: four characters would reveal too much of it.
const MIN_PREVIEWED_CHARS: usize = 20;

/// The parts of a token that may be shown: its first characters, and a fingerprint for comparing tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct TokenPreview {
    /// The first characters, such as `gri_at_7Kd2`; empty if the token is too short to show any.
    pub prefix: String,
    /// Eight hex digits of the token's SHA-256, such as `9f3c21ab`.
    pub fingerprint: String,
}

impl TokenPreview {
    /// Creates the preview of a token. `known_prefix` is the prefix of its kind; empty if there is none.
    pub fn of(token: &SecretString, known_prefix: &str) -> Self {
        let token = token.expose_secret();
        let own = token.strip_prefix(known_prefix).unwrap_or(token);
        let shown =
            token.len() - own.len() + own.chars().take(PREVIEW_CHARS).map(char::len_utf8).sum::<usize>();
        let prefix = if own.len() >= MIN_PREVIEWED_CHARS { token[..shown].to_owned() } else { String::new() };
        let fingerprint = hex(&sha256(token.as_bytes())[..4]);
        Self { prefix, fingerprint }
    }
}

/// A secret as a person enters it: it can be deserialized, but not serialized.
#[derive(Clone)]
#[cfg_attr(feature = "specta", derive(specta::Type), specta(type = String))]
pub struct SecretInput(pub SecretString);

impl<'de> Deserialize<'de> for SecretInput {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

/// `N` bytes from the operating system's random generator.
///
/// # Panics
/// The operating system has no randomness; nothing would be safe without it.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(clippy::expect_used, reason = "without randomness no secret can be made")]
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// The SHA-256 digest, for looking up a value without storing it.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_shows_the_prefix_and_four_characters() {
        let token = SecretString::from("gri_at_7Kd2aaaaaaaaaaaaaaaaaaaaaaaa");
        let glimpse = TokenPreview::of(&token, "gri_at_");
        assert_eq!(glimpse.prefix, "gri_at_7Kd2");
        assert_eq!(glimpse.fingerprint.len(), 8);
        assert_ne!(glimpse, TokenPreview::of(&"gri_at_7Kd2bbbbbbbbbbbbbbbbbbbbbbbb".into(), "gri_at_"));
    }

    #[test]
    fn a_short_token_shows_nothing_of_itself() {
        assert_eq!(TokenPreview::of(&"gri_at_short".into(), "gri_at_").prefix, "");
    }

    #[test]
    fn a_secret_cannot_be_printed() {
        let secret = SecretString::from("hunter2-hunter2");
        assert!(!format!("{secret:?}").contains("hunter2"));
    }
}
