//! A key that comes of a passphrase: Argon2id, with what it took kept beside the vault, so that the numbers can
//! grow without shutting anyone out.

use argon2::{Algorithm, Argon2, Params, Version};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::{ExposeSecret, SecretString, hex, random};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::seal::Key;
use crate::FILES;

/// RFC 9106 §4, the second recommended option: 64 MiB, three passes, four lanes. (OWASP asks for no less than
/// 19 MiB and two passes.)
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 4;
/// What a damaged row may ask for at most: no machine is to be brought down by it.
const MOST_MEMORY_KIB: u32 = 1024 * 1024;
const MOST_PASSES: u32 = 64;
/// The fewest characters: a guesser has the file and as much time as they like. NIST SP 800-63B asks for 8 where
/// the number of guesses is limited, which here it is not.
const SHORTEST: usize = 12;
/// The most bytes.
const LONGEST: usize = 1024;

/// How a key comes of a passphrase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stretch {
    algorithm: Named,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
}

/// The one algorithm so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Named {
    Argon2id,
}

impl Stretch {
    /// With a salt of its own, at today's cost.
    pub(super) fn new() -> Self {
        Self {
            algorithm: Named::Argon2id,
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            salt: hex(&random::<16>()),
        }
    }

    /// The key that comes of `passphrase`. Takes a large part of a second, and that much memory.
    pub(super) fn key(&self, passphrase: &SecretString) -> Result<Key> {
        if self.memory_kib > MOST_MEMORY_KIB || self.passes > MOST_PASSES {
            return Err(impossible());
        }
        let params =
            Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).map_err(|_| impossible())?;
        let mut bytes = Zeroizing::new([0; 32]);
        // The salt is taken as the text that it is kept as.
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.expose_secret().as_bytes(), self.salt.as_bytes(), &mut *bytes)
            .map_err(|_| impossible())?;
        Key::from_bytes(&*bytes).ok_or_else(impossible)
    }
}

/// Refuses a passphrase that would protect nothing. It is about to be chosen; one that was chosen is never refused.
pub fn check(passphrase: &SecretString) -> Result<()> {
    let passphrase = passphrase.expose_secret();
    let length = passphrase.chars().count();
    let wrong = if passphrase.trim().is_empty() {
        "The passphrase is empty.".to_owned()
    } else if length < SHORTEST {
        format!("The passphrase has {length} characters, and needs {SHORTEST} at least.")
    } else if passphrase.len() > LONGEST {
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

/// What is said where a passphrase opens nothing.
pub fn wrong(of: &str) -> Error {
    Error::new(Code::PassphraseWrong, format!("This is not the passphrase of {of}."))
        .means("Nothing was changed, and nothing is lost.")
        .hint("Try again. Upper and lower case count.")
}

fn impossible() -> Error {
    Error::new(Code::DataDamaged, "What the database says of the passphrase cannot be true.")
        .means("It was left as it is; nothing in it was changed.")
        .hint(format!("Bring back {FILES} from a backup."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_passphrase_and_salt_give_the_same_key() {
        let (one, other) = (Stretch::new(), Stretch::new());
        let key = |stretch: &Stretch, text: &str| stretch.key(&text.into()).unwrap().as_bytes().to_vec();
        assert_eq!(key(&one, "four words of mine"), key(&one, "four words of mine"));
        assert_ne!(key(&one, "four words of mine"), key(&one, "four words of mind"));
        assert_ne!(key(&one, "four words of mine"), key(&other, "four words of mine"));
    }

    /// RFC 9106 §4, second recommended option, or more.
    #[test]
    fn a_new_passphrase_costs_what_is_recommended() {
        let new = Stretch::new();
        assert_eq!(new.algorithm, Named::Argon2id);
        assert!(new.memory_kib >= 65_536 && new.passes >= 3 && new.lanes >= 4, "{new:?}");
        assert!(new.salt.len() >= 32, "sixteen bytes at least");
    }

    /// A vault's row, and the key that OpenSSL's Argon2id gives for it.
    #[test]
    fn a_row_that_was_written_goes_on_opening() {
        let kept = r#"{"algorithm":"argon2id","memory_kib":65536,"passes":3,"lanes":4,"salt":"000102030405060708090a0b0c0d0e0f"}"#;
        let stretch: Stretch = serde_json::from_str(kept).unwrap();
        let key = stretch.key(&"correct horse battery staple".into()).unwrap();
        assert_eq!(hex(key.as_bytes()), "e3905528b5c97bd1c3645b41f14274a82204bd057cff44f526425ab36d6686a4");
    }

    #[test]
    fn what_protects_nothing_is_refused() {
        let long = "x".repeat(LONGEST + 1);
        let refused = ["", "            ", "hunter2", "elevenchars", "a tab\tin between words", &long];
        let said = refused.map(|text| check(&text.into()).unwrap_err().message);
        insta::assert_snapshot!(said.join("\n"));
        check(&"twelve chars".into()).unwrap();
        check(&"пароль из слов".into()).unwrap();
    }

    #[test]
    fn a_row_that_asks_for_too_much_is_refused() {
        for row in [
            Stretch { memory_kib: u32::MAX, ..Stretch::new() },
            Stretch { passes: u32::MAX, ..Stretch::new() },
            Stretch { lanes: 0, ..Stretch::new() },
            Stretch { salt: String::new(), ..Stretch::new() },
        ] {
            assert_eq!(row.key(&"any".into()).err().unwrap().code, Code::DataDamaged);
        }
    }
}
