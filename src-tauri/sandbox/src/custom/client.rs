//! Client authentication by HTTP Basic or in the body, not both (RFC 6749 §2.3).

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::departures::{DepartureKind, DepartureLog};
use crate::params::Params;
use crate::provider::Provider;
use crate::registered_app::RegisteredApp;
use crate::reply::ErrorReply;

pub(super) fn authenticate<'a>(
    provider: &'a Provider,
    headers: &HeaderMap,
    params: &Params,
    log: &DepartureLog<'_>,
) -> Result<&'a RegisteredApp, ErrorReply> {
    let credentials = match headers.get(header::AUTHORIZATION) {
        Some(value) => Some(basic(value).ok_or_else(|| {
            log.add(DepartureKind::WrongAuthorization, "Authorization");
            refused("the Authorization header is not what RFC 6749 §2.3.1 asks for", true)
        })?),
        None => None,
    };
    let by_basic = credentials.is_some();
    if by_basic && params.has("client_secret") {
        log.add(DepartureKind::RepeatedParameter, "client_secret");
        return Err(ErrorReply::invalid_request("the client authenticates in two ways at once"));
    }
    let in_body = || Some((params.get("client_id")?.to_owned(), params.get("client_secret")?.to_owned()));
    let Some((id, secret)) = credentials.or_else(in_body) else {
        log.add(DepartureKind::MissingParameter, "client_id or client_secret");
        return Err(refused("the client does not authenticate", false));
    };
    let same = params.get("client_id").is_none_or(|named| named == id);
    let app = provider.app(&id).filter(|app| same && app.has_secret(&secret));
    app.ok_or_else(|| {
        log.add(DepartureKind::WrongClient, "client_id or client_secret");
        refused("no client with this id and this secret", by_basic)
    })
}

/// RFC 6749 §5.2: a client that used a header gets a `WWW-Authenticate` challenge.
fn refused(why: &str, by_header: bool) -> ErrorReply {
    let refusal = ErrorReply::invalid_client(why);
    if by_header { refusal.with_challenge("Basic realm=\"client\"") } else { refusal }
}

/// Both parts are form-encoded (RFC 6749 §2.3.1).
fn basic(value: &HeaderValue) -> Option<(String, String)> {
    let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
    let decoded = STANDARD.decode(encoded).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let text = String::from_utf8(decoded).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((form_decoded(id)?, form_decoded(secret)?))
}

fn form_decoded(text: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(text.as_bytes());
    match (pairs.next(), pairs.next()) {
        (Some((name, value)), None) if value.is_empty() => Some(name.into_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &'static str) -> Option<(String, String)> {
        basic(&HeaderValue::from_static(header))
    }

    #[test]
    fn the_header_of_rfc_6749_section_2_3_1_is_read() {
        let expected = Some(("s6BhdRkqt3".to_owned(), "7Fjfp0ZBr1KtDRbnfVdmIw".to_owned()));
        assert_eq!(read("Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"), expected);
        assert_eq!(read("Bearer czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"), None);
    }

    #[test]
    fn both_parts_are_form_encoded() {
        assert_eq!(form_decoded("a+b%3A%2B").as_deref(), Some("a b:+"));
        assert_eq!(form_decoded("a&b"), None);
        assert_eq!(form_decoded("a=b"), None);
    }
}
