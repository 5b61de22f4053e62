//! The validation common to authorization requests. The client and its redirect URI are checked first: they decide
//! whether an error may be sent in a redirect.

use crate::departures::{DepartureKind, DepartureLog, loggable_name};
use crate::params::Params;
use crate::pkce;
use crate::provider::Provider;
use crate::registered_app::RegisteredApp;

/// Parameters that must never pass through a browser.
pub(crate) const SECRETS: [&str; 4] = ["client_secret", "code_verifier", "access_token", "refresh_token"];

/// An authorization error: a page for the person, or the URL of a redirect to an identified client.
#[derive(Debug)]
pub(crate) enum AuthorizeError {
    Page(String),
    Redirect(String),
}

/// An error code of RFC 6749 §4.1.2.1 and a description.
pub(crate) struct ErrorParams(pub(crate) &'static str, pub(crate) String);

/// The client and its redirect URI. Errors here are shown on a page and never redirected.
pub(crate) fn identify_client<'p>(
    provider: &'p Provider,
    params: &'p Params,
    log: &DepartureLog<'_>,
) -> Result<(&'p RegisteredApp, &'p str), String> {
    let client_id = once(params, "client_id", log)?;
    let redirect_uri = once(params, "redirect_uri", log)?;
    let app = provider.app(client_id).ok_or_else(|| {
        log.add(DepartureKind::WrongClient, "client_id");
        "No app with this client_id is registered here.".to_owned()
    })?;
    if !app.redirects_to(redirect_uri) {
        log.add(DepartureKind::RedirectMismatch, "redirect_uri");
        return Err(format!("The redirect_uri is not registered for {}.", app.name));
    }
    Ok((app, redirect_uri))
}

/// A required parameter that must not be repeated.
pub(crate) fn once<'p>(
    params: &'p Params,
    name: &'static str,
    log: &DepartureLog<'_>,
) -> Result<&'p str, String> {
    if params.is_repeated(name) {
        log.add(DepartureKind::RepeatedParameter, name);
        return Err(format!("{name} was sent more than once."));
    }
    params.get(name).ok_or_else(|| {
        log.add(DepartureKind::MissingParameter, name);
        format!("{name} is missing.")
    })
}

/// Requires `response_type=code`; refuses secrets, and repeated parameters other than `several`.
pub(crate) fn check(params: &Params, several: &[&str], log: &DepartureLog<'_>) -> Result<(), ErrorParams> {
    let wrong = |kind, name: &str, why: &str| {
        log.add(kind, loggable_name(name));
        ErrorParams("invalid_request", format!("{} {why}", loggable_name(name)))
    };
    if let Some(name) = SECRETS.into_iter().find(|name| params.has(name)) {
        return Err(wrong(DepartureKind::SecretInQuery, name, "must not pass through a browser"));
    }
    if let Some(name) = params.names().into_iter().find(|n| params.is_repeated(n) && !several.contains(n)) {
        return Err(wrong(DepartureKind::RepeatedParameter, name, "was sent more than once"));
    }
    match params.get("response_type") {
        Some("code") => Ok(()),
        None => Err(wrong(DepartureKind::MissingParameter, "response_type", "is missing")),
        Some(_) => {
            log.add(DepartureKind::WrongValue, "response_type");
            Err(ErrorParams("unsupported_response_type", "response_type must be code".to_owned()))
        }
    }
}

/// The PKCE challenge, if any. The method must be S256; an absent one means `plain` (RFC 7636) and is refused.
pub(crate) fn challenge(params: &Params, log: &DepartureLog<'_>) -> Result<Option<String>, ErrorParams> {
    let wrong = |kind, name: &str, why: &str| {
        log.add(kind, name);
        Err(ErrorParams("invalid_request", format!("{name} {why}")))
    };
    match (params.get("code_challenge"), params.get("code_challenge_method")) {
        (None, None) => Ok(None),
        (Some(_), None) => {
            wrong(DepartureKind::MissingParameter, "code_challenge_method", "is missing: send S256")
        }
        (None, Some(_)) => wrong(DepartureKind::MissingParameter, "code_challenge", "is missing"),
        (Some(challenge), Some("S256")) if pkce::is_challenge(challenge) => Ok(Some(challenge.to_owned())),
        (Some(_), Some("S256")) => {
            wrong(DepartureKind::WrongValue, "code_challenge", "is not a SHA-256 in base64url")
        }
        (Some(_), Some(_)) => wrong(DepartureKind::WrongValue, "code_challenge_method", "must be S256"),
    }
}
