//! The result of revoking tokens (RFC 7009).

use serde::{Deserialize, Serialize};

/// The result of a revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Revocation {
    /// The provider revoked the token.
    Done,
    /// The provider has no revocation endpoint: the grant remains valid there.
    NotOffered,
    /// It failed temporarily, and is retried while Grapnel runs.
    Pending,
    /// It failed: the grant may remain valid at the provider.
    Failed,
}

/// A kind of token, with its name in RFC 7009.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// A refresh token.
    RefreshToken,
    /// An access token.
    AccessToken,
    /// An access token that token exchange (RFC 8693) derived from it.
    DerivedToken,
}

/// The result for one token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct TokenRevocation {
    /// The kind of token.
    pub token: TokenKind,
    /// The result.
    pub revocation: Revocation,
    /// Why it was not revoked, or not yet.
    pub reason: Option<String>,
}

/// The result of a disconnect at the provider. The tokens stored here are deleted in any case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Disconnected {
    /// The worst result of all tokens.
    pub revocation: Revocation,
    /// The result for each token that was to be revoked.
    pub tokens: Vec<TokenRevocation>,
    /// Why no revocation could be requested at all.
    pub reason: Option<String>,
}
