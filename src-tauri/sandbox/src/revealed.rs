//! Issued secrets in clear text, for tests that look for leaks. Recorded on request only, and never served over HTTP.

use std::sync::Arc;

use parking_lot::Mutex;

/// The kind of a revealed secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretKind {
    /// An issued authorization code.
    Code,
    /// An issued access token.
    AccessToken,
    /// An issued refresh token.
    RefreshToken,
    /// An issued ID token.
    IdToken,
    /// A third-party credential in a Grindery workflow.
    Credential,
    /// A received PKCE verifier.
    CodeVerifier,
}

/// One secret in clear text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revealed {
    /// Its kind.
    pub kind: SecretKind,
    /// Its value.
    pub value: String,
}

/// The record of secrets, shared by all providers of a sandbox. Disabled, it records nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reveal(Option<Arc<Mutex<Vec<Revealed>>>>);

impl Reveal {
    pub(crate) fn new(on: bool) -> Self {
        Self(on.then(Arc::default))
    }

    pub(crate) fn add(&self, kind: SecretKind, value: &str) {
        if let Some(list) = &self.0 {
            let revealed = Revealed { kind, value: value.to_owned() };
            list.lock().push(revealed);
        }
    }

    pub(crate) fn all(&self) -> Vec<Revealed> {
        let list = self.0.as_ref().map(|list| list.lock().clone());
        list.unwrap_or_default()
    }
}
