//! Encryption with XChaCha20-Poly1305 and the vault key. Record and column are associated data, so that a value that is
//! moved to another record or column does not decrypt.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key as AeadKey, XChaCha20Poly1305, XNonce};
use grapnel_model::secret::random;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// The first byte of every encrypted value: the version of the format.
const FORMAT_VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;

/// The key that encrypts every secret.
#[derive(Clone, ZeroizeOnDrop)]
pub(super) struct VaultKey([u8; 32]);

impl VaultKey {
    pub(super) fn random() -> Self {
        Self(random())
    }

    /// The key in `bytes`; `None` if the length is wrong.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(AeadKey::from_slice(&self.0))
    }

    /// Encrypts `plain`. `associated_data` is `TABLE/ID/COLUMN`, such as `connection/ID/access`.
    pub(super) fn seal(&self, associated_data: &str, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = random();
        let payload = Payload { msg: plain, aad: associated_data.as_bytes() };
        #[expect(clippy::expect_used, reason = "fails only for messages of 256 GiB")]
        let sealed = self.cipher().encrypt(XNonce::from_slice(&nonce), payload).expect("it is short");
        [&[FORMAT_VERSION][..], &nonce, &sealed].concat()
    }

    /// Decrypts a value; `None` if it was encrypted with another key or for other associated data, or was modified.
    pub(super) fn open(&self, associated_data: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (&FORMAT_VERSION, rest) = sealed.split_first()? else { return None };
        let (nonce, text) = rest.split_at_checked(NONCE_BYTES)?;
        let payload = Payload { msg: text, aad: associated_data.as_bytes() };
        self.cipher().decrypt(XNonce::from_slice(nonce), payload).ok().map(Zeroizing::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_decrypts_only_in_its_place_and_with_its_key() {
        let key = VaultKey::random();
        let sealed = key.seal("connection/1/access_token", b"gri_at_secret");
        assert_eq!(&**key.open("connection/1/access_token", &sealed).unwrap(), b"gri_at_secret");
        assert!(key.open("connection/2/access_token", &sealed).is_none());
        assert!(key.open("connection/1/refresh_token", &sealed).is_none());
        assert!(VaultKey::random().open("connection/1/access_token", &sealed).is_none());
    }

    #[test]
    fn sealing_a_value_twice_gives_different_bytes() {
        let key = VaultKey::random();
        assert_ne!(key.seal("a", b"x"), key.seal("a", b"x"));
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_detected(plain: Vec<u8>, at: prop::sample::Index, bit in 0u8..8) {
            let key = VaultKey::random();
            let mut sealed = key.seal("associated_data", &plain);
            let at = at.index(sealed.len());
            sealed[at] ^= 1 << bit;
            prop_assert!(key.open("associated_data", &sealed).is_none());
        }

        #[test]
        fn any_bytes_open_without_panic(bytes: Vec<u8>) {
            prop_assert!(VaultKey::random().open("associated_data", &bytes).is_none());
        }
    }
}
