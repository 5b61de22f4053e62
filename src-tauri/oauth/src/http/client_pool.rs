//! The HTTP clients, one set per route: loopback without a proxy, every other host by the settings.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use grapnel_model::error::NextStep;
use grapnel_model::provider::is_loopback;
use grapnel_model::settings::Settings;
use parking_lot::Mutex;
use reqwest::{Client, ClientBuilder};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use url::Url;

use super::cause::RouteFacts;
use super::certificate;
use super::failure::Failure;
use super::proxy::{Proxies, RedactedProxy};
use crate::authorities;
use crate::client_certificate::ClientCertificate;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest pause between two parts of a response.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// The maximum number of routes with a client certificate. Beyond it, all are closed, and built again when needed.
const MAX_CERTIFIED_ROUTES: usize = 16;

/// The routes. Each is built at its first use, so that the program's start does not wait for it.
#[derive(Default)]
pub(super) struct ClientPool {
    /// Over TLS, by whether the host is on loopback. Without a route until the first request after a change of the
    /// settings.
    secure: Mutex<HashMap<bool, Route>>,
    settings: Mutex<Settings>,
    /// With a client certificate, by its chain in PEM and whether the host is on loopback.
    certified: Mutex<HashMap<(String, bool), Route>>,
    /// To loopback without TLS and without a proxy: these requests must not leave this computer.
    inward: OnceLock<Route>,
}

/// The clients of one route, and the facts that explain a failure on it.
#[derive(Clone)]
pub(super) struct Route {
    pooled: Client,
    /// Opens a new connection for every request. On a pooled connection that the server is closing, a request may be
    /// sent whose response is then lost.
    fresh: Client,
    /// For responses that are passed on as they arrive: nothing is decompressed, and a pause may last.
    streaming: Client,
    /// The same over HTTP/1.1, whose connections can change to another protocol (RFC 9110 §7.8).
    upgrading: Client,
    proxies: Option<Arc<Proxies>>,
    trusted: Arc<str>,
    /// Whether it presents a client certificate.
    presents: bool,
}

impl Route {
    /// The client that reuses connections, or the one that opens a new connection for each request.
    pub(super) fn client(&self, may_reuse: bool) -> &Client {
        if may_reuse { &self.pooled } else { &self.fresh }
    }

    /// The client for a response that is passed on as it arrives; `upgrades` if the request asks for another protocol.
    pub(super) fn streaming(&self, upgrades: bool) -> &Client {
        if upgrades { &self.upgrading } else { &self.streaming }
    }

    /// Describes the route of a request to `url`, to explain its failure.
    pub(super) fn route_facts<'a>(&'a self, url: &'a Url) -> RouteFacts<'a> {
        RouteFacts { url, proxy: self.proxy(url), trusted: &self.trusted, presents: self.presents }
    }

    fn proxy(&self, url: &Url) -> Option<RedactedProxy> {
        self.proxies.as_ref().and_then(|all| all.of(url))
    }

    /// Refuses a proxy that is reached over TLS: it would be presented the certificate first, since a client has one
    /// set of TLS settings.
    fn check_for_certificate(&self, url: &Url) -> Result<(), Failure> {
        let Some(proxy) = self.proxy(url).filter(|proxy| proxy.scheme == "https") else { return Ok(()) };
        Err(Failure::Blocked {
            reason: format!(
                "the proxy {} is reached over TLS, and would see the client certificate",
                proxy.place
            ),
            advice: "Use a proxy at an http:// or socks5:// address, or none for this host (NO_PROXY)."
                .into(),
            next_step: Some(NextStep::OpenSettings),
        })
    }
}

impl ClientPool {
    /// Replaces the settings and drops the client that was built from the earlier ones.
    pub(super) fn set(&self, settings: Settings) {
        self.begin_with(settings);
        self.secure.lock().clear();
        self.certified.lock().clear();
    }

    /// Sets the settings without checking them. A setting that is no longer usable fails the first request that needs
    /// it.
    pub(super) fn begin_with(&self, settings: Settings) {
        *self.settings.lock() = settings;
    }

    /// Selects the route for `url`, and builds its clients if needed. Requests with a client certificate never share a
    /// connection with others.
    pub(super) fn to(&self, url: &Url, own: Option<&ClientCertificate>) -> Result<Route, Failure> {
        match own {
            Some(own) => {
                let route = self.certified_route(own, is_loopback(url))?;
                route.check_for_certificate(url)?;
                Ok(route)
            }
            None if is_loopback(url) && url.scheme() == "http" => self.loopback_route(),
            None => self.secure_route(is_loopback(url)),
        }
    }

    /// Drops the clients that present a certificate, with their private keys and connections.
    pub(super) fn forget_certificates(&self) {
        self.certified.lock().clear();
    }

    fn certified_route(&self, own: &ClientCertificate, is_loopback: bool) -> Result<Route, Failure> {
        let key = (own.pem(), is_loopback);
        let mut certified = self.certified.lock();
        if let Some(route) = certified.get(&key) {
            return Ok(route.clone());
        }
        let route = self.build_route(Some(own), is_loopback)?;
        if certified.len() >= MAX_CERTIFIED_ROUTES {
            certified.clear();
        }
        Ok(certified.entry(key).or_insert(route).clone())
    }

    fn loopback_route(&self) -> Result<Route, Failure> {
        if let Some(route) = self.inward.get() {
            return Ok(route.clone());
        }
        let tls = tls(Vec::new(), None)?;
        let client = |tls: &ClientConfig, builder: ClientBuilder| build(with_tls(builder, tls).no_proxy());
        let route = Route {
            pooled: client(&tls, bounded())?,
            fresh: client(&tls, without_connection_reuse(bounded()))?,
            streaming: client(&tls, unaltered(builder()))?,
            upgrading: client(&http1(&tls), unaltered(builder()).http1_only())?,
            proxies: None,
            trusted: "the system’s authorities".into(),
            presents: false,
        };
        Ok(self.inward.get_or_init(|| route).clone())
    }

    fn secure_route(&self, is_loopback: bool) -> Result<Route, Failure> {
        let mut secure = self.secure.lock();
        if let Some(route) = secure.get(&is_loopback) {
            return Ok(route.clone());
        }
        let route = self.build_route(None, is_loopback)?;
        Ok(secure.entry(is_loopback).or_insert(route).clone())
    }

    /// A route by the settings; to loopback without a proxy.
    fn build_route(&self, own: Option<&ClientCertificate>, is_loopback: bool) -> Result<Route, Failure> {
        let settings = self.settings.lock().clone();
        let mut more = authorities::of_settings(&settings).map_err(|error| Failure::blocked(&error))?;
        let environment = authorities::from_environment();
        more.extend(environment.certificates);
        let tls = tls(more, own)?;
        let client = |tls: &ClientConfig, builder: ClientBuilder| {
            let builder = with_tls(builder, tls);
            if is_loopback {
                return Ok((None, build(builder.no_proxy())?));
            }
            let (proxies, builder) = Proxies::apply(&settings, builder)?;
            Ok((Some(proxies), build(builder)?))
        };
        let (proxies, pooled) = client(&tls, bounded())?;
        let (_, fresh) = client(&tls, without_connection_reuse(bounded()))?;
        let (_, streaming) = client(&tls, unaltered(builder()))?;
        let (_, upgrading) = client(&http1(&tls), unaltered(builder()).http1_only())?;
        let trusted = trusted(environment.sources, &settings.certificates);
        let (proxies, trusted) = (proxies.map(Arc::new), trusted.into());
        Ok(Route { pooled, fresh, streaming, upgrading, proxies, trusted, presents: own.is_some() })
    }
}

/// Lists the sources of trusted certificate authorities, as a phrase for an error message.
fn trusted(environment: Vec<String>, set: &str) -> String {
    let mut sources = vec!["the system’s authorities".to_owned()];
    sources.extend(environment);
    if !set.is_empty() {
        sources.push(format!("those in the settings ({set})"));
    }
    match sources.split_last() {
        Some((last, [_, ..])) => format!("{} and {last}", sources[..sources.len() - 1].join(", ")),
        _ => sources.concat(),
    }
}

/// The TLS settings that all clients of a route share, so that they read the system's authorities once.
fn tls(more: Vec<CertificateDer<'static>>, own: Option<&ClientCertificate>) -> Result<ClientConfig, Failure> {
    certificate::settings(more, own)
        .map_err(|error| Failure::NotSent(format!("TLS cannot be set up: {error}")))
}

/// The same settings, which do not offer the server HTTP/2: `http1_only` of the client builder leaves them as they are.
fn http1(tls: &ClientConfig) -> ClientConfig {
    let mut http1 = tls.clone();
    http1.alpn_protocols = vec![b"http/1.1".to_vec()];
    http1
}

fn with_tls(builder: ClientBuilder, tls: &ClientConfig) -> ClientBuilder {
    builder.tls_backend_preconfigured(tls.clone())
}

fn builder() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("Grapnel/", env!("CARGO_PKG_VERSION")))
        // A redirect could carry a token to another origin, and no endpoint used here needs one.
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
}

fn bounded() -> ClientBuilder {
    builder().read_timeout(READ_TIMEOUT)
}

fn unaltered(builder: ClientBuilder) -> ClientBuilder {
    builder.no_gzip().no_brotli().no_deflate().no_zstd()
}

fn without_connection_reuse(builder: ClientBuilder) -> ClientBuilder {
    builder.pool_max_idle_per_host(0)
}

fn build(builder: ClientBuilder) -> Result<Client, Failure> {
    builder.build().map_err(|error| Failure::not_sent(&error))
}

#[cfg(test)]
mod tests {
    use grapnel_model::provider::KeyAlgorithm;
    use grapnel_model::secret::ExposeSecret;
    use rustls::server::Acceptor;
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;

    fn generated() -> String {
        let now = "2026-03-02T12:00:00Z".parse().unwrap();
        let made = ClientCertificate::generate(KeyAlgorithm::Es256, "notes client", now).unwrap();
        made.expose_secret().to_owned()
    }

    fn parsed(pem: &str) -> ClientCertificate {
        ClientCertificate::parse(&pem.into()).unwrap()
    }

    fn same(a: &Route, b: &Route) -> bool {
        Arc::ptr_eq(&a.trusted, &b.trusted)
    }

    /// Each chain has clients, and so connections and TLS sessions, of its own.
    #[test]
    fn a_certificate_shares_no_connection() {
        let (pool, url) = (ClientPool::default(), Url::parse("https://id.example/token").unwrap());
        let (first, second) = (generated(), generated());
        let to = |own: Option<&ClientCertificate>| pool.to(&url, own).unwrap();
        let own = parsed(&first);
        assert!(same(&to(Some(&own)), &to(Some(&own))));
        assert!(!same(&to(Some(&own)), &to(None)));
        assert!(!same(&to(Some(&own)), &to(Some(&parsed(&second)))));
        // The same certificate, with one that was missing.
        let (leaf, key) = first.split_at(first.find("-----BEGIN PRIVATE").unwrap());
        let issuer = &second[..second.find("-----BEGIN PRIVATE").unwrap()];
        let longer = parsed(&format!("{leaf}{issuer}{key}"));
        assert_eq!(longer.thumbprint(), own.thumbprint());
        assert!(!same(&to(Some(&own)), &to(Some(&longer))));
        let before = to(Some(&own));
        pool.forget_certificates();
        assert!(!same(&before, &to(Some(&own))), "its key stays in memory");
    }

    #[test]
    fn a_proxy_that_is_reached_over_tls_gets_no_certificate() {
        let (pool, url) = (ClientPool::default(), Url::parse("https://id.example/token").unwrap());
        let own = parsed(&generated());
        let through = |proxy: &str| {
            pool.set(Settings { proxy: proxy.into(), ..Settings::default() });
            pool.to(&url, Some(&own))
        };
        assert!(through("http://127.0.0.1:3128").is_ok());
        let Err(Failure::Blocked { reason, .. }) = through("https://127.0.0.1:3128") else {
            panic!("the proxy would see the certificate")
        };
        assert!(reason.contains("127.0.0.1:3128"), "{reason}");
        assert!(pool.to(&url, None).is_ok());
    }

    /// The protocols of HTTP that a client offers a server in its first TLS message.
    async fn offered(is_upgrade: bool) -> Vec<String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: Url = format!("https://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let route = ClientPool::default().to(&url, None).unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (mut acceptor, mut received) = (Acceptor::default(), vec![0; 4096]);
            loop {
                let length = stream.read(&mut received).await.unwrap();
                acceptor.read_tls(&mut &received[..length]).unwrap();
                if let Ok(Some(accepted)) = acceptor.accept() {
                    let offered = accepted.client_hello().alpn().into_iter().flatten();
                    return offered.map(|name| String::from_utf8_lossy(name).into_owned()).collect();
                }
            }
        };
        let (_, offered) = tokio::join!(route.streaming(is_upgrade).get(url.clone()).send(), server);
        offered
    }

    #[tokio::test]
    async fn a_request_for_another_protocol_offers_no_http2() {
        assert_eq!(offered(false).await, ["h2", "http/1.1"]);
        assert_eq!(offered(true).await, ["http/1.1"]);
    }
}
