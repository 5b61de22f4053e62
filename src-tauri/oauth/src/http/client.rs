//! The HTTP client: bounded requests, over https unless to this machine, on the way that the settings and the
//! environment say.

use std::sync::Arc;
use std::time::Duration;

use grapnel_model::provider::is_loopback;
use grapnel_model::provider_text::clean;
use grapnel_model::settings::Settings;
use http::{HeaderMap, Request, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use url::Url;

use super::cause;
use super::client_pool::{ClientPool, Route};
use super::failure::Failure;
use super::host_permit::{HostPermit, HostPermits};
use super::json_limit::Values;
use super::limits::Limits;
use super::response::Reply;
use crate::clock::CorrectedClock;

/// Who is told how many bytes came, and of how many.
pub type Progress<'a> = dyn Fn(usize, Option<usize>) + Send + Sync + 'a;

/// The HTTP client.
pub struct Client {
    /// Hears what time it is for whoever answers.
    time: Arc<CorrectedClock>,
    permits: HostPermits,
    pool: ClientPool,
}

impl Client {
    /// A client that reports the `Date` of token responses to `time`.
    pub fn new(time: Arc<CorrectedClock>) -> Self {
        Self { time, permits: HostPermits::default(), pool: ClientPool::default() }
    }

    /// Goes by other settings from the next request on.
    pub fn set(&self, settings: Settings) {
        self.pool.set(settings);
    }

    /// Goes by settings that were kept.
    pub fn begin_with(&self, settings: Settings) {
        self.pool.begin_with(settings);
    }

    /// Waits for a turn to ask the token endpoint at `url`.
    pub async fn permit(&self, url: &Url) -> HostPermit {
        self.permits.any(url).await
    }

    /// Waits, before such a turn, until what nobody waits for may take one.
    pub async fn background_permit(&self, url: &Url) -> HostPermit {
        self.permits.in_background(url).await
    }

    /// Sends a request, and waits for the whole reply.
    pub async fn send(&self, request: Request<Vec<u8>>, limits: Limits) -> Result<Reply, Failure> {
        self.send_with_progress(request, limits, &|_, _| ()).await
    }

    /// Sends a request for tokens of an app whose token endpoint is `endpoint`, wherever the request itself goes. What
    /// time the reply says it is counts as that host's word, so that an app has one at most.
    pub async fn send_for_token(&self, request: Request<Vec<u8>>, endpoint: &Url) -> Result<Reply, Failure> {
        self.sent(request, Limits::TOKEN, &|_, _| (), endpoint.host_str().filter(|_| !is_loopback(endpoint)))
            .await
    }

    /// Sends a request, and waits for the whole reply. `heard` is told of each piece how many bytes there are by
    /// then, and how many there will be, where the provider says so.
    pub async fn send_with_progress(
        &self,
        request: Request<Vec<u8>>,
        limits: Limits,
        heard: &Progress<'_>,
    ) -> Result<Reply, Failure> {
        self.sent(request, limits, heard, None).await
    }

    /// Sends a request. `clock` is the host whose clock the reply's `Date` shows, where that counts.
    async fn sent(
        &self,
        request: Request<Vec<u8>>,
        limits: Limits,
        heard: &Progress<'_>,
        clock: Option<&str>,
    ) -> Result<Reply, Failure> {
        let url =
            Url::parse(&request.uri().to_string()).map_err(|error| Failure::NotSent(error.to_string()))?;
        if url.scheme() != "https" && !is_loopback(&url) {
            return Err(Failure::NotSent("its address is not https".into()));
        }
        let route = self.pool.to(&url)?;
        let request = reqwest::Request::try_from(request).map_err(|error| Failure::not_sent(&error))?;
        // Any program of this machine may answer there.
        let clock = clock.filter(|_| !is_loopback(&url));
        let exchange = self.exchange(&route, request, limits, heard, clock);
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
        heard: &Progress<'_>,
        clock: Option<&str>,
    ) -> Result<Reply, Failure> {
        let (url, asked) = (request.url().clone(), self.time.steady());
        let mut response = route.client(limits.may_reuse).execute(request).await.map_err(|error| {
            if error.is_connect() { cause::not_sent(&error, &route.way(&url)) } else { cause::lost(&error) }
        })?;
        let date = moment(response.headers(), &header::DATE);
        // An answer out of some cache tells of an earlier time.
        if let Some((date, host)) = date.filter(|_| !response.headers().contains_key(header::AGE)).zip(clock)
        {
            self.time.hear(host, date, asked);
        }
        let mut reply = Reply {
            status: response.status(),
            content_type: text(response.headers(), &header::CONTENT_TYPE).unwrap_or_default().to_owned(),
            retry_after: retry_after(response.headers(), date.unwrap_or_else(|| self.time.now())),
            headers: response.headers().clone(),
            body: Vec::new(),
        };
        // What the client decompresses bears this header no more.
        if let Some(encoding) =
            text(response.headers(), &header::CONTENT_ENCODING).filter(|is| *is != "identity")
        {
            let what = format!("compressed as “{}”, which was not asked for", clean(encoding, &[]));
            return Err(Failure::Strange(what, reply.status));
        }
        let length = response.content_length().and_then(|length| usize::try_from(length).ok());
        let mut values = Values::default();
        while let Some(piece) = response.chunk().await.map_err(|error| cause::lost(&error))? {
            if reply.body.len() + piece.len() > limits.bytes {
                return Err(Failure::TooLarge(limits.bytes));
            }
            reply.body.extend_from_slice(&piece);
            if values.take_in(&piece) > limits.values {
                return Err(Failure::TooMany(limits.values));
            }
            heard(reply.body.len(), length);
        }
        Ok(reply)
    }
}

pub(super) fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn moment(headers: &HeaderMap, name: &header::HeaderName) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text(headers, name)?).ok()
}

/// What `Retry-After` asks for, in seconds or as a date (RFC 9110 §10.2.3), at a provider whose clock shows `now`.
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
    use std::time::Instant;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn client() -> Client {
        Client::new(Arc::new(CorrectedClock::new(Arc::new(SystemClock::default()))))
    }

    /// What comes of a request to a server that sends `piece` again and again, `every` so often, without end.
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
        let failure = client().send(request, limits).await.unwrap_err();
        // It is hung up on, and not only no longer listened to.
        server.await.unwrap();
        failure
    }

    #[tokio::test]
    async fn a_reply_that_drips_is_given_up_in_time() {
        let limits = Limits { time: Duration::from_millis(200), ..Limits::TOKEN };
        let begun = Instant::now();
        let failure = ask_an_endless_server(b" ", Duration::from_millis(5), limits).await;
        assert_eq!(failure, Failure::Lost("it took too long".into()));
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn a_reply_without_end_is_given_up_at_its_limit() {
        let limits = Limits { bytes: 100_000, time: Duration::from_secs(60), ..Limits::TOKEN };
        let failure = ask_an_endless_server(&[b' '; 1024], Duration::ZERO, limits).await;
        assert_eq!(failure, Failure::TooLarge(100_000));
    }

    #[test]
    fn what_retry_after_asks_for() {
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
