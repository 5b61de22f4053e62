//! Middleware of every provider: the `Host` check, the `Date` header, and replies to unknown paths and methods.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::clock::http_date;
use crate::departures::{DepartureKind, loggable_name};
use crate::provider::Provider;
use crate::reply::ErrorReply;

/// Refuses other hosts, against DNS rebinding: another site can resolve its name to 127.0.0.1 but not forge `Host`.
pub(crate) async fn check_host(
    State(provider): State<Arc<Provider>>,
    request: Request,
    next: Next,
) -> Response {
    if has_own_host(&provider, &request) {
        return next.run(request).await;
    }
    provider.departure_log(endpoint(&request)).add(DepartureKind::WrongHost, "Host");
    ErrorReply::invalid_request("this server answers to its own address only")
        .with_status(StatusCode::MISDIRECTED_REQUEST)
        .into_response()
}

/// Sets `Date` from the sandbox's clock, unless a fault has set it.
pub(crate) async fn set_date(
    State(provider): State<Arc<Provider>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    if let Ok(now) = HeaderValue::from_str(&http_date(provider.shared.clock.now())) {
        response.headers_mut().entry(header::DATE).or_insert(now);
    }
    response
}

/// The reply to an undocumented path.
pub(crate) async fn unknown_path(State(provider): State<Arc<Provider>>, request: Request) -> ErrorReply {
    provider
        .departure_log(endpoint(&request))
        .add(DepartureKind::UnknownPath, loggable_name(request.uri().path()));
    ErrorReply::new(StatusCode::NOT_FOUND, "not_found", "no such path")
}

/// The reply to an undocumented method.
pub(crate) async fn method_not_allowed(
    State(provider): State<Arc<Provider>>,
    request: Request,
) -> ErrorReply {
    provider.departure_log(endpoint(&request)).add(DepartureKind::WrongMethod, request.method().as_str());
    ErrorReply::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "not with this method")
}

/// Whether the request comes from a page of another origin, by its `Origin` and `Sec-Fetch-Site` headers.
pub(crate) fn is_cross_origin(headers: &HeaderMap, provider: &Provider) -> bool {
    let host = |value: &HeaderValue| value.to_str().ok()?.strip_prefix("http://").map(str::to_owned);
    let ours = |value: &HeaderValue| host(value).is_some_and(|host| provider.is_own_host(&host));
    headers.get("origin").is_some_and(|origin| !ours(origin))
        || headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none")
}

/// Method and path, made safe to log.
pub(crate) fn endpoint(request: &Request) -> String {
    format!("{} {}", request.method(), loggable_name(request.uri().path()))
}

fn has_own_host(provider: &Provider, request: &Request) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).filter(|host| provider.is_own_host(host));
    let Some(host) = host.filter(|_| hosts.next().is_none()) else { return false };
    request.uri().authority().is_none_or(|authority| authority == host)
}
