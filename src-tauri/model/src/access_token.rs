//! The access token that Grapnel hands out.

use jiff::Timestamp;

use crate::secret::SecretString;

/// How an access token is sent: the scheme of the header `Authorization`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AccessTokenType {
    /// Alone (RFC 6750).
    #[default]
    Bearer,
    /// With a proof that the sender has the key which it is bound to (RFC 9449).
    Dpop,
    /// Alone, over a TLS connection with the client certificate that it is bound to (RFC 8705 §3).
    CertificateBound,
}

impl AccessTokenType {
    /// The name of the type and of its scheme.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bearer | Self::CertificateBound => "Bearer",
            Self::Dpop => "DPoP",
        }
    }
}

/// An access token and its expiry. It cannot be serialized, and `Debug` shows no part of its value.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// The token itself.
    pub value: SecretString,
    /// How it is sent.
    pub token_type: AccessTokenType,
    /// When it expires; `None` if that is unknown.
    pub expires_at: Option<Timestamp>,
}
