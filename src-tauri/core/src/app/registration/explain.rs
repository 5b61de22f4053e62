//! Why a client was not registered, read, updated or deleted.

use grapnel_model::error::{Code, Error, NextStep};
use grapnel_oauth::http::TokenFailure;
use grapnel_oauth::refusal::{Refusal, said};
use http::StatusCode;

/// The error of a registration that the provider refused, or did not answer.
pub(super) fn not_registered(provider: &str, failure: TokenFailure) -> Error {
    match failure {
        TokenFailure::Refused {
            status: status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN),
            error,
            description,
        } => {
            let brackets = Refusal { status: Some(status), error: &error, description: None }.in_brackets();
            let said = said(description.as_deref());
            Error::new(Code::ProviderError, format!("{provider} refuses to register this client{brackets}.{said}"))
                .hint(
                    "The provider may require an initial access token: get one there, and enter it \
                     (--initial-access-token-stdin). Or register the app on the provider’s page, and enter its \
                     client ID.",
                )
                .with_status(status.as_u16())
        }
        TokenFailure::Refused { status, error, description } => {
            let refusal =
                Refusal { status: Some(status), error: &error, description: description.as_deref() };
            let told = Error { code: Code::ProviderError, ..refusal.explain(provider) };
            match error.as_str() {
                "invalid_redirect_uri" => told.hint(
                    "Choose another redirect URI. Or register the app on the provider’s page, and enter its client ID.",
                ),
                _ => told.or_hint(
                    "Compare scopes, grant type and client authentication with what the provider offers. Or register \
                     the app on the provider’s page, and enter its client ID.",
                ),
            }
        }
        TokenFailure::Failed(failure) => {
            let may_exist = failure.may_have_been_processed();
            let error = failure.explain(provider);
            let error = if may_exist {
                error.means("The provider may have registered a client that Grapnel does not know. Nothing was stored.")
            } else {
                error
            };
            error.or_hint("Try again. Or register the app on the provider’s page, and enter its client ID.")
        }
    }
}

/// Whether the provider does not know the client any more (RFC 7592 §2.1).
pub(super) fn is_gone(failure: &TokenFailure) -> bool {
    let gone = [StatusCode::UNAUTHORIZED, StatusCode::NOT_FOUND, StatusCode::GONE];
    matches!(failure, TokenFailure::Refused { status, .. } if gone.contains(status))
}

/// The error of a request about a registered client.
pub(super) fn not_managed(provider: &str, failure: TokenFailure) -> Error {
    if is_gone(&failure) {
        let TokenFailure::Refused { status, error, description } = failure else {
            return Error::new(Code::InvalidClient, format!("{provider} does not know this client."));
        };
        let brackets = Refusal { status: Some(status), error: &error, description: None }.in_brackets();
        let said = said(description.as_deref());
        return Error::new(
            Code::InvalidClient,
            format!("{provider} does not know this client any more{brackets}.{said}"),
        )
        .means("It was probably deleted there. Tokens of the app’s connections may not be accepted any more.")
        .hint(
            "Register it anew (Register anew, or grapnel app registration APP renew). The app’s connections then need \
             a new sign-in.",
        )
        .with_status(status.as_u16())
        .next_step(NextStep::RegisterAnew);
    }
    match failure {
        TokenFailure::Refused { status, error, description } => {
            let refusal =
                Refusal { status: Some(status), error: &error, description: description.as_deref() };
            Error { code: Code::ProviderError, ..refusal.explain(provider) }
                .or_hint("Compare the app with its page at the provider.")
        }
        TokenFailure::Failed(failure) => failure.explain(provider).or_hint("Try again."),
    }
}
