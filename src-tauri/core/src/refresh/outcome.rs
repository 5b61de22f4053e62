//! How a renewal ended, read from what the token endpoint answered.

use std::time::Duration;

use crate::error::{Code, Error, Result};
use crate::grant;
use crate::http::ENVELOPE_FAILURE;
use crate::http::token::TokenFailure;

/// How a renewal ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// There are new tokens.
    Renewed,
    /// Someone else renewed in the meantime; there are new tokens as well.
    Superseded,
    /// It failed for a reason that passes. Everything is as it was. The provider may have asked for a pause.
    Transient(Error, Option<Duration>),
    /// The provider refuses for good. Everything is kept, and only a new sign-in helps.
    Refused(Error),
    /// It was sent, and no answer was seen. The next try decides.
    Unknown(Error, Option<Duration>),
}

impl Outcome {
    pub(super) fn into_result(self) -> Result<()> {
        match self {
            Self::Renewed | Self::Superseded => Ok(()),
            Self::Transient(error, _) | Self::Refused(error) | Self::Unknown(error, _) => Err(error),
        }
    }

    /// What a failure means, where an earlier answer may have been lost.
    pub(super) fn of(provider: &str, failure: TokenFailure, answer_lost: bool) -> Self {
        match failure {
            TokenFailure::Refused { error, description } => {
                refused(provider, &error, description.as_deref(), answer_lost)
            }
            TokenFailure::Failed(failure) if failure.may_have_acted() => Self::Unknown(
                Error { code: Code::AnswerLost, ..failure.explain(provider) }
                    .means(format!("{provider} may have replaced the tokens without Grapnel having the new ones. The ones it has are kept, and the next try decides."))
                    .hint("Refresh again. If that is refused, connect again in the browser."),
                failure.wait(),
            ),
            TokenFailure::Failed(failure) => {
                let error = failure.explain(provider).means(KEPT).hint("Try again when the provider can be reached.");
                Self::Transient(error, failure.wait())
            }
        }
    }

    /// What a renewal comes to that an earlier program began and never ended.
    pub(super) fn cut_off() -> Self {
        let error = Error::new(Code::AnswerLost, "Grapnel ended while the tokens were being renewed.")
            .means(
                "The provider may have replaced them. The ones held here are kept, and the next try decides.",
            )
            .hint("Refresh. If that is refused, connect again in the browser.");
        Self::Unknown(error, None)
    }
}

fn refused(provider: &str, error: &str, description: Option<&str>, answer_lost: bool) -> Outcome {
    let refusal = grant::refusal(provider, error, description);
    if !FINAL.contains(&error) {
        return Outcome::Transient(refusal.means(KEPT).hint("Try again later."), None);
    }
    let hint = refusal.hint.unwrap_or_else(|| RECONNECT.into());
    let is_of_client = refusal.code == Code::InvalidClient;
    let message = if refusal.code == Code::InvalidGrant {
        format!("{provider} answered that the refresh token is no longer valid (invalid_grant).")
    } else {
        refusal.message
    };
    let trouble = reconnect(message).hint(hint);
    Outcome::Refused(if answer_lost && !is_of_client {
        trouble.means(format!("The answer to an earlier renewal did not arrive. {provider} may have replaced the tokens with it, and the ones held here are then void. Nothing was deleted here."))
    } else {
        trouble
    })
}

/// Errors (RFC 6749 §5.2, RFC 6750 §3.1) after which no further try can succeed.
const FINAL: &[&str] = &[
    "invalid_grant",
    "invalid_client",
    "unauthorized_client",
    "invalid_request",
    "unsupported_grant_type",
    "invalid_scope",
    "access_denied",
    "invalid_token",
    ENVELOPE_FAILURE,
];
const RECONNECT: &str = "Connect again in the browser. The connection keeps its name and history.";
const KEPT: &str = "The tokens are kept as they are.";

fn reconnect(message: impl Into<String>) -> Error {
    Error::new(Code::ReconnectNeeded, message)
        .means("When the access token expires, what uses this connection stops. Nothing was deleted here.")
        .hint(RECONNECT)
}

pub(super) fn no_refresh_token(provider: &str) -> Error {
    reconnect(format!("{provider} gave no refresh token, so that the access token cannot be renewed."))
}
