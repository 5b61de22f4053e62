//! Grants that arrived but cannot be used. Their tokens are discarded.

use grapnel_model::error::{Code, Error};

/// Why a grant cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unusable {
    /// A token has a character that is not allowed in a header.
    Malformed {
        /// The member of the response.
        member: &'static str,
        /// The kind of character.
        found: &'static str,
        /// Its byte position.
        at: usize,
    },
    /// A token is too long to be sent.
    TooLong {
        /// The member of the response.
        member: &'static str,
        /// Its length in bytes.
        bytes: usize,
    },
    /// The token type of this name requires each request to be signed with a key.
    ProofOfPossession(String),
    /// The access token is not at the top level of the response, but at this path.
    Nested(String),
    /// There is an ID token but no access token.
    OnlyIdToken,
}

impl Unusable {
    /// The message for the person: what arrived, and what to do.
    pub(super) fn explain(&self, provider: &str, status: http::StatusCode) -> Error {
        let (what, hint) = match self {
            Self::Malformed { member, found, at } => (
                format!("a token that cannot be used: {found} is at character {at} of {member}"),
                "Report it to the provider: a token is visible ASCII (RFC 6749, appendix A).".to_owned(),
            ),
            Self::TooLong { member, bytes } => (
                format!(
                    "a token that cannot be used: {member} has {bytes} bytes, and no server takes that many in a header"
                ),
                "Ask for fewer scopes, or report it to the provider.".to_owned(),
            ),
            Self::ProofOfPossession(kind) if kind.eq_ignore_ascii_case("dpop") => (
                "a token of type DPoP: it is bound to a key, and the app uses none".to_owned(),
                "Edit the app: set “Bind tokens to a key (DPoP)” to yes (dpop=true). Or switch the app to bearer \
                 tokens at the provider."
                    .to_owned(),
            ),
            Self::ProofOfPossession(kind) => (
                format!(
                    "a token of type “{kind}”: each request would have to be signed with a key, which Grapnel does not \
                     do"
                ),
                "Switch the app to bearer tokens at the provider (no MAC or mutual TLS).".to_owned(),
            ),
            Self::Nested(path) => (
                format!("no access_token at the top of the reply; there is one in “{path}”"),
                format!("Set token_path={path} for the app, if that grant is the one you want."),
            ),
            Self::OnlyIdToken => (
                "an ID token and no access token: no scope of an API was asked for".to_owned(),
                "Add a scope of the API that you want to call to the app.".to_owned(),
            ),
        };
        Error::new(Code::ReplyInvalid, format!("{provider} answered {} with {what}.", status.as_u16()))
            .hint(hint)
    }
}
