//! Derives the vault key from a passphrase with Argon2id. The vault row stores the parameters, so that the defaults
//! can grow while existing vaults still open.

use argon2::{Algorithm, Argon2, Params, Version};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::{ExposeSecret, SecretString, hex, random};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::seal::VaultKey;
use crate::BACKUP_FILES;

/// RFC 9106 §4, the second recommended option: 64 MiB, three passes, four lanes. OWASP's minimum is 19 MiB and two
/// passes.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 4;
/// Upper bounds for stored parameters: a damaged row must not exhaust the computer's memory.
const MAX_MEMORY_KIB: u32 = 1024 * 1024;
const MAX_PASSES: u32 = 64;
/// NIST SP 800-63B requires 8 characters if guesses are limited in number. With a copy of the file they are not.
const MIN_PASSPHRASE_CHARS: usize = 12;
const MAX_PASSPHRASE_BYTES: usize = 1024;

/// The parameters of the key derivation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KdfParams {
    algorithm: KdfAlgorithm,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
}

/// The key derivation function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KdfAlgorithm {
    Argon2id,
}

impl KdfParams {
    /// Current parameters with a random salt.
    pub(super) fn new() -> Self {
        Self {
            algorithm: KdfAlgorithm::Argon2id,
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            salt: hex(&random::<16>()),
        }
    }

    /// Derives the key from `passphrase`. Takes a good part of a second and `memory_kib` of memory.
    pub(super) fn derive_key(&self, passphrase: &SecretString) -> Result<VaultKey> {
        if self.memory_kib > MAX_MEMORY_KIB || self.passes > MAX_PASSES {
            return Err(impossible());
        }
        let params =
            Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).map_err(|_| impossible())?;
        let mut bytes = Zeroizing::new([0; 32]);
        // The salt is the stored hexadecimal text, not the bytes that it encodes.
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.expose_secret().as_bytes(), self.salt.as_bytes(), &mut *bytes)
            .map_err(|_| impossible())?;
        VaultKey::from_bytes(&*bytes).ok_or_else(impossible)
    }
}

/// Refuses a new passphrase that is too weak. An existing one is never checked.
pub fn check(passphrase: &SecretString) -> Result<()> {
    let passphrase = passphrase.expose_secret();
    let length = passphrase.chars().count();
    let wrong = if passphrase.trim().is_empty() {
        "The passphrase is empty.".to_owned()
    } else if length < MIN_PASSPHRASE_CHARS {
        format!("The passphrase has {length} characters, and needs {MIN_PASSPHRASE_CHARS} at least.")
    } else if passphrase.len() > MAX_PASSPHRASE_BYTES {
        "The passphrase is too long.".to_owned()
    } else if passphrase.chars().any(char::is_control) {
        "The passphrase has a character in it that cannot be typed.".to_owned()
    } else {
        return Ok(());
    };
    Err(Error::input("passphrase", wrong)
        .means("Who has a copy of the file can try passphrases as long as they like. Nothing was changed.")
        .hint("Take four or five words that do not belong together."))
}

/// The error for a wrong passphrase.
pub fn wrong(of: &str) -> Error {
    Error::new(Code::PassphraseWrong, format!("This is not the passphrase of {of}."))
        .means("Nothing was changed, and nothing is lost.")
        .hint("Try again. Upper and lower case count.")
}

fn impossible() -> Error {
    Error::new(Code::DataDamaged, "What the database says of the passphrase cannot be true.")
        .means("It was left as it is; nothing in it was changed.")
        .hint(format!("Bring back {BACKUP_FILES} from a backup."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_passphrase_and_salt_give_the_same_key() {
        let (one, other) = (KdfParams::new(), KdfParams::new());
        let key = |kdf_params: &KdfParams, text: &str| {
            kdf_params.derive_key(&text.into()).unwrap().as_bytes().to_vec()
        };
        assert_eq!(key(&one, "four words of mine"), key(&one, "four words of mine"));
        assert_ne!(key(&one, "four words of mine"), key(&one, "four words of mind"));
        assert_ne!(key(&one, "four words of mine"), key(&other, "four words of mine"));
    }

    /// RFC 9106 §4, second recommended option, or more.
    #[test]
    fn new_parameters_meet_the_recommendation() {
        let new = KdfParams::new();
        assert_eq!(new.algorithm, KdfAlgorithm::Argon2id);
        assert!(new.memory_kib >= 65_536 && new.passes >= 3 && new.lanes >= 4, "{new:?}");
        assert!(new.salt.len() >= 32, "sixteen bytes at least");
    }

    /// A stored row, and the key that OpenSSL's Argon2id derives for it.
    #[test]
    fn a_stored_row_still_opens() {
        let kept = r#"{"algorithm":"argon2id","memory_kib":65536,"passes":3,"lanes":4,
            "salt":"000102030405060708090a0b0c0d0e0f"}"#;
        let kdf_params: KdfParams = serde_json::from_str(kept).unwrap();
        let key = kdf_params.derive_key(&"correct horse battery staple".into()).unwrap();
        assert_eq!(hex(key.as_bytes()), "e3905528b5c97bd1c3645b41f14274a82204bd057cff44f526425ab36d6686a4");
    }

    #[test]
    fn a_weak_passphrase_is_refused() {
        let long = "x".repeat(MAX_PASSPHRASE_BYTES + 1);
        let refused = ["", "            ", "hunter2", "elevenchars", "a tab\tin between words", &long];
        let said = refused.map(|text| check(&text.into()).unwrap_err().message);
        insta::assert_snapshot!(said.join("\n"));
        check(&"twelve chars".into()).unwrap();
        check(&"пароль из слов".into()).unwrap();
    }

    #[test]
    fn excessive_stored_parameters_are_refused() {
        for row in [
            KdfParams { memory_kib: u32::MAX, ..KdfParams::new() },
            KdfParams { passes: u32::MAX, ..KdfParams::new() },
            KdfParams { lanes: 0, ..KdfParams::new() },
            KdfParams { salt: String::new(), ..KdfParams::new() },
        ] {
            assert_eq!(row.derive_key(&"any".into()).err().unwrap().code, Code::DataDamaged);
        }
    }
}
