//! Secrets, and the little that may be shown of one. A secret is a [`SecretString`]: it cannot be
//! printed or serialized, and its own memory is wiped when it goes.

use std::fmt::Write;

pub use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How many characters of a token's own text are shown after its known prefix.
const SHOWN: usize = 4;
/// A token shorter than this is not shown at all: four characters would be too much of it.
const LONG_ENOUGH: usize = 20;

/// What may be shown of a token: how it begins, and a fingerprint to compare it by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Glimpse {
    /// The first characters, such as `gri_at_7Kd2`; empty where the token is too short to show any.
    pub prefix: String,
    /// Eight hex digits of the token's SHA-256, such as `9f3c21ab`.
    pub fingerprint: String,
}

impl Glimpse {
    /// Looks at a token whose kind begins with `known_prefix` (empty if it has none).
    pub fn of(token: &SecretString, known_prefix: &str) -> Self {
        let token = token.expose_secret();
        let own = token.strip_prefix(known_prefix).unwrap_or(token);
        let shown = token.len() - own.len() + own.chars().take(SHOWN).map(char::len_utf8).sum::<usize>();
        let prefix = if own.len() >= LONG_ENOUGH { token[..shown].to_owned() } else { String::new() };
        let fingerprint = hex(&sha256(token.as_bytes())[..4]);
        Self { prefix, fingerprint }
    }
}

/// A secret as a person enters it: it can be read from outside, and never written back.
#[derive(Clone)]
#[cfg_attr(feature = "specta", derive(specta::Type), specta(type = String))]
pub struct Entered(pub SecretString);

impl<'de> Deserialize<'de> for Entered {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

/// A secret as the store keeps it: sealed by the vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sealed(pub(crate) Vec<u8>);

/// Keeps the memory of this process, which holds keys and tokens, out of core dumps. Programs that it starts inherit that.
#[cfg(unix)]
pub fn forbid_core_dumps() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    // Linux pipes a dump to its handler (such as systemd-coredump) whatever the limit is, but for a limit of one byte.
    const LIMIT: u64 = if cfg!(target_os = "linux") { 1 } else { 0 };
    let maximum = getrlimit(Resource::Core).maximum;
    let current = Some(maximum.map_or(LIMIT, |maximum| maximum.min(LIMIT)));
    if let Err(error) = setrlimit(Resource::Core, Rlimit { current, maximum }) {
        tracing::warn!(%error, "a crash may write secrets to the disk");
    }
}

/// There is no such limit there.
#[cfg(not(unix))]
pub fn forbid_core_dumps() {}

/// `N` bytes from the operating system's generator.
///
/// # Panics
/// Where the operating system has no randomness to give: nothing here would be safe without it.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(clippy::expect_used, reason = "without randomness no secret can be made")]
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// The SHA-256 digest, by which a value is found without being kept.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
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
    fn a_glimpse_shows_the_prefix_and_four_characters() {
        let token = SecretString::from("gri_at_7Kd2aaaaaaaaaaaaaaaaaaaaaaaa");
        let glimpse = Glimpse::of(&token, "gri_at_");
        assert_eq!(glimpse.prefix, "gri_at_7Kd2");
        assert_eq!(glimpse.fingerprint.len(), 8);
        assert_ne!(glimpse, Glimpse::of(&"gri_at_7Kd2bbbbbbbbbbbbbbbbbbbbbbbb".into(), "gri_at_"));
    }

    #[test]
    fn a_short_token_shows_nothing_of_itself() {
        assert_eq!(Glimpse::of(&"gri_at_short".into(), "gri_at_").prefix, "");
    }

    #[test]
    fn a_secret_cannot_be_printed() {
        let secret = SecretString::from("hunter2-hunter2");
        assert!(!format!("{secret:?}").contains("hunter2"));
    }
}
