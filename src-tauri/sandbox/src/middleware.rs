//! What stands before every request: the `Host` check, and the answers to paths and methods that no page names.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::clock::http_date;
use crate::departures::{DepartureKind, loggable_name};
use crate::provider::Provider;
use crate::reply::ErrorReply;

/// A page of some other site may point its own name at 127.0.0.1 (DNS rebinding), but cannot forge `Host`.
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

/// Says the time by the sandbox's clock, unless a fault has already said another.
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

/// A path that no page names.
pub(crate) async fn unknown_path(State(provider): State<Arc<Provider>>, request: Request) -> ErrorReply {
    provider
        .departure_log(endpoint(&request))
        .add(DepartureKind::UnknownPath, loggable_name(request.uri().path()));
    ErrorReply::new(StatusCode::NOT_FOUND, "not_found", "no such path")
}

/// A method that the page does not name for this path.
pub(crate) async fn method_not_allowed(
    State(provider): State<Arc<Provider>>,
    request: Request,
) -> ErrorReply {
    provider.departure_log(endpoint(&request)).add(DepartureKind::WrongMethod, request.method().as_str());
    ErrorReply::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "not with this method")
}

/// Whether a browser says that a page of another site sent this request.
pub(crate) fn is_cross_origin(headers: &HeaderMap, provider: &Provider) -> bool {
    let host = |value: &HeaderValue| value.to_str().ok()?.strip_prefix("http://").map(str::to_owned);
    let ours = |value: &HeaderValue| host(value).is_some_and(|host| provider.is_own_host(&host));
    headers.get("origin").is_some_and(|origin| !ours(origin))
        || headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none")
}

/// Method and path, for the log. A path is cut down like any other name: it comes from outside.
pub(crate) fn endpoint(request: &Request) -> String {
    format!("{} {}", request.method(), loggable_name(request.uri().path()))
}

fn has_own_host(provider: &Provider, request: &Request) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).filter(|host| provider.is_own_host(host));
    let Some(host) = host.filter(|_| hosts.next().is_none()) else { return false };
    request.uri().authority().is_none_or(|authority| authority == host)
}
