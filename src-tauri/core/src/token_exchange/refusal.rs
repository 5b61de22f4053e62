//! What a refused token exchange means (RFC 8693 §2.2.2, RFC 6749 §5.2), explained to a person.

use std::time::Duration;

use grapnel_model::derived_token::TokenTarget;
use grapnel_model::error::{Code, Error, NextStep};
use grapnel_oauth::http::{Failure, TokenFailure};
use grapnel_oauth::refusal::{Refusal, client_hint, said};

use crate::grant::OAuthClient;

pub(super) const UNCHANGED: &str = "The connection’s own tokens are as they were.";

/// An exchange that yielded no token.
pub(super) struct Refused {
    pub(super) error: Error,
    /// How long the provider asks to wait.
    pub(super) wait: Option<Duration>,
    /// Whether the provider may have refused the connection's access token, so that a newer one may help.
    pub(super) is_about_subject: bool,
}

pub(super) fn refused(client: &OAuthClient, failure: TokenFailure, target: &TokenTarget) -> Refused {
    match failure {
        TokenFailure::Refused { status, error: code, description } => {
            let refusal = Refusal { status: Some(status), error: &code, description: description.as_deref() };
            // RFC 8693 §2.2.2 names the first one for an invalid subject token; servers send the others, too.
            let is_about_subject =
                ["invalid_request", "invalid_grant", "invalid_token"].contains(&code.as_str());
            Refused { error: explained(client, &refusal, target), wait: None, is_about_subject }
        }
        TokenFailure::Failed(failure) => {
            let wait = failure.wait();
            let error = failure.explain(&client.provider);
            // An answer that is lost has replaced nothing.
            let code = if error.code == Code::AnswerLost { Code::ProviderUnavailable } else { error.code };
            let hint = match failure {
                Failure::Strange(..) | Failure::Unusable(..) => {
                    "Compare the app’s token URL with your app’s page at the provider, and look at the answer \
                     among the connection’s requests."
                }
                _ => "Try again.",
            };
            let error = Error { code, ..error }.means(UNCHANGED).or_hint(hint);
            Refused { error, wait, is_about_subject: false }
        }
    }
}

fn explained(client: &OAuthClient, refusal: &Refusal<'_>, target: &TokenTarget) -> Error {
    let (provider, wanted) = (&client.provider, target.description());
    let told = refusal.explain(provider);
    let answer = format!("{}.{}", refusal.in_brackets(), said(refusal.description));
    let (message, hint) = match refusal.error {
        "unsupported_grant_type" => (
            format!("{provider} does not offer token exchange{answer}"),
            "Look on the provider’s pages whether token exchange (RFC 8693) must be enabled. Otherwise, use the \
             connection’s own token.",
        ),
        "unauthorized_client" => (
            format!("{provider} does not permit this client to exchange tokens{answer}"),
            "Permit token exchange for your app at the provider, then try again.",
        ),
        "invalid_target" => (
            format!("{provider} does not issue a token {wanted}{answer}"),
            "Compare the audience and the resource with the provider’s names of the services, and look whether \
             your app may ask for them.",
        ),
        "invalid_scope" => (
            format!("{provider} does not grant a token {wanted}{answer}"),
            "Ask for scopes that the connection has, or that the service knows.",
        ),
        "invalid_request" | "invalid_grant" | "invalid_token" => (
            format!("{provider} did not accept the connection’s access token for an exchange{answer}"),
            "The provider may need another audience, resource or token type: look at the request among the \
             connection’s requests. If it refuses the access token itself, refresh the connection, or reconnect.",
        ),
        "invalid_client" => {
            let hint = client_hint(&client.config, &client.credentials, "try again");
            return told.means(UNCHANGED).hint(hint).next_step(NextStep::EditApp);
        }
        _ => {
            return told.means(UNCHANGED).or_hint(
                "Look on the provider’s pages which tokens your app may exchange, and for which services.",
            );
        }
    };
    Error { message, code: Code::ProviderError, ..told }.means(UNCHANGED).hint(hint)
}
