//! A scripted HTTP server, for responses that no provider of the sandbox gives.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use grapnel_core::Grapnel;
use grapnel_core::app::{App, NewApp};
use grapnel_core::authorize::SignInRequest;
use grapnel_model::error::Result;
use grapnel_model::id::{AttemptId, ConnectionId};
use grapnel_model::secret::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// The token response of RFC 6749 §5.1.
pub(crate) const GRANT: &str = r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","refresh_token":"tGzv3JOkF0XG5Qx2TlKWIA",
    "token_type":"Bearer","expires_in":3600}"#;

/// A response: status, headers and body.
#[derive(Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    is_dropped: bool,
    /// The response waits for this.
    held: Option<Arc<Notify>>,
}

impl Reply {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, body: body.into(), is_dropped: false, held: None }
    }

    /// A response with this JSON text as body.
    pub(crate) fn json(status: u16, body: impl Into<String>) -> Self {
        Self::new(status, "application/json", body.into())
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The response is sent only after one of `notify_one`.
    pub(crate) fn held_until(mut self, released: &Arc<Notify>) -> Self {
        self.held = Some(Arc::clone(released));
        self
    }

    /// The body.
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// Reads the request and closes the connection without a response.
    pub(crate) fn dropped() -> Self {
        Self { is_dropped: true, ..Self::new(0, "", "") }
    }
}

/// A request as it arrived. Header names are in lower case.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The parameters of a form-encoded body, in order.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }
}

type Answer = Box<dyn Fn(&Received) -> Reply + Send>;

#[derive(Default)]
struct Script {
    replies: HashMap<String, VecDeque<Reply>>,
    answers: HashMap<String, Answer>,
    received: Vec<Received>,
}

/// The server. It ends with its test.
pub(crate) struct Scripted {
    /// Its origin, such as `http://127.0.0.1:40000`.
    pub(crate) origin: String,
    script: Arc<Mutex<Script>>,
    server: JoinHandle<()>,
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Scripted {
    pub(crate) async fn start() -> Self {
        Self::listen(None).await
    }

    /// Starts a server with TLS.
    pub(crate) async fn start_tls(tls: TlsAcceptor) -> Self {
        Self::listen(Some(tls)).await
    }

    async fn listen(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let origin = format!("{scheme}://{}", listener.local_addr().unwrap());
        let script = Arc::new(Mutex::new(Script::default()));
        let shared = Arc::clone(&script);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, shared) = (tls.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    match tls {
                        None => converse(stream, shared).await,
                        // A client that does not trust the certificate disconnects.
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                converse(stream, shared).await;
                            }
                        }
                    }
                });
            }
        });
        Self { origin, script, server }
    }

    /// Responds to requests for `path` with these responses in turn; the last one is repeated. A path without a
    /// response is a 404.
    pub(crate) fn on(&self, path: &str, replies: impl IntoIterator<Item = Reply>) {
        self.script.lock().unwrap().replies.insert(path.to_owned(), replies.into_iter().collect());
    }

    /// Responds to requests for `path` with the result of `answer`.
    pub(crate) fn answer(&self, path: &str, answer: impl Fn(&Received) -> Reply + Send + 'static) {
        self.script.lock().unwrap().answers.insert(path.to_owned(), Box::new(answer));
    }

    /// The requests for `path` so far.
    pub(crate) fn received(&self, path: &str) -> Vec<Received> {
        let all = self.script.lock().unwrap().received.clone();
        all.into_iter().filter(|one| one.target.split('?').next() == Some(path)).collect()
    }

    /// All requests so far.
    pub(crate) fn all_received(&self) -> Vec<Received> {
        self.script.lock().unwrap().received.clone()
    }

    /// A public client of a custom provider with `/authorize` and `/token` at this server, and `values`.
    pub(crate) fn new_app(&self, values: &[(&str, &str)]) -> NewApp {
        Self::app_at(&self.origin, values)
    }

    /// Like [`Self::new_app`], for a server with another name.
    pub(crate) fn app_at(origin: &str, values: &[(&str, &str)]) -> NewApp {
        let endpoints = [
            ("authorize_url".to_owned(), format!("{origin}/authorize")),
            ("token_url".to_owned(), format!("{origin}/token")),
        ];
        let own = values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        NewApp {
            name: "Scripted".into(),
            provider: "custom".into(),
            client_id: "c1".into(),
            client_secret: None,
            redirect: String::new(),
            scopes: Vec::new(),
            projects: Vec::new(),
            overrides: endpoints.into_iter().chain(own).collect(),
            ..NewApp::default()
        }
    }
}

/// A sign-in with a callback that arrives at once.
pub(crate) async fn sign_in(grapnel: &Grapnel, app: &App) -> Result<ConnectionId> {
    let attempt = grapnel.start_attempt(&app.id, &SignInRequest::default()).await?;
    let callback = callback_of(grapnel, &attempt.id, "code=the-code-of-this-sign-in").await;
    grapnel.receive_callback(&callback).await?;
    Ok(grapnel.attempt(&attempt.id)?.connection_id.unwrap())
}

/// The callback for an attempt, with `parameters` and its state.
pub(crate) async fn callback_of(grapnel: &Grapnel, id: &AttemptId, parameters: &str) -> SecretString {
    let link = grapnel.attempt_link(id).await.unwrap();
    let link = url::Url::parse(link.expose_secret()).unwrap();
    let value = |name: &str| link.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    format!("{}?{parameters}&state={}", value("redirect_uri"), value("state")).into()
}

async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, script: Arc<Mutex<Script>>) {
    let Some(request) = receive(&mut stream).await else { return };
    let reply = {
        let mut script = script.lock().unwrap();
        let path = request.target.split('?').next().unwrap().to_owned();
        let answer = script.answers.get(&path).map(|answer| answer(&request));
        script.received.push(request);
        match script.replies.get_mut(&path) {
            _ if answer.is_some() => answer,
            Some(replies) if replies.len() > 1 => replies.pop_front(),
            Some(replies) => replies.front().cloned(),
            None => None,
        }
    };
    let reply = reply.unwrap_or_else(|| Reply::new(404, "text/plain", "nothing here"));
    if let Some(released) = &reply.held {
        released.notified().await;
    }
    if reply.is_dropped {
        return;
    }
    let mut head = format!("HTTP/1.1 {} Scripted\r\n", reply.status);
    for (name, value) in &reply.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let _ = write!(head, "content-length: {}\r\nconnection: close\r\n\r\n", reply.body.len());
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&reply.body).await;
    let _ = stream.shutdown().await;
}

async fn receive(stream: &mut (impl AsyncRead + Unpin)) -> Option<Received> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
    while bytes.len() < end + 4 + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8_lossy(&bytes[end + 4..]).into_owned();
    Some(Received { method, target, headers, body })
}
