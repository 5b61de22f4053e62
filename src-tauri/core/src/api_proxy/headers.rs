//! The headers that the proxy forwards: no hop-by-hop headers (RFC 9110 §7.6.1), and none that a browser adds about the
//! page or about other programs on this computer, such as cookies, which are shared by all ports.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONNECTION, CONTENT_SECURITY_POLICY, COOKIE, EXPECT, HOST,
    ORIGIN, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, REFERER, SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING,
    UPGRADE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};

use grapnel_oauth::http::StreamedBody;

/// The header that carries the proxy's secret.
pub const SECRET_HEADER: HeaderName = HeaderName::from_static("grapnel-proxy-secret");

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const ALLOW_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");

const HOP_BY_HOP_HEADERS: [HeaderName; 9] = [
    CONNECTION,
    KEEP_ALIVE,
    PROXY_CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// The headers of a request as the API gets them.
pub(super) fn of_request(mut headers: HeaderMap) -> HeaderMap {
    let protocol = upgrade(&headers);
    remove_hop(&mut headers);
    for name in [AUTHORIZATION, COOKIE, EXPECT, HOST, ORIGIN, REFERER, SECRET_HEADER] {
        headers.remove(name);
    }
    let from_browser = headers.keys().filter(|name| name.as_str().starts_with("sec-fetch-")).cloned();
    for name in from_browser.collect::<Vec<_>>() {
        headers.remove(name);
    }
    if let Some(protocol) = protocol {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol);
    }
    headers
}

/// The headers of a response as the client receives them.
pub(super) fn of_response(headers: &mut HeaderMap, is_upgraded: bool) {
    let protocol = if is_upgraded { upgrade(headers) } else { None };
    remove_hop(headers);
    headers.remove(SET_COOKIE);
    let cors = headers.keys().filter(|name| name.as_str().starts_with("access-control-")).cloned();
    for name in cors.collect::<Vec<_>>() {
        headers.remove(name);
    }
    // A page of the API that is opened through the proxy gets an opaque origin, so that its scripts cannot use the
    // proxy.
    headers.append(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(protocol) = protocol {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol);
    }
}

/// The protocol that a message switches to (RFC 9110 §7.8).
pub(super) fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let is_meant = named_by_connection(headers).any(|name| name.eq_ignore_ascii_case("upgrade"));
    headers.get(UPGRADE).filter(|_| is_meant).cloned()
}

fn named_by_connection(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

fn remove_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = named_by_connection(headers).filter_map(|name| name.parse().ok()).collect();
    for name in named.into_iter().chain(HOP_BY_HOP_HEADERS) {
        headers.remove(name);
    }
}

/// Whether a request is a CORS preflight.
pub(super) fn is_preflight<B>(request: &Request<B>) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(ORIGIN)
        && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The response to a preflight of an allowed origin: it allows whatever is requested.
pub(super) fn preflight(asked: &HeaderMap) -> Response<StreamedBody> {
    let mut response = Response::new(StreamedBody::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    for (from, to) in [
        (ACCESS_CONTROL_REQUEST_METHOD, ACCESS_CONTROL_ALLOW_METHODS),
        (ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_ALLOW_HEADERS),
    ] {
        if let Some(value) = asked.get(from) {
            headers.insert(to, value.clone());
        }
    }
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    headers.insert(ALLOW_PRIVATE_NETWORK, HeaderValue::from_static("true"));
    response
}

/// Lets a page of this origin read the response.
pub(super) fn allow_origin(headers: &mut HeaderMap, origin: Option<HeaderValue>) {
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*"));
        headers.append(VARY, HeaderValue::from_static("origin"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    fn map(names: &[(&str, &str)]) -> HeaderMap {
        let headers = names.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        headers.collect::<HeaderMap>()
    }

    #[test]
    fn a_request_is_forwarded_without_hop_by_hop_headers() {
        let passed = of_request(map(&[
            ("accept", "*/*"),
            ("authorization", "Bearer x"),
            ("connection", "close, x-private"),
            ("content-length", "3"),
            ("cookie", "session=of-another-port"),
            ("grapnel-proxy-secret", "s"),
            ("host", "127.0.0.1"),
            ("origin", "http://localhost:3000"),
            ("proxy-authorization", "Basic x"),
            ("referer", "http://127.0.0.1/secret/"),
            ("sec-fetch-mode", "cors"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("x-own", "1"),
            ("x-private", "1"),
        ]));
        assert_eq!(names(&passed), ["accept", "content-length", "x-own"]);
    }

    #[test]
    fn a_protocol_upgrade_is_forwarded() {
        let passed = of_request(map(&[("connection", "keep-alive, Upgrade"), ("upgrade", "websocket")]));
        assert_eq!(passed.get("upgrade").unwrap(), "websocket");
        assert_eq!(passed.get("connection").unwrap(), "upgrade");
    }

    #[test]
    fn a_response_is_forwarded_without_cookies_and_cors_headers() {
        let mut headers = map(&[
            ("access-control-allow-origin", "*"),
            ("connection", "close"),
            ("content-type", "text/plain"),
            ("set-cookie", "a=b"),
        ]);
        of_response(&mut headers, false);
        assert_eq!(names(&headers), ["content-security-policy", "content-type", "x-content-type-options"]);
    }
}
