//! Classifies a failed token request with the client's own credentials or with its assertion. It invalidates nothing,
//! so that a lost response does no harm: the next request decides nothing about the token that is held.

use grapnel_model::error::{Code, Error, NextStep};
use grapnel_model::provider::GrantType;
use grapnel_oauth::http::{Failure, TokenFailure};
use grapnel_oauth::refusal::{ASSERTION_HINT, Refusal};

use super::outcome::RefreshFailure;
use super::refusal::{PriorState, RefusalClass};
use crate::grant::OAuthClient;

const TOKEN_UNCHANGED: &str = "The access token held here is as it was, until it expires.";
const ASKED_AGAIN: &str = "Grapnel asks again by itself.";

/// Classifies a failure.
pub(super) fn failure_of(client: &OAuthClient, failure: TokenFailure, before: PriorState) -> RefreshFailure {
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
        TokenFailure::Failed(failure) => {
            let error = failure.explain(provider);
            // Not as an answer with new tokens that is lost.
            let code = if error.code == Code::AnswerLost { Code::ProviderUnavailable } else { error.code };
            let error = Error { code, ..error }.means(TOKEN_UNCHANGED).or_hint(ASKED_AGAIN);
            RefreshFailure::Transient(error, failure.wait())
        }
    }
}

/// The result of a request that an earlier run started and did not finish.
pub(super) fn interrupted() -> RefreshFailure {
    let error =
        Error::new(Code::ProviderUnavailable, "Grapnel ended while a new access token was being requested.")
            .means(TOKEN_UNCHANGED)
            .hint(ASKED_AGAIN);
    RefreshFailure::Transient(error, None)
}

fn refused(client: &OAuthClient, refusal: &Refusal<'_>, told: Error, before: PriorState) -> RefreshFailure {
    let meaning = if before.access_token_is_valid {
        "When the access token expires, programs that use this connection stop working."
    } else {
        "The access token is no longer valid: programs that use this connection stop working."
    };
    let final_error = |message: String| {
        let error = Error::new(Code::ReconnectNeeded, message).means(meaning);
        if client.config.grant_type() == GrantType::JwtBearer {
            return RefreshFailure::Refused(error.next_step(NextStep::EditApp).hint(ASSERTION_HINT));
        }
        RefreshFailure::Refused(error.next_step(NextStep::EditApp).hint(
            "Compare the app’s grant type, scopes and resource with your app’s page at the provider, then reconnect. \
             No browser is needed.",
        ))
    };
    match RefusalClass::of(refusal, before) {
        RefusalClass::Unavailable => {
            RefreshFailure::Transient(told.means(TOKEN_UNCHANGED).or_hint(ASKED_AGAIN), None)
        }
        RefusalClass::Doubtful => {
            let hint = "Grapnel asks again. If it is refused again, or the access token ends, check the app.";
            RefreshFailure::Doubtful(told.means(TOKEN_UNCHANGED).hint(hint))
        }
        RefusalClass::Client => {
            let told = told.means("Nothing is asked of the provider until the app is corrected.");
            RefreshFailure::Refused(client.advise(told, "refresh"))
        }
        RefusalClass::Scope | RefusalClass::Reconnect => final_error(told.message),
    }
}
