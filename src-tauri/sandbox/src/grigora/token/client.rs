//! Client authentication: `client_id` and `client_secret` in the body, because the page shows no other way.

use axum::http::{HeaderMap, header};

use crate::apps::App;
use crate::departures::{Kind, Notes};
use crate::params::Params;
use crate::provider::Provider;
use crate::refusal::Refusal;

/// Whether there is an `Authorization` header, which has no business here.
pub(super) fn sends_authorization(headers: &HeaderMap, notes: &Notes<'_>) -> bool {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return false };
    let basic = value.as_bytes().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"basic"));
    notes.add(if basic { Kind::BasicAuthentication } else { Kind::WrongAuthorization }, "Authorization");
    true
}

pub(super) fn authenticate<'a>(
    provider: &'a Provider,
    params: &Params,
    authorization_header: bool,
    notes: &Notes<'_>,
) -> Result<&'a App, Refusal> {
    let (Some(id), Some(secret)) = (params.get("client_id"), params.get("client_secret")) else {
        for name in ["client_id", "client_secret"] {
            if params.get(name).is_none() {
                notes.add(Kind::MissingParameter, name);
            }
        }
        return Err(Refusal::invalid_client("client_id and client_secret belong into the body"));
    };
    // RFC 6749 §2.3: no more than one way to authenticate in a request.
    if authorization_header {
        return Err(Refusal::invalid_request(
            "there is an Authorization header besides the credentials in the body",
        ));
    }
    provider.app(id).filter(|app| app.has_secret(secret)).ok_or_else(|| {
        notes.add(Kind::WrongClient, "client_id or client_secret");
        Refusal::invalid_client("no client with this id and this secret")
    })
}
