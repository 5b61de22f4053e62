//! What became of tokens at the provider (RFC 7009).

use serde::{Deserialize, Serialize};

/// What became of tokens at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Revocation {
    /// The provider took them back.
    Done,
    /// The provider offers no way to do so: the permission still stands there.
    NotOffered,
    /// It could not be asked now. It is asked again while Grapnel runs.
    Pending,
    /// It refused, or Grapnel could not ask: the permission may still stand there.
    Failed,
}

/// A kind of token, by its name in RFC 7009.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// It brings new access tokens.
    RefreshToken,
    /// It opens the API.
    AccessToken,
}

/// What became of one token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct TokenRevocation {
    /// Which one.
    pub token: TokenKind,
    /// What became of it.
    pub revocation: Revocation,
    /// Why it was not taken back, or not yet.
    pub reason: Option<String>,
}

/// What a disconnect came to at the provider. Here, the tokens are deleted whatever it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Disconnected {
    /// Of all its tokens, the worst.
    pub revocation: Revocation,
    /// Each token that the provider was asked to take back.
    pub tokens: Vec<TokenRevocation>,
    /// Why the provider could not be asked at all.
    pub reason: Option<String>,
}
