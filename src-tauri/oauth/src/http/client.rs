//! The HTTP client. Every request has limits of size and time; anything but a loopback address must be `https`. The
//! route (proxy, certificate authorities) follows the settings and the environment.

use std::sync::Arc;
use std::time::{Duration, Instant};

use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::provider::is_loopback;
use grapnel_model::provider_text::clean;
use grapnel_model::settings::Settings;
use http::{HeaderMap, Request, Response, Uri, header};
use jiff::Timestamp;
use url::Url;

use super::cause;
use super::client_pool::{ClientPool, Route};
use super::dpop::{Binding, Nonces, PROOF, ProofRetries, ProofRetry};
use super::failure::Failure;
use super::host_permit::{HostPermit, HostPermits};
use super::json_limit::Values;
use super::limits::Limits;
use super::observed::{ObservedExchange, ObservedResponse, Observer};
use super::presented_certificate;
use super::response::Reply;
use super::server_clock::{date, moment};
use crate::clock::CorrectedClock;

/// A body that is sent or received piece by piece. `StreamedBody::wrap` makes one of any `http_body::Body`.
pub type StreamedBody = reqwest::Body;

/// Called for each part of a response body with the number of bytes received so far and, if the provider sent a
/// `Content-Length`, the total.
pub type Progress<'a> = dyn Fn(usize, Option<usize>) + Send + Sync + 'a;

/// The HTTP client that every request of the program goes through. Clones share connections and permits.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    /// Receives every exchange, except those that are streamed.
    observer: Option<Arc<dyn Observer>>,
}

struct Shared {
    /// Corrected by the `Date` headers of token endpoints.
    time: Arc<CorrectedClock>,
    permits: HostPermits,
    pool: ClientPool,
    nonces: Nonces,
}

impl Client {
    /// Creates a client that reports the `Date` of token responses to `time`.
    pub fn new(time: Arc<CorrectedClock>) -> Self {
        let (permits, pool, nonces) = Default::default();
        let shared = Shared { time, permits, pool, nonces };
        Self { shared: Arc::new(shared), observer: None }
    }

    /// The same client, whose exchanges `observer` receives.
    #[must_use]
    pub fn observed_by(&self, observer: Arc<dyn Observer>) -> Self {
        Self { shared: Arc::clone(&self.shared), observer: Some(observer) }
    }

    /// Tells the observer why the last response of this kind cannot be used. Of an error status and of a request
    /// without a response it knows.
    pub fn reject(&self, kind: ExchangeKind, reason: &str) {
        if let Some(observer) = &self.observer {
            observer.reject(kind, reason);
        }
    }

    /// The corrected time, for what a provider compares with its own clock.
    pub fn now(&self) -> Timestamp {
        self.shared.time.now()
    }

    /// Replaces the settings. They apply from the next request on, which opens new connections.
    pub fn set(&self, settings: Settings) {
        self.shared.pool.set(settings);
    }

    /// Drops the connections and private keys of clients that present a TLS certificate.
    pub fn forget_certificates(&self) {
        self.shared.pool.forget_certificates();
    }

    /// Sets the stored settings at start, before the first request.
    pub fn begin_with(&self, settings: Settings) {
        self.shared.pool.begin_with(settings);
    }

    /// Waits for permission to send a token request to the host of `url`. See [`HostPermit`].
    pub async fn permit(&self, url: &Url) -> HostPermit {
        self.shared.permits.any(url).await
    }

    /// Like [`Client::permit`], for a request that no person waits for. It leaves one slot of the host free for those
    /// that a person waits for.
    pub async fn background_permit(&self, url: &Url) -> HostPermit {
        self.shared.permits.in_background(url).await
    }

    /// Sends a request and reads the whole response.
    pub async fn send(
        &self,
        kind: ExchangeKind,
        request: Request<Vec<u8>>,
        limits: Limits,
    ) -> Result<Reply, Failure> {
        self.send_with_progress(kind, request, limits, &|_, _| ()).await
    }

    /// Sends a token request. `endpoint` is the token endpoint of the app: the `Date` of the response is counted for
    /// its host even if the request itself goes to another host, so that one app influences the clock as one host only.
    /// A `Date` from loopback is ignored. A DPoP proof that is refused is not made once more: the caller does that,
    /// with another JWT of the client.
    pub async fn send_for_token(
        &self,
        kind: ExchangeKind,
        request: Request<Vec<u8>>,
        endpoint: &Url,
    ) -> Result<Reply, Failure> {
        let clock = endpoint.host_str().filter(|_| !is_loopback(endpoint));
        self.proven(kind, request, Limits::TOKEN, (&|_, _| (), clock), ProofRetries::none()).await
    }

    /// Sends a request and reads the whole response. `progress` is called for each part that arrives.
    pub async fn send_with_progress(
        &self,
        kind: ExchangeKind,
        request: Request<Vec<u8>>,
        limits: Limits,
        progress: &Progress<'_>,
    ) -> Result<Reply, Failure> {
        self.proven(kind, request, limits, (progress, None), ProofRetries::default()).await
    }

    /// Sends a request with a streamed body, and returns as soon as the response's head is there. The response is not
    /// decompressed. Its body ends only where the server or the caller ends it. If it refuses the request's DPoP proof
    /// so that another one may be accepted, its extensions have a [`ProofRetry`].
    ///
    /// # Errors
    ///
    /// As for [`Self::send`]; and [`Failure::Lost`] if there is no head within `timeout`.
    pub async fn stream(
        &self,
        mut request: Request<StreamedBody>,
        timeout: Duration,
    ) -> Result<Response<StreamedBody>, Failure> {
        let url = checked_url(request.uri())?;
        let proven = match Binding::take(request.extensions_mut()) {
            Some(binding) => {
                let sent = binding.prove(&self.shared.nonces, request.method(), &url, self.now())?;
                request.headers_mut().insert(PROOF, sent.proof.clone());
                Some((binding, sent))
            }
            None => None,
        };
        let own = presented_certificate::of_request(request.extensions(), self.now())?;
        let route = self.shared.pool.to(&url, own.as_deref())?;
        let upgrades = request.headers().contains_key(header::UPGRADE);
        let request = reqwest::Request::try_from(request).map_err(|error| Failure::not_sent(&error))?;
        let answered = tokio::time::timeout(timeout, route.streaming(upgrades).execute(request)).await;
        let response = answered.map_err(|_| Failure::Lost("it took too long".into()))?;
        let mut response: Response<StreamedBody> =
            response.map(Response::from).map_err(|error| refused(&error, &route, (&url, true)))?;
        if let Some((binding, sent)) = proven {
            let headers = response.headers();
            self.shared.nonces.remember(&url, binding.is_of_resource(), headers);
            if let Some(retry) = sent.retry(response.status(), headers, &[]) {
                response.extensions_mut().insert(retry);
            }
        }
        Ok(response)
    }

    /// Sends a request, with a DPoP proof if it is bound to a key. Each proof that the server refuses for its nonce or
    /// its time is made once more.
    async fn proven(
        &self,
        kind: ExchangeKind,
        mut request: Request<Vec<u8>>,
        limits: Limits,
        (progress, clock): (&Progress<'_>, Option<&str>),
        mut retries: ProofRetries,
    ) -> Result<Reply, Failure> {
        let Some(mut binding) = Binding::take(request.extensions_mut()) else {
            return Box::pin(self.observed(kind, request, limits, progress, clock)).await;
        };
        let url = checked_url(request.uri())?;
        loop {
            let sent = binding.prove(&self.shared.nonces, request.method(), &url, self.now())?;
            let mut attempt = request.clone();
            attempt.headers_mut().insert(PROOF, sent.proof.clone());
            let reply = Box::pin(self.observed(kind, attempt, limits, progress, clock)).await?;
            self.shared.nonces.remember(&url, binding.is_of_resource(), &reply.headers);
            let retry = sent.retry(reply.status, &reply.headers, &reply.body);
            let Some(retry) = retry.filter(|retry| retries.allow(*retry)) else { return Ok(reply) };
            if let ProofRetry::Clock(at) = retry {
                binding = binding.at(at);
            }
        }
    }

    /// Sends a request, and shows the exchange to the observer. `clock` is the host that the response's `Date` is
    /// counted for; `None` ignores it.
    async fn observed(
        &self,
        kind: ExchangeKind,
        request: Request<Vec<u8>>,
        limits: Limits,
        progress: &Progress<'_>,
        clock: Option<&str>,
    ) -> Result<Reply, Failure> {
        let mut head = None;
        let Some(observer) = &self.observer else {
            return self.sent(request, limits, progress, clock, &mut head).await;
        };
        let (begun, exchange) = (Instant::now(), ObservedExchange::begin(kind, &request));
        let result = self.sent(request, limits, progress, clock, &mut head).await;
        observer.observe(exchange.end(&result, head, begun.elapsed()));
        result
    }

    /// Sends a request. `head` receives the head of the response, even if its body does not arrive.
    async fn sent(
        &self,
        request: Request<Vec<u8>>,
        limits: Limits,
        progress: &Progress<'_>,
        clock: Option<&str>,
        head: &mut Option<ObservedResponse>,
    ) -> Result<Reply, Failure> {
        let url = checked_url(request.uri())?;
        let own = presented_certificate::of_request(request.extensions(), self.now())?;
        let route = self.shared.pool.to(&url, own.as_deref())?;
        let request = reqwest::Request::try_from(request).map_err(|error| Failure::not_sent(&error))?;
        // Any program on this computer may answer on loopback, so its `Date` is not trusted.
        let clock = clock.filter(|_| !is_loopback(&url));
        let exchange = self.exchange(&route, request, limits, progress, clock, head);
        match tokio::time::timeout(limits.time, exchange).await {
            Ok(reply) => reply,
            Err(_) => Err(Failure::Lost("it took too long".into())),
        }
    }

    async fn exchange(
        &self,
        route: &Route,
        request: reqwest::Request,
        limits: Limits,
        progress: &Progress<'_>,
        clock: Option<&str>,
        head: &mut Option<ObservedResponse>,
    ) -> Result<Reply, Failure> {
        let (url, asked) = (request.url().clone(), self.shared.time.monotonic_now());
        let response = route.client(limits.may_reuse).execute(request).await;
        let mut response = response.map_err(|error| refused(&error, route, (&url, limits.may_reuse)))?;
        let date = date(response.headers());
        // A cached response has an old `Date`.
        if let Some((date, host)) = date.filter(|_| !response.headers().contains_key(header::AGE)).zip(clock)
        {
            self.shared.time.observe(host, date, asked);
        }
        let mut reply = Reply {
            status: response.status(),
            content_type: text(response.headers(), &header::CONTENT_TYPE).unwrap_or_default().to_owned(),
            retry_after: retry_after(response.headers(), date.unwrap_or_else(|| self.shared.time.now())),
            headers: response.headers().clone(),
            body: Vec::new(),
        };
        *head = Some(ObservedResponse {
            status: reply.status,
            headers: reply.headers.clone(),
            ..ObservedResponse::default()
        });
        // The client removes this header when it decompresses a body, so an encoding that is left was not requested.
        if let Some(encoding) =
            text(response.headers(), &header::CONTENT_ENCODING).filter(|is| *is != "identity")
        {
            let what = format!("compressed as “{}”, which was not asked for", clean(encoding, &[]));
            return Err(Failure::Strange(what, reply.status));
        }
        let length = response.content_length().and_then(|length| usize::try_from(length).ok());
        let mut values = Values::default();
        while let Some(piece) = response.chunk().await.map_err(|error| cause::response_lost(&error))? {
            if reply.body.len() + piece.len() > limits.bytes {
                return Err(Failure::TooLarge(limits.bytes));
            }
            reply.body.extend_from_slice(&piece);
            if values.take_in(&piece) > limits.values {
                return Err(Failure::TooMany(limits.values));
            }
            progress(reply.body.len(), length);
        }
        Ok(reply)
    }
}

/// The URL of a request, which must be https except to this computer.
fn checked_url(uri: &Uri) -> Result<Url, Failure> {
    let url = Url::parse(&uri.to_string()).map_err(|error| Failure::NotSent(error.to_string()))?;
    if url.scheme() != "https" && !is_loopback(&url) {
        return Err(Failure::NotSent("its address is not https".into()));
    }
    Ok(url)
}

/// Why a request got no response.
fn refused(error: &reqwest::Error, route: &Route, (url, may_reuse): (&Url, bool)) -> Failure {
    if error.is_connect() {
        return cause::not_sent(error, &route.route_facts(url));
    }
    cause::unanswered(error, &route.route_facts(url), may_reuse)
}

/// What `Retry-After` asks for, as [`Reply::retry_after`] has it, of a response that is streamed.
pub fn retry_after_of(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    retry_after(headers, date(headers).unwrap_or(now))
}

pub(super) fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Parses `Retry-After`, in seconds or as a date (RFC 9110 §10.2.3). A date is compared with `now`, the provider's
/// clock.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = text(headers, &header::RETRY_AFTER)?.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = moment(headers, &header::RETRY_AFTER)?;
    Some(Duration::try_from(now.duration_until(until)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn client() -> Client {
        Client::new(Arc::new(CorrectedClock::new(Arc::new(SystemClock::default()))))
    }

    /// Sends a request to a server that writes `piece` again and again, pausing for `every`, and returns the failure.
    async fn ask_an_endless_server(piece: &'static [u8], every: Duration, limits: Limits) -> Failure {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut client, _) = listener.accept().await.unwrap();
            let _ = client.read(&mut [0; 4096]).await.unwrap();
            client.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await.unwrap();
            while client.write_all(piece).await.is_ok() {
                tokio::time::sleep(every).await;
            }
        });
        let request = Request::get(address).body(Vec::new()).unwrap();
        let failure = client().send(ExchangeKind::Api, request, limits).await.unwrap_err();
        // The server ends only when the client closes the connection.
        server.await.unwrap();
        failure
    }

    #[tokio::test]
    async fn a_slow_response_times_out() {
        let limits = Limits { time: Duration::from_millis(200), ..Limits::TOKEN };
        let begun = Instant::now();
        let failure = ask_an_endless_server(b" ", Duration::from_millis(5), limits).await;
        assert_eq!(failure, Failure::Lost("it took too long".into()));
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn an_endless_response_is_limited_in_size() {
        let limits = Limits { bytes: 100_000, time: Duration::from_secs(60), ..Limits::TOKEN };
        let failure = ask_an_endless_server(&[b' '; 1024], Duration::ZERO, limits).await;
        assert_eq!(failure, Failure::TooLarge(100_000));
    }

    #[test]
    fn retry_after_is_parsed() {
        let now = "2026-11-06T08:49:37Z".parse().unwrap();
        let asked = |value: &str| {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, value.parse().unwrap())]);
            retry_after(&headers, now).map(|wait| wait.as_secs())
        };
        assert_eq!(asked("120"), Some(120));
        assert_eq!(asked(" 0 "), Some(0));
        assert_eq!(asked("Fri, 06 Nov 2026 08:51:37 GMT"), Some(120));
        assert_eq!(asked("Fri, 06 Nov 2026 08:40:00 GMT"), Some(0), "a moment that is over");
        assert_eq!(asked("soon"), None);
        assert_eq!(asked("-5"), None);
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
