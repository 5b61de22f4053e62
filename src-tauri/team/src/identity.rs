//! The secret of one member on one machine, and the public key that an owner needs to invite it.

use std::fmt;
use std::str::FromStr;

use age::secrecy::ExposeSecret;
use age::x25519;
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use grapnel_model::secret::{SecretString, sha256};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::{Result, TeamError};

/// The secret of a member: an age identity, from which the key that signs is derived.
#[derive(Clone)]
pub struct Identity(x25519::Identity);

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

impl Identity {
    /// A new one.
    pub fn generate() -> Self {
        Self(x25519::Identity::generate())
    }

    /// Reads `AGE-SECRET-KEY-1…`.
    pub fn parse(text: &SecretString) -> Result<Self> {
        let identity = x25519::Identity::from_str(text.expose_secret().trim());
        identity.map(Self).map_err(|_| TeamError::Invalid("This is not a secret key of a member.".to_owned()))
    }

    /// The text that [`Identity::parse`] reads: `AGE-SECRET-KEY-1…`.
    pub fn to_text(&self) -> SecretString {
        self.0.to_string()
    }

    /// What others may know.
    pub fn public_key(&self) -> PublicKey {
        PublicKey { recipient: self.0.to_public().to_string(), signing: self.signing_key() }
    }

    pub(crate) fn age(&self) -> &x25519::Identity {
        &self.0
    }

    pub(crate) fn signing_key(&self) -> SigningKey {
        SigningKey(BASE64_URL_SAFE_NO_PAD.encode(self.key_pair().public_key().as_ref()))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.key_pair().sign(message).as_ref())
    }

    fn key_pair(&self) -> Ed25519KeyPair {
        let secret = self.0.to_string();
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
        let tag = hmac::sign(&key, b"grapnel team signing key v1");
        let mut seed = Zeroizing::new([0; 32]);
        seed.copy_from_slice(tag.as_ref());
        #[expect(clippy::expect_used, reason = "each 32 bytes are a seed")]
        Ed25519KeyPair::from_seed_unchecked(&*seed).expect("a seed of 32 bytes")
    }
}

/// A public key that verifies signatures (Ed25519), in base64url.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SigningKey(pub(crate) String);

impl SigningKey {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == 32).then(|| Self(text.to_owned()))
    }

    /// A short text to compare aloud. Another key with the same one cannot be made (80 bits).
    pub fn fingerprint(&self) -> String {
        fingerprint(&["signing key", &self.0])
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &str) -> bool {
        let key = BASE64_URL_SAFE_NO_PAD.decode(&self.0);
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature);
        let (Ok(key), Ok(signature)) = (key, signature) else { return false };
        UnparsedPublicKey::new(&ED25519, key).verify(message, &signature).is_ok()
    }
}

/// The public key of a person, as `team key` prints it: `age1….SIGNINGKEY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    pub(crate) recipient: String,
    pub(crate) signing: SigningKey,
}

impl PublicKey {
    /// A short text to compare aloud: whoever is invited with another key reads other keys of the team.
    pub fn fingerprint(&self) -> String {
        fingerprint(&["public key", &self.recipient, &self.signing.0])
    }
}

/// Four groups of four characters, base32 of the first 80 bits of a SHA-256.
fn fingerprint(parts: &[&str]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let digest = sha256(format!("grapnel team fingerprint v1\n{}", parts.join("\n")).as_bytes());
    let mut text = String::with_capacity(19);
    for (group, bytes) in digest[..10].chunks(5).enumerate() {
        let bits = bytes.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        for index in 0..8 {
            if index % 4 == 0 && (group, index) != (0, 0) {
                text.push('-');
            }
            let digit = usize::try_from(bits >> (35 - 5 * index) & 31).unwrap_or_default();
            text.push(char::from(ALPHABET[digit]));
        }
    }
    text
}

impl FromStr for PublicKey {
    type Err = TeamError;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        let invalid = |cause| TeamError::InvalidKey { cause };
        if !text.starts_with("age1") {
            return Err(invalid("one begins with age1"));
        }
        let (recipient, signing) =
            text.split_once('.').ok_or_else(|| invalid("the part after the dot is missing"))?;
        // It has a checksum.
        x25519::Recipient::from_str(recipient)
            .map_err(|_| invalid("the part before the dot is cut off or has a wrong character"))?;
        let signing = SigningKey::parse(signing)
            .ok_or_else(|| invalid("the part after the dot is cut off or has a wrong character"))?;
        Ok(Self { recipient: recipient.to_owned(), signing })
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.recipient, self.signing.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_is_read_as_it_is_written() {
        let key = Identity::generate().public_key();
        assert_eq!(key.to_string().parse::<PublicKey>().unwrap(), key);
        let whole = key.to_string();
        assert_eq!(format!(" {whole}\n").parse::<PublicKey>().unwrap(), key);
        for length in 0..whole.len() {
            assert!(whole[..length].parse::<PublicKey>().is_err(), "{length} of {}", whole.len());
            assert!(whole[length + 1..].parse::<PublicKey>().is_err(), "without {length}");
        }
        let recipient = &key.recipient;
        let swapped = format!("{}qq.{}", &recipient[..recipient.len() - 2], key.signing.0);
        for wrong in ["age1x.y", &format!("{recipient}.x"), &format!("{whole}x"), &swapped] {
            assert!(wrong.parse::<PublicKey>().is_err(), "{wrong}");
        }
        let half = recipient.parse::<PublicKey>().unwrap_err();
        assert!(half.to_string().contains("after the dot is missing"), "{half}");
    }

    #[test]
    fn a_fingerprint_is_short_and_of_one_key() {
        let of_team = SigningKey("KEY".to_owned()).fingerprint();
        assert_eq!(of_team, "4SX5-5GYF-UIOG-5R7Z");
        let (key, other) = (Identity::generate().public_key(), Identity::generate().public_key());
        let swapped = PublicKey { recipient: other.recipient.clone(), signing: key.signing.clone() };
        let texts = [key, other, swapped].map(|key| key.fingerprint());
        assert_eq!(texts.iter().collect::<std::collections::HashSet<_>>().len(), 3, "{texts:?}");
        for text in &texts {
            let groups: Vec<_> = text.split('-').map(str::len).collect();
            assert_eq!(groups, [4, 4, 4, 4], "{text}");
        }
    }

    #[test]
    fn the_same_identity_signs_with_the_same_key() {
        let identity = Identity::generate();
        let again = Identity::parse(&identity.to_text()).unwrap();
        let signature = again.sign(b"message");
        assert!(identity.signing_key().verifies(b"message", &signature));
        assert!(!identity.signing_key().verifies(b"another", &signature));
        assert!(!Identity::generate().signing_key().verifies(b"message", &signature));
        assert_eq!(format!("{identity:?}"), "Identity");
    }
}
