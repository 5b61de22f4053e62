//! Encryption with XChaCha20-Poly1305. Each value names its place as associated data, so that it decrypts nowhere else.

use aws_lc_rs::hmac;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key as AeadKey, XChaCha20Poly1305, XNonce};
use grapnel_model::secret::random;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// The first byte of every encrypted value: the version of the format.
const FORMAT_VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;

/// A key of 256 bits.
#[derive(Clone, ZeroizeOnDrop)]
pub(crate) struct Key([u8; 32]);

impl Key {
    pub(crate) fn random() -> Self {
        Self(random())
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// HMAC-SHA-256 of `message` under this key.
    pub(crate) fn mac(&self, message: &[u8]) -> [u8; 32] {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), message);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(tag.as_ref());
        bytes
    }

    /// The key for one purpose.
    pub(crate) fn subkey(&self, purpose: &str) -> Self {
        Self(self.mac(format!("grapnel team subkey v1: {purpose}").as_bytes()))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(AeadKey::from_slice(&self.0))
    }

    /// Encrypts `plain` for the place that `associated_data` names.
    pub(crate) fn seal(&self, associated_data: &str, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = random();
        let payload = Payload { msg: plain, aad: associated_data.as_bytes() };
        #[expect(clippy::expect_used, reason = "fails only for messages of 256 GiB")]
        let sealed = self.cipher().encrypt(XNonce::from_slice(&nonce), payload).expect("it is short");
        [&[FORMAT_VERSION][..], &nonce, &sealed].concat()
    }

    /// Decrypts a value; `None` if it was encrypted with another key or for another place, or was changed.
    pub(crate) fn open(&self, associated_data: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (&FORMAT_VERSION, rest) = sealed.split_first()? else { return None };
        let (nonce, text) = rest.split_at_checked(NONCE_BYTES)?;
        let payload = Payload { msg: text, aad: associated_data.as_bytes() };
        self.cipher().decrypt(XNonce::from_slice(nonce), payload).ok().map(Zeroizing::new)
    }
}
