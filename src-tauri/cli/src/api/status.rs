//! The exit code of a response, by the class of its status.

use grapnel_core::api_request::ApiResponse;
use grapnel_model::error::{Code, Error, Result};
use http::StatusCode;
use http::header::LOCATION;
use url::Url;

use crate::lookup::quoted;

/// The error of a response whose status is not a success, for the exit code.
pub(super) fn check_status(response: &ApiResponse, url: &Url, connection: &str) -> Result<()> {
    let (status, provider) = (response.status(), response.provider());
    let error = |code: Code| Error::new(code, format!("{provider}’s API answered with status {status}."));
    let error = match status {
        _ if status.is_success() || status.is_informational() => return Ok(()),
        _ if status.is_redirection() => {
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            let next = location.and_then(|location| url.join(location).ok());
            let hint = next.map_or_else(
                || "Request the URL that you want.".to_owned(),
                |next| format!("It names {next}. Request that, if you trust its host with the access token."),
            );
            error(Code::ProviderError).hint(format!("Redirects are not followed. {hint}"))
        }
        StatusCode::UNAUTHORIZED => error(Code::ReconnectNeeded).hint(
            "The access token was rejected. If a refresh does not help, the connection must be reconnected.",
        ),
        StatusCode::FORBIDDEN => forbidden(error(Code::AccessDenied), response, connection),
        StatusCode::NOT_FOUND => error(Code::NotFound).hint("Check the path."),
        StatusCode::TOO_MANY_REQUESTS => error(Code::ProviderUnavailable).hint("Try again later."),
        _ if status.is_server_error() => error(Code::ProviderUnavailable).hint("Try again."),
        _ => error(Code::ProviderError).hint("See the response."),
    };
    Err(error.means("Your tokens are kept as they are."))
}

/// What to do if access is denied: sign in with the scopes that the API asks for, if it says so (RFC 6750 §3.1).
fn forbidden(error: Error, response: &ApiResponse, connection: &str) -> Error {
    match response.missing_scopes() {
        Some(scopes) => error.hint(scope_hint(&scopes, connection)),
        None => error.hint("Check whether the connection has the scope that this request needs."),
    }
}

/// How to sign in with the scopes that a request needed.
pub(crate) fn scope_hint(scopes: &[String], connection: &str) -> String {
    if scopes.is_empty() {
        return "The access token has too few scopes, and the API does not say which it needs. Add --scope SCOPE to \
                grapnel connect."
            .to_owned();
    }
    let options = scopes.iter().fold(String::new(), |all, scope| all + " --scope " + &quoted(scope));
    format!(
        "The access token has too few scopes. The request needs: {}. Sign in again with them: grapnel connect \
         {}{options}",
        scopes.join(" "),
        quoted(connection)
    )
}
