//! Why a callback is refused, and the message for the person.

use grapnel_model::error::{Code, Error};

/// Why a callback is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    #[error("it is longer than any true one")]
    /// It is longer than [`MAX_CALLBACK_BYTES`](super::MAX_CALLBACK_BYTES).
    TooLong,
    #[error("it is not an address")]
    /// It is not a URL.
    NotAnAddress,
    #[error("its address is not the redirect URI of this sign-in")]
    /// It did not arrive at the redirect URI.
    NotOurs,
    #[error("it names another issuer ({named}) than this sign-in’s ({known})")]
    /// It names another issuer than the app's (RFC 9207).
    OtherIssuer {
        /// The issuer in the callback.
        named: String,
        /// The issuer of the app.
        known: String,
    },
    #[error("it names the issuer {named}, and this sign-in’s authorization URL is at {origin}")]
    /// It names an issuer that is not at the origin of the authorization URL.
    ForeignIssuer {
        /// The issuer in the callback.
        named: String,
        /// The origin of the authorization URL.
        origin: String,
    },
    #[error("it does not name its issuer, which should be {0}")]
    /// It names no issuer, although the provider's metadata announces one (RFC 9207).
    NoIssuer(String),
    #[error("it carries “{0}” more than once")]
    /// It repeats a parameter.
    Repeated(String),
    #[error("it carries both a code and an error")]
    /// It has both a code and an error.
    Both,
    #[error("it is not signed, and this app asks for signed responses (JARM)")]
    /// It has plain parameters, although the app asks for a signed response.
    NotSigned,
    #[error("its signed response cannot be relied on: {0}")]
    /// It has a signed response that is not from the issuer, not for this client, expired, or not verified.
    SignedResponse(String),
    #[error("it carries neither a code nor an error")]
    /// It has neither a code nor an error.
    Neither,
}

impl CallbackError {
    /// The message for a person whose sign-in is waiting for a callback.
    pub fn explain(&self) -> Error {
        let message = format!("A callback arrived that Grapnel does not accept: {self}.");
        let error = Error::new(Code::CallbackInvalid, message);
        match self {
            Self::OtherIssuer { .. } => error.means(MIX_UP_ATTACK).hint(
                "If the provider has changed its issuer, look its metadata up again and change the app. Then start \
                 again.",
            ),
            Self::ForeignIssuer { named, .. } => error.means(MIX_UP_ATTACK).hint(format!(
                "If {named} is what this provider’s metadata gives as its issuer, set issuer={named} for the app and \
                 start again.",
            )),
            Self::NoIssuer(_) => error.means("It changed nothing. The provider’s metadata promises an issuer in each \
                answer (RFC 9207).").hint(
                "Tell the provider that it breaks its promise. Until it is mended, set require_iss=false for the app \
                 and start again.",
            ),
            Self::NotSigned => error.means("It was not used, and nothing was sent to any server.").hint(
                "If the provider does not sign its responses, set response_mode=query for the app and start again.",
            ),
            Self::SignedResponse(_) => {
                error.means("It was not used, and no code was sent to any server.").hint(
                    "If you are signing in, start again. If it happens again, compare the app’s issuer, client ID and \
                     JWKS URL with what the provider documents, and look whether the client is registered there for \
                     responses that are signed with an asymmetric key and not encrypted.",
                )
            }
            _ => error
                .means("It changed nothing.")
                .hint("If you are signing in, go on in the browser, or start again from here."),
        }
    }

    /// The name under which refused callbacks are counted and logged. It contains nothing of the callback.
    pub fn name(&self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::NotAnAddress => "not_an_address",
            Self::NotOurs => "not_ours",
            Self::OtherIssuer { .. } | Self::ForeignIssuer { .. } => "other_issuer",
            Self::NoIssuer(_) => "no_issuer",
            Self::Repeated(_) => "repeated",
            Self::Both => "both",
            Self::NotSigned => "not_signed",
            Self::SignedResponse(_) => "signed_response",
            Self::Neither => "neither",
        }
    }
}

const MIX_UP_ATTACK: &str = "It was not used, and nothing was sent to any server. Another server may have tried to get \
    at your account (an authorization server mix-up).";
