//! Issued secrets in clear text, for tests that look for leaks. Recorded on request only, and never served over HTTP.

use std::sync::{Arc, Mutex, PoisonError};

/// What a revealed value was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretKind {
    /// An authorization code that was given out.
    Code,
    /// An access token that was given out.
    AccessToken,
    /// A refresh token that was given out.
    RefreshToken,
    /// An id token that was given out.
    IdToken,
    /// A credential of a service elsewhere that a workflow uses.
    Credential,
    /// A PKCE verifier that was received.
    CodeVerifier,
}

/// One secret in the clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revealed {
    /// What it was.
    pub kind: SecretKind,
    /// The secret itself.
    pub value: String,
}

/// The list, shared by all providers of one sandbox. Off, it keeps nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reveal(Option<Arc<Mutex<Vec<Revealed>>>>);

impl Reveal {
    pub(crate) fn new(on: bool) -> Self {
        Self(on.then(Arc::default))
    }

    pub(crate) fn add(&self, kind: SecretKind, value: &str) {
        if let Some(list) = &self.0 {
            let revealed = Revealed { kind, value: value.to_owned() };
            list.lock().unwrap_or_else(PoisonError::into_inner).push(revealed);
        }
    }

    pub(crate) fn all(&self) -> Vec<Revealed> {
        let list = self.0.as_ref().map(|list| list.lock().unwrap_or_else(PoisonError::into_inner).clone());
        list.unwrap_or_default()
    }
}
