//! Classifies the result of a refresh by the token endpoint's response.

use std::time::Duration;

use grapnel_model::error::{Code, Error, NextStep};
use grapnel_model::provider::GrantType;
use grapnel_oauth::http::{Failure, TokenFailure};
use grapnel_oauth::refusal::{Refusal, said};

use super::current_token::CurrentToken;
pub(super) use super::refusal::PriorState;
use super::refusal::RefusalClass;
use crate::grant::OAuthClient;

/// Why a connection is refreshed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefreshReason {
    /// Its scheduled time has come.
    Due,
    /// A token is needed that is valid longer than the stored one.
    Needed,
    /// An API rejected the stored token.
    NotAccepted,
    /// A person requested it.
    Requested,
}

/// A refresh after which the connection has newer tokens than its caller knew.
pub(super) enum Refreshed {
    /// This refresh stored them.
    Stored(CurrentToken),
    /// They were stored by another refresh.
    Superseded,
}

/// A refresh that yielded no usable token. All but [`Self::Local`] are stored with the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RefreshFailure {
    /// It failed temporarily; nothing changed. The provider may have asked to wait.
    Transient(Error, Option<Duration>),
    /// The provider refused in a way that may be temporary; nothing changed. Repetitions become final.
    Doubtful(Error),
    /// The provider refused for good. Everything is kept; a new sign-in is needed.
    Refused(Error),
    /// The request was sent, but no response arrived. The next attempt decides.
    Unknown(Error, Option<Duration>),
    /// There are new tokens, and something is wrong with them: they belong to another account, or the access token is
    /// not bound to the connection's key. What is kept of them is stored with the error.
    Stored(Error),
    /// The new tokens cannot be used. They are discarded; the stored ones may be invalid at the provider.
    Unusable(Error),
    /// It failed on this computer, at the store or the keyring. Nothing is recorded.
    Local(Error),
}

impl From<Error> for RefreshFailure {
    fn from(error: Error) -> Self {
        Self::Local(error)
    }
}

impl From<RefreshFailure> for Error {
    fn from(failure: RefreshFailure) -> Self {
        match failure {
            RefreshFailure::Transient(error, _)
            | RefreshFailure::Doubtful(error)
            | RefreshFailure::Refused(error)
            | RefreshFailure::Unknown(error, _)
            | RefreshFailure::Stored(error)
            | RefreshFailure::Unusable(error)
            | RefreshFailure::Local(error) => error,
        }
    }
}

impl RefreshFailure {
    /// Classifies a failure.
    pub(super) fn of(client: &OAuthClient, failure: TokenFailure, before: PriorState) -> Self {
        let provider = &client.provider;
        match failure {
            TokenFailure::Refused { status, error, description } => {
                let refusal =
                    Refusal { status: Some(status), error: &error, description: description.as_deref() };
                refused(client, &refusal, refusal.explain(provider), before)
            }
            TokenFailure::Failed(Failure::Strange(what, status)) if status.is_client_error() => {
                let refusal = Refusal { status: Some(status), error: "", description: None };
                refused(client, &refusal, Failure::Strange(what, status).explain(provider), before)
            }
            TokenFailure::Failed(failure @ Failure::Unusable(..)) => {
                let error = Error { code: Code::AnswerLost, ..failure.explain(provider) };
                let hint = format!(
                    "{} If the next refresh is refused, reconnect in the browser.",
                    error.hint.as_deref().unwrap_or_default()
                );
                Self::Unusable(
                    error
                        .means(format!(
                            "It was not kept, and the tokens held here are as they were. {provider} may have \
                        made the old refresh token void with this answer: the next refresh then fails."
                        ))
                        .hint(hint),
                )
            }
            TokenFailure::Failed(failure) if failure.may_have_been_processed() => Self::Unknown(
                Error { code: Code::AnswerLost, ..failure.explain(provider) }
                    .means(format!(
                        "{provider} may have replaced the tokens without Grapnel having the new ones. The \
                        ones it has are kept, and the next try decides."
                    ))
                    .hint("Refresh again. If that is refused, reconnect in the browser."),
                failure.wait(),
            ),
            TokenFailure::Failed(failure) => {
                let error = failure.explain(provider).means(TOKENS_UNCHANGED).or_hint(
                    "Try again when the provider can be \
                    reached.",
                );
                Self::Transient(error, failure.wait())
            }
        }
    }

    /// The result of a refresh that an earlier run started and did not finish.
    pub(super) fn interrupted() -> Self {
        let error = Error::new(Code::AnswerLost, "Grapnel ended while the tokens were being refreshed.")
            .means(
                "The provider may have replaced them. The ones held here are kept, and the next try decides.",
            )
            .hint("Refresh. If that is refused, reconnect in the browser.");
        Self::Unknown(error, None)
    }
}

/// Classifies a refusal. `told` is its message in the provider's words.
fn refused(client: &OAuthClient, refusal: &Refusal<'_>, told: Error, before: PriorState) -> RefreshFailure {
    let provider = &client.provider;
    let error = match RefusalClass::of(refusal, before) {
        RefusalClass::Unavailable => {
            let error = told.means(TOKENS_UNCHANGED).or_hint("Try again later.");
            return RefreshFailure::Transient(error, None);
        }
        RefusalClass::Doubtful => {
            return RefreshFailure::Doubtful(told.means(TOKENS_UNCHANGED).hint(
                "Grapnel tries again. If it is refused again, or the access token ends, reconnect in the browser.",
            ));
        }
        RefusalClass::Client => {
            let told = told.means(
                "The tokens are kept, and nothing is asked of the provider until the app is corrected.",
            );
            return RefreshFailure::Refused(client.advise(told, "refresh"));
        }
        RefusalClass::Scope => reconnect(told.message)
            .hint(
                "Compare the app’s scopes and resource with your app’s page at the provider, then reconnect \
                in the browser.",
            )
            .next_step(NextStep::EditApp),
        RefusalClass::Reconnect => reconnect(if told.code == Code::InvalidGrant {
            let said = said(refusal.description);
            format!(
                "{provider} answered that the refresh token is no longer valid{}.{said}",
                refusal.in_brackets()
            )
        } else {
            told.message
        }),
    };
    let error = if before.access_token_is_valid { error } else { error.means(ACCESS_TOKEN_EXPIRED) };
    RefreshFailure::Refused(if before.response_lost {
        error.means(format!(
            "The response to an earlier refresh did not arrive. {provider} may have replaced the \
            tokens with it, and the ones held here are then void. Nothing was deleted here."
        ))
    } else {
        error
    })
}

const RECONNECT: &str = "Reconnect in the browser. The connection keeps its name and history.";
const TOKENS_UNCHANGED: &str = "The tokens are kept as they are.";

fn reconnect(message: impl Into<String>) -> Error {
    Error::new(Code::ReconnectNeeded, message)
        .means("When the access token expires, programs that use this connection stop working. Nothing was deleted \
            here.")
        .hint(RECONNECT)
}

/// The meaning if the access token has expired, too.
const ACCESS_TOKEN_EXPIRED: &str = "The access token is no longer valid either: programs that use this connection stop \
    working. Nothing was deleted here.";

/// The connection's token is the client's own, and its app uses another grant by now.
pub(super) fn other_grant(provider: &str, before: GrantType) -> Error {
    reconnect(format!(
        "The app does not use the {} any more, by which {provider} gave this token.",
        before.title()
    ))
}

pub(super) fn no_refresh_token(provider: &str, reason: RefreshReason) -> Error {
    if reason == RefreshReason::NotAccepted {
        return reconnect(format!(
            "{provider}’s API rejected the access token, and there is no refresh token to get \
            another one with."
        ))
        .means(ACCESS_TOKEN_EXPIRED);
    }
    reconnect(format!("{provider} gave no refresh token, so the access token cannot be refreshed."))
}
