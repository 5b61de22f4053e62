//! The access token in the `Authorization` header (RFC 6750 §2.1), and the grant behind it.

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use crate::departures::{DepartureKind, DepartureLog};
use crate::grants::{BearerError, Grant};
use crate::params::Params;
use crate::provider::Provider;

/// Why an API request is refused. Each provider has its own error format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unauthorized {
    /// There is no bearer token.
    NoToken(&'static str),
    /// The token is unknown, expired or revoked.
    BadToken,
}

/// The grant of the request's access token.
pub(crate) fn bearer_grant(
    provider: &Provider,
    headers: &HeaderMap,
    log: &DepartureLog<'_>,
) -> Result<Grant, Unauthorized> {
    let token = bearer_token(headers, log)?;
    provider.grants.grant_of_access_token(token).map_err(|refused| {
        match refused {
            BearerError::Unknown => log.add(DepartureKind::UnknownToken, "Authorization"),
            BearerError::RefreshToken => log.add(DepartureKind::RefreshTokenAsAccessToken, "Authorization"),
            // A client learns of an expiry or revocation by this refusal: no departure.
            BearerError::Inactive => {}
        }
        Unauthorized::BadToken
    })
}

fn bearer_token<'h>(headers: &'h HeaderMap, log: &DepartureLog<'_>) -> Result<&'h str, Unauthorized> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        log.add(DepartureKind::MissingParameter, "Authorization");
        return Err(Unauthorized::NoToken("there is no access token"));
    };
    let parts = value.to_str().ok().and_then(|value| value.split_once(' '));
    match parts {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && values.next().is_none() => {
            Ok(token)
        }
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("basic") => {
            log.add(DepartureKind::BasicAuthentication, "Authorization");
            Err(Unauthorized::NoToken("the API takes a bearer token"))
        }
        _ => {
            log.add(DepartureKind::WrongAuthorization, "Authorization");
            Err(Unauthorized::NoToken("the API takes one bearer token"))
        }
    }
}

/// The query of an API request. Undocumented parameters are logged, an access token as its own kind.
pub(crate) fn read_query(parts: &Parts, known: &[&str], log: &DepartureLog<'_>) -> Params {
    let query = Params::from_form(parts.uri.query().unwrap_or_default().as_bytes());
    if query.has("access_token") {
        log.add(DepartureKind::TokenInQuery, "access_token");
    }
    log.unknown(query.unknown(known).filter(|name| *name != "access_token"));
    query
}

/// Logs an unexpected body. It is not refused (assumed).
pub(crate) fn log_unexpected_body(headers: &HeaderMap, log: &DepartureLog<'_>) {
    let empty = headers.get(header::CONTENT_LENGTH).is_none_or(|length| length == "0");
    if !empty || headers.contains_key(header::TRANSFER_ENCODING) {
        log.add(DepartureKind::UnexpectedBody, "this call takes no body");
    }
}
