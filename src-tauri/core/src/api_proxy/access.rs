//! Access control of the proxy. A web page in the person's browser can reach loopback too: its requests are recognized
//! by `Origin` and `Sec-Fetch-Site`, and, if its own host name resolves to this computer (DNS rebinding), by `Host`.
//! Every client must send the secret.

use std::str::FromStr;

use grapnel_model::secret::{hex, random};
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use url::{Origin, Url};

use super::headers::{SECRET_HEADER, is_preflight};

/// The header with the relation between a request's page and its target (Fetch Metadata).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Where clients send the proxy's secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretLocation {
    /// As the first segment of the path.
    Path,
    /// In the header [`SECRET_HEADER`].
    Header,
    /// Nowhere: every program of this account may use the proxy.
    None,
}

/// The origin of web pages, such as `http://localhost:3000`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebOrigin(String);

impl FromStr for WebOrigin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const HOW: &str = "write an origin such as http://localhost:3000";
        let url = Url::parse(text).map_err(|_| HOW)?;
        let is_web = matches!(url.scheme(), "http" | "https") && matches!(url.origin(), Origin::Tuple(..));
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !is_web || !is_bare || !url.username().is_empty() {
            return Err(HOW.into());
        }
        Ok(Self(url.origin().ascii_serialization()))
    }
}

/// Why a request is not forwarded.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) name: &'static str,
    pub(super) message: &'static str,
}

const WRONG_HOST: Refusal = Refusal {
    status: StatusCode::MISDIRECTED_REQUEST,
    name: "wrong_host",
    message: "This proxy does not serve this host name.",
};
const NO_SUCH_METHOD: Refusal = Refusal {
    status: StatusCode::METHOD_NOT_ALLOWED,
    name: "method",
    message: "This proxy serves one API, and forwards neither CONNECT nor TRACE.",
};
const FOREIGN_ORIGIN: Refusal = Refusal {
    status: StatusCode::FORBIDDEN,
    name: "foreign_origin",
    message: "Web pages of this origin may not use this proxy. Allow one with --origin.",
};
const NO_SECRET: Refusal = Refusal {
    status: StatusCode::UNAUTHORIZED,
    name: "no_secret",
    message: "The proxy’s secret is missing or wrong. Use the URL or the header that it printed at its start.",
};

enum Secret {
    Path(String),
    Header(String),
}

pub(super) struct Access {
    secret: Option<Secret>,
    origins: Vec<WebOrigin>,
    /// The accepted values of `Host`; `None` on a Unix socket, which no browser can reach.
    hosts: Option<[String; 3]>,
}

impl Access {
    pub(super) fn new(location: SecretLocation, origins: Vec<WebOrigin>, port: Option<u16>) -> Self {
        let secret = hex(&random::<16>());
        let secret = match location {
            SecretLocation::Path => Some(Secret::Path(secret)),
            SecretLocation::Header => Some(Secret::Header(secret)),
            SecretLocation::None => None,
        };
        let name = |host: &str, port| if port == 80 { host.to_owned() } else { format!("{host}:{port}") };
        let hosts = port.map(|port| ["127.0.0.1", "localhost", "[::1]"].map(|host| name(host, port)));
        Self { secret, origins, hosts }
    }

    /// The path that replaces the API base.
    pub(super) fn base_path(&self) -> String {
        match &self.secret {
            Some(Secret::Path(secret)) => format!("/{secret}"),
            _ => String::new(),
        }
    }

    pub(super) fn secret_header(&self) -> Option<&str> {
        match &self.secret {
            Some(Secret::Header(secret)) => Some(secret),
            _ => None,
        }
    }

    /// The requested path below the API base, and the allowed origin that the response is for.
    pub(super) fn check<B>(&self, request: &Request<B>) -> (Option<HeaderValue>, Result<String, Refusal>) {
        if !self.is_served(request) {
            return (None, Err(WRONG_HOST));
        }
        if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
            return (None, Err(NO_SUCH_METHOD));
        }
        let origin = request.headers().get(ORIGIN);
        if !self.is_allowed(request.headers(), origin) {
            return (None, Err(FOREIGN_ORIGIN));
        }
        (origin.cloned(), self.target(request).ok_or(NO_SECRET))
    }

    fn is_served<B>(&self, request: &Request<B>) -> bool {
        let Some(hosts) = &self.hosts else { return true };
        let mut named = request.headers().get_all(HOST).iter();
        let (Some(host), None) = (named.next(), named.next()) else { return false };
        let authority = request.uri().authority().map(http::uri::Authority::as_str);
        let is_own = |name: &str| hosts.iter().any(|host| host.eq_ignore_ascii_case(name));
        host.to_str().is_ok_and(is_own) && authority.is_none_or(is_own)
    }

    fn is_allowed(&self, headers: &HeaderMap, origin: Option<&HeaderValue>) -> bool {
        match origin {
            Some(_) => headers
                .get_all(ORIGIN)
                .iter()
                .all(|origin| self.origins.iter().any(|allowed| origin.as_bytes() == allowed.0.as_bytes())),
            // A page's image or script request has no `Origin`.
            None => headers
                .get(SEC_FETCH_SITE)
                .is_none_or(|site| matches!(site.as_bytes(), b"none" | b"same-origin")),
        }
    }

    /// Path and query below the API base, if the request has the secret.
    fn target<B>(&self, request: &Request<B>) -> Option<String> {
        let uri = request.uri();
        let whole = uri.path_and_query().map_or("", |target| target.as_str());
        match &self.secret {
            None => Some(whole.to_owned()),
            Some(Secret::Path(secret)) => {
                let (given, rest) = whole.strip_prefix('/')?.split_at_checked(secret.len())?;
                let is_whole = rest.is_empty() || rest.starts_with(['/', '?']);
                (is_whole && is_equal(given, secret)).then(|| rest.to_owned())
            }
            // A preflight request does not have the header.
            Some(Secret::Header(_)) if is_preflight(request) => Some(String::new()),
            Some(Secret::Header(secret)) => {
                let given = request.headers().get(SECRET_HEADER)?.to_str().ok()?;
                is_equal(given, secret).then(|| whole.to_owned())
            }
        }
    }
}

/// Compares in constant time.
fn is_equal(given: &str, secret: &str) -> bool {
    use subtle::ConstantTimeEq;
    given.as_bytes().ct_eq(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(location: SecretLocation) -> Access {
        Access::new(location, vec!["http://localhost:3000".parse().unwrap()], Some(8080))
    }

    fn request(target: &str, headers: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::get(target);
        if headers.iter().all(|(name, _)| *name != "host") {
            request = request.header("host", "127.0.0.1:8080");
        }
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).body(()).unwrap()
    }

    fn checked(access: &Access, request: &Request<()>) -> Result<String, &'static str> {
        access.check(request).1.map_err(|refusal| refusal.name)
    }

    #[test]
    fn only_the_secret_opens_a_path() {
        let access = access(SecretLocation::Path);
        let base = access.base_path();
        assert_eq!(base.len(), 33);
        let at = |target: &str| checked(&access, &request(target, &[]));
        assert_eq!(at(&format!("{base}/project/list?a=1")).unwrap(), "/project/list?a=1");
        assert_eq!(at(&format!("{base}?a=1")).unwrap(), "?a=1");
        assert_eq!(at(&base).unwrap(), "");
        for wrong in ["/", "/project/list", &base[..20], &format!("{base}x/y"), &format!("/{base}/x"), "*"] {
            assert_eq!(at(wrong), Err("no_secret"), "{wrong}");
        }
    }

    #[test]
    fn only_the_secret_header_opens_it_except_for_a_preflight() {
        let access = access(SecretLocation::Header);
        let secret = access.secret_header().unwrap();
        assert_eq!(checked(&access, &request("/x", &[("grapnel-proxy-secret", secret)])).unwrap(), "/x");
        assert_eq!(checked(&access, &request("/x", &[("grapnel-proxy-secret", "x")])), Err("no_secret"));
        assert_eq!(checked(&access, &request("/x", &[])), Err("no_secret"));
        let mut preflight =
            request("/x", &[("origin", "http://localhost:3000"), ("access-control-request-method", "GET")]);
        *preflight.method_mut() = Method::OPTIONS;
        assert!(checked(&access, &preflight).is_ok());
    }

    /// DNS rebinding: a page's own name resolves to this computer.
    #[test]
    fn another_host_name_is_refused() {
        let access = access(SecretLocation::None);
        for host in ["127.0.0.1:8080", "localhost:8080", "LOCALHOST:8080", "[::1]:8080"] {
            assert!(checked(&access, &request("/x", &[("host", host)])).is_ok(), "{host}");
        }
        for host in ["evil.example:8080", "127.0.0.1", "127.0.0.1:80", "localhost.evil.example:8080", ""] {
            assert_eq!(checked(&access, &request("/x", &[("host", host)])), Err("wrong_host"), "{host}");
        }
        let mut two = request("/x", &[]);
        two.headers_mut().append("host", "evil.example".parse().unwrap());
        assert_eq!(checked(&access, &two), Err("wrong_host"));
        assert_eq!(checked(&access, &request("http://evil.example:8080/x", &[])), Err("wrong_host"));
        let mut trace = request("/x", &[]);
        *trace.method_mut() = Method::TRACE;
        assert_eq!(checked(&access, &trace), Err("method"));
    }

    #[test]
    fn a_page_of_another_origin_is_refused() {
        let access = access(SecretLocation::None);
        assert!(checked(&access, &request("/x", &[("origin", "http://localhost:3000")])).is_ok());
        for origin in ["https://evil.example", "http://localhost:8080", "null", "http://localhost:30000"] {
            assert_eq!(
                checked(&access, &request("/x", &[("origin", origin)])),
                Err("foreign_origin"),
                "{origin}"
            );
        }
        for (site, is_allowed) in
            [("cross-site", false), ("same-site", false), ("none", true), ("same-origin", true)]
        {
            let found = checked(&access, &request("/x", &[("sec-fetch-site", site)]));
            assert_eq!(found.is_ok(), is_allowed, "{site}");
        }
    }

    #[test]
    fn an_origin_is_no_url() {
        for wrong in ["localhost:3000", "http://a/b", "file:///x", "null", "", "http://u@a", "http://a?b"] {
            assert!(wrong.parse::<WebOrigin>().is_err(), "{wrong}");
        }
        assert_eq!("HTTP://LocalHost:80".parse::<WebOrigin>().unwrap().0, "http://localhost");
    }
}
