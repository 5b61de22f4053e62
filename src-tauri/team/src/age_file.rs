//! Small age files (age-encryption.org/v1) for a recipient or a passphrase.

use std::io::{Read, Write};
use std::str::FromStr;

use age::{Decryptor, Encryptor, scrypt, x25519};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use grapnel_model::secret::SecretString;
use zeroize::Zeroizing;

/// scrypt with N = 2¹⁷ as OWASP recommends.
const SCRYPT_LOG_N: u8 = if cfg!(test) { 4 } else { 17 };
/// The largest work factor that is accepted: 512 MiB.
const MAX_SCRYPT_LOG_N: u8 = 19;
/// The longest file that is parsed: each recipient in a header costs a computation, and the database's operator chooses
/// what it hands out.
const MAX_BYTES: usize = 24 << 10;

pub(crate) fn for_recipient(plain: &[u8], recipient: &str) -> Option<Vec<u8>> {
    seal(plain, &x25519::Recipient::from_str(recipient).ok()?)
}

pub(crate) fn for_passphrase(plain: &[u8], passphrase: &SecretString) -> Option<Vec<u8>> {
    let mut recipient = scrypt::Recipient::new(passphrase.clone());
    recipient.set_work_factor(SCRYPT_LOG_N);
    seal(plain, &recipient)
}

fn seal(plain: &[u8], recipient: &dyn age::Recipient) -> Option<Vec<u8>> {
    let encryptor = Encryptor::with_recipients(std::iter::once(recipient)).ok()?;
    let mut sealed = Vec::with_capacity(plain.len() + 512);
    let mut writer = encryptor.wrap_output(&mut sealed).ok()?;
    writer.write_all(plain).ok()?;
    writer.finish().ok()?;
    Some(sealed)
}

/// Decrypts; `None` if it is for somebody else, or damaged.
pub(crate) fn open(sealed: &[u8], identity: &x25519::Identity) -> Option<Zeroizing<Vec<u8>>> {
    open_with(sealed, identity)
}

pub(crate) fn open_with_passphrase(sealed: &[u8], passphrase: &SecretString) -> Option<Zeroizing<Vec<u8>>> {
    let mut identity = scrypt::Identity::new(passphrase.clone());
    identity.set_max_work_factor(MAX_SCRYPT_LOG_N);
    open_with(sealed, &identity)
}

pub(crate) fn needs_passphrase(sealed: &[u8]) -> bool {
    sealed.len() <= MAX_BYTES && Decryptor::new_buffered(sealed).is_ok_and(|decryptor| decryptor.is_scrypt())
}

fn open_with(sealed: &[u8], identity: &dyn age::Identity) -> Option<Zeroizing<Vec<u8>>> {
    if sealed.len() > MAX_BYTES {
        return None;
    }
    let mut reader = Decryptor::new_buffered(sealed).ok()?.decrypt(std::iter::once(identity)).ok()?;
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
    reader.read_to_end(&mut plain).ok()?;
    Some(plain)
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads base64url of at most `limit` characters; white space within, as of a wrapped line, is skipped.
pub(crate) fn decode(text: &str, limit: usize) -> Option<Zeroizing<Vec<u8>>> {
    let text: Zeroizing<String> = Zeroizing::new(text.split_ascii_whitespace().collect());
    if text.len() > limit {
        return None;
    }
    BASE64_URL_SAFE_NO_PAD.decode(&*text).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_too_long_is_not_parsed() {
        let own = x25519::Identity::generate();
        for (length, is_read) in [(16 << 10, true), (24 << 10, false)] {
            let plain = vec![7; length];
            let to_own = for_recipient(&plain, &own.to_public().to_string()).unwrap();
            assert_eq!(open(&to_own, &own).is_some(), is_read, "{length}");
            let with_passphrase = for_passphrase(&plain, &"p".into()).unwrap();
            assert_eq!(needs_passphrase(&with_passphrase), is_read, "{length}");
            assert_eq!(open_with_passphrase(&with_passphrase, &"p".into()).is_some(), is_read, "{length}");
        }
    }
}
