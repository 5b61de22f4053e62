//! The encryption of an archive: age (age-encryption.org/v1) with a passphrase, so that other tools can open it too.

use std::io::{ErrorKind, Read, Write};

use age::scrypt::{Identity, Recipient};
use age::{DecryptError, Decryptor, Encryptor};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::SecretString;
use grapnel_store::vault::wrong_passphrase;
use zeroize::Zeroizing;

use crate::archive_document::invalid;

/// scrypt with N = 2¹⁷ as OWASP recommends: 128 MiB of memory and some tenths of a second.
const SCRYPT_LOG_N: u8 = 17;
/// The largest work factor that is accepted from a file: 1 GiB. The age tool uses 18.
const MAX_SCRYPT_LOG_N: u8 = 20;

/// Encrypts. Takes a good part of a second.
pub(super) fn seal(plain: &[u8], passphrase: &SecretString) -> Result<Vec<u8>> {
    seal_with(plain, passphrase, SCRYPT_LOG_N)
}

pub(super) fn seal_with(plain: &[u8], passphrase: &SecretString, work: u8) -> Result<Vec<u8>> {
    let failed = |error: &dyn std::error::Error| {
        Error::new(Code::Internal, format!("The archive could not be encrypted: {error}."))
    };
    let mut recipient = Recipient::new(passphrase.clone());
    recipient.set_work_factor(work);
    let recipients: [&dyn age::Recipient; 1] = [&recipient];
    let encryptor = Encryptor::with_recipients(recipients.into_iter()).map_err(|error| failed(&error))?;
    let mut sealed = Vec::with_capacity(plain.len() + 1024);
    let written = encryptor
        .wrap_output(&mut sealed)
        .and_then(|mut writer| writer.write_all(plain).and_then(|()| writer.finish()));
    written.map_err(|error| failed(&error))?;
    Ok(sealed)
}

/// Decrypts. Takes a good part of a second.
pub(super) fn open(sealed: &[u8], passphrase: &SecretString) -> Result<Zeroizing<Vec<u8>>> {
    open_with(sealed, passphrase, MAX_SCRYPT_LOG_N)
}

/// Like [`open()`], with a limit for the work factor of the file.
pub(super) fn open_with(
    sealed: &[u8],
    passphrase: &SecretString,
    most_work: u8,
) -> Result<Zeroizing<Vec<u8>>> {
    let decryptor = Decryptor::new_buffered(sealed).map_err(explain)?;
    if !decryptor.is_scrypt() {
        return Err(invalid("This age file is encrypted for a key, not with a passphrase.")
            .hint("Choose a file that Grapnel exported."));
    }
    let mut identity = Identity::new(passphrase.clone());
    identity.set_max_work_factor(most_work);
    let identity: &dyn age::Identity = &identity;
    let mut reader = decryptor.decrypt(std::iter::once(identity)).map_err(explain)?;
    // The largest size it can need, so that the buffer does not grow and leave copies behind.
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
    match reader.read_to_end(&mut plain) {
        Ok(_) => Ok(plain),
        Err(error) => Err(explain(DecryptError::Io(error))),
    }
}

fn explain(error: DecryptError) -> Error {
    match error {
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed | DecryptError::NoMatchingKeys => {
            wrong_passphrase("this file")
        }
        DecryptError::ExcessiveWork { .. } => {
            invalid("Opening this file would take more work than any that Grapnel writes.")
        }
        DecryptError::Io(error) if error.kind() == ErrorKind::UnexpectedEof => cut(),
        DecryptError::Io(_) | DecryptError::InvalidMac => {
            invalid("This file was cut off or changed since it was written.")
                .hint("Copy it again from where it was written, then try again.")
        }
        _ => invalid("This is not a file that Grapnel exported."),
    }
}

fn cut() -> Error {
    invalid("This file is cut off: its end is missing.")
        .hint("Copy it again from where it was written, then try again.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A low work factor, for tests of something else.
    const LITTLE: u8 = 2;

    fn words() -> SecretString {
        "harbour lamp eleven moss".into()
    }

    #[test]
    fn only_the_passphrase_opens_it() {
        let sealed = seal(b"gri_at_secret", &words()).unwrap();
        assert_eq!(&**open(&sealed, &words()).unwrap(), b"gri_at_secret");
        assert_eq!(open(&sealed, &"other words".into()).unwrap_err().code, Code::PassphraseWrong);
        assert!(sealed.starts_with(b"age-encryption.org/v1\n-> scrypt "));
        // The second argument: N = 2^17 with r = 8, OWASP's recommendation for scrypt, or more.
        let header = String::from_utf8_lossy(&sealed[..100]).into_owned();
        let work: u8 = header.lines().nth(1).unwrap().split(' ').nth(3).unwrap().parse().unwrap();
        assert!(work >= 17, "{header}");
    }

    #[test]
    fn each_invalid_file_has_its_reason() {
        let sealed = seal_with(&vec![7; 100_000], &words(), LITTLE).unwrap();
        let too_much = String::from_utf8_lossy(&sealed[..60]).replacen(" 2\n", " 30\n", 1);
        let changed = [&sealed[..sealed.len() - 1], b"x"].concat();
        let for_a_key = b"age-encryption.org/v1\n-> X25519 \
            TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\nEmECAEcKN+n/Vs9SbWiV+Hu0r+E8R77DdWYyd83nw7U\n--- \
            Vn+54jqiiUCE+WZcEVY3f1sqHjlu/z1LCQ/T7Xm7qI0\n"
            .as_slice();
        let for_a_key = [for_a_key, &[1; 40]].concat();
        let too_much = [too_much.as_bytes(), &sealed[60..]].concat();
        let files: [(&str, &[u8]); 8] = [
            ("empty", b""),
            ("a shopping list", b"milk, bread, and a boat"),
            ("a later age", b"age-encryption.org/v9\n-> scrypt x\n"),
            ("for a key", &for_a_key),
            ("cut in the header", &sealed[..60]),
            ("cut in the middle", &sealed[..70_000]),
            ("changed", &changed),
            ("too much work", &too_much),
        ];
        let said = files.map(|(what, file)| {
            let error = open(file, &words()).unwrap_err();
            assert_eq!(error.code, Code::FileInvalid, "{what}: {error}");
            format!("{what}: {} {}", error.message, error.hint.unwrap())
        });
        insta::assert_snapshot!(said.join("\n"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn an_archive_opens_and_modifications_are_detected(
            plain: Vec<u8>, at: prop::sample::Index, bit in 0u8..8,
        ) {
            let sealed = seal_with(&plain, &words(), LITTLE).unwrap();
            prop_assert_eq!(&**open(&sealed, &words()).unwrap(), &plain[..]);
            let at = at.index(sealed.len());
            prop_assert!(open(&sealed[..at], &words()).is_err());
            let mut changed = sealed;
            changed[at] ^= 1 << bit;
            prop_assert!(open(&changed, &words()).is_err());
        }

        #[test]
        fn any_bytes_open_without_panic(bytes: Vec<u8>) {
            prop_assert!(open(&bytes, &words()).is_err());
        }
    }
}
