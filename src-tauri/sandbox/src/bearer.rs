//! The access token in the `Authorization` header (RFC 6750 §2.1), and the grant behind it.

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use crate::departures::{Kind, Notes};
use crate::grants::{BearerRefused, Grant};
use crate::params::Params;
use crate::provider::Provider;

/// Why a call is not admitted. How that is said is the provider's own matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unauthorized {
    /// There is no bearer token to look at.
    NoToken(&'static str),
    /// There is one, and it is not good (any more).
    BadToken,
}

/// The grant behind the token of a request.
pub(crate) fn grant_of(
    provider: &Provider,
    headers: &HeaderMap,
    notes: &Notes<'_>,
) -> Result<Grant, Unauthorized> {
    let token = token_in(headers, notes)?;
    provider.grants.bearer(token).map_err(|refused| {
        match refused {
            BearerRefused::Unknown => notes.add(Kind::UnknownToken, "Authorization"),
            BearerRefused::RefreshToken => notes.add(Kind::RefreshTokenAsAccessToken, "Authorization"),
            // It was good once, and a client learns that it no longer is by trying.
            BearerRefused::Dead => {}
        }
        Unauthorized::BadToken
    })
}

fn token_in<'h>(headers: &'h HeaderMap, notes: &Notes<'_>) -> Result<&'h str, Unauthorized> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        notes.add(Kind::MissingParameter, "Authorization");
        return Err(Unauthorized::NoToken("there is no access token"));
    };
    let parts = value.to_str().ok().and_then(|value| value.split_once(' '));
    match parts {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && values.next().is_none() => {
            Ok(token)
        }
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("basic") => {
            notes.add(Kind::BasicAuthentication, "Authorization");
            Err(Unauthorized::NoToken("the API takes a bearer token"))
        }
        _ => {
            notes.add(Kind::WrongAuthorization, "Authorization");
            Err(Unauthorized::NoToken("the API takes one bearer token"))
        }
    }
}

/// The query of an API call. Those parameters that its page does not name are noted, a token above all.
pub(crate) fn query_of(parts: &Parts, known: &[&str], notes: &Notes<'_>) -> Params {
    let query = Params::from_form(parts.uri.query().unwrap_or_default().as_bytes());
    if query.has("access_token") {
        notes.add(Kind::TokenInQuery, "access_token");
    }
    notes.unknown(query.unknown(known).filter(|name| *name != "access_token"));
    query
}

/// A body where none belongs. No page says that one is refused.
pub(crate) fn note_body(headers: &HeaderMap, notes: &Notes<'_>) {
    let empty = headers.get(header::CONTENT_LENGTH).is_none_or(|length| length == "0");
    if !empty || headers.contains_key(header::TRANSFER_ENCODING) {
        notes.add(Kind::UnexpectedBody, "this call takes no body");
    }
}
