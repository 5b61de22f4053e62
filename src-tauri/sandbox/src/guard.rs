//! What stands before every request: the `Host` check, and the answers to paths and methods that no page names.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::clock::http_date;
use crate::departures::{Kind, named};
use crate::provider::Provider;
use crate::refusal::Refusal;

/// A page of some other site may point its own name at 127.0.0.1 (DNS rebinding), but cannot forge `Host`.
pub(crate) async fn host(State(provider): State<Arc<Provider>>, request: Request, next: Next) -> Response {
    if is_addressed_to(&provider, &request) {
        return next.run(request).await;
    }
    provider.notes(endpoint(&request)).add(Kind::WrongHost, "Host");
    Refusal::invalid_request("this server answers to its own address only")
        .status(StatusCode::MISDIRECTED_REQUEST)
        .into_response()
}

/// Says the time by the sandbox's clock, unless a fault has already said another.
pub(crate) async fn date(State(provider): State<Arc<Provider>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Ok(now) = HeaderValue::from_str(&http_date(provider.common.clock.now())) {
        response.headers_mut().entry(header::DATE).or_insert(now);
    }
    response
}

/// A path that no page names.
pub(crate) async fn unknown_path(State(provider): State<Arc<Provider>>, request: Request) -> Refusal {
    provider.notes(endpoint(&request)).add(Kind::UnknownPath, named(request.uri().path()));
    Refusal::new(StatusCode::NOT_FOUND, "not_found", "no such path")
}

/// A method that the page does not name for this path.
pub(crate) async fn wrong_method(State(provider): State<Arc<Provider>>, request: Request) -> Refusal {
    provider.notes(endpoint(&request)).add(Kind::WrongMethod, request.method().as_str());
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "not with this method")
}

/// Whether a browser says that a page of another site sent this request.
pub(crate) fn is_from_elsewhere(headers: &HeaderMap, provider: &Provider) -> bool {
    let host = |value: &HeaderValue| value.to_str().ok()?.strip_prefix("http://").map(str::to_owned);
    let ours = |value: &HeaderValue| host(value).is_some_and(|host| provider.is_at(&host));
    headers.get("origin").is_some_and(|origin| !ours(origin))
        || headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none")
}

/// Method and path, for the log. A path is cut down like any other name: it comes from outside.
pub(crate) fn endpoint(request: &Request) -> String {
    format!("{} {}", request.method(), named(request.uri().path()))
}

fn is_addressed_to(provider: &Provider, request: &Request) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).filter(|host| provider.is_at(host));
    let Some(host) = host.filter(|_| hosts.next().is_none()) else { return false };
    request.uri().authority().is_none_or(|authority| authority == host)
}
