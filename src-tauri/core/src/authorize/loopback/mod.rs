//! The loopback way back (RFC 8252 §7.3): a server on 127.0.0.1 for one answer. Whatever else asks it, with
//! another host, path or method, gets nothing.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use url::Url;

use crate::env::Env;
use crate::error::{Code, Error, Result};
use crate::event::Event;
use crate::secret::SecretString;
use crate::store::attempt::AttemptRow;

/// How long a browser may take over one request.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes ready for the way back to `redirect_uri`, and answers with the address to use for this attempt: where
/// it is loopback, a listener on the port it names, or on any free one.
pub(super) async fn prepare(redirect_uri: &str) -> Result<(Option<TcpListener>, String)> {
    let Some(url) = loopback(redirect_uri) else { return Ok((None, redirect_uri.to_owned())) };
    let listener = bind(&url).await?;
    let port = listener.local_addr().map_err(|error| unusable(&url, &error))?.port();
    let mut used = url;
    // A port was just bound on this address, so that it can be set.
    let _ = used.set_port(Some(port));
    Ok((Some(listener), used.into()))
}

/// Listens again for an attempt that an earlier start of the program began.
pub(super) fn resume(env: &Arc<Env>, row: &AttemptRow) {
    let Some(url) = loopback(&row.redirect_uri) else { return };
    let (env, row) = (Arc::clone(env), row.clone());
    tokio::spawn(async move {
        match bind(&url).await {
            Ok(listener) => serve(&env, &row, listener),
            Err(error) => tracing::warn!(%error, "an earlier sign-in has no way back any more"),
        }
    });
}

fn loopback(redirect_uri: &str) -> Option<Url> {
    let url = Url::parse(redirect_uri).ok()?;
    (url.scheme() == "http" && url.host_str() == Some("127.0.0.1")).then_some(url)
}

async fn bind(url: &Url) -> Result<TcpListener> {
    // Port 80, which an address without a port would mean, is nobody's to take: there it stands for any free one.
    TcpListener::bind((Ipv4Addr::LOCALHOST, url.port().unwrap_or(0)))
        .await
        .map_err(|error| unusable(url, &error))
}

fn unusable(url: &Url, error: &std::io::Error) -> Error {
    let port = url.port().unwrap_or(0);
    let message = match error.kind() {
        ErrorKind::AddrInUse => format!("Port {port} of this computer belongs to another program right now."),
        ErrorKind::PermissionDenied => format!("The system does not give port {port} to Grapnel."),
        _ => format!("Grapnel cannot listen on port {port} of this computer: {error}."),
    };
    Error::new(Code::PortTaken, message)
        .means("The sign-in did not start. Nothing changed.")
        .hint("Close that program and try again; or register another port at the provider, and change the app to it.")
}

/// Listens until one answer has come, or the attempt is over.
pub(super) fn serve(env: &Arc<Env>, row: &AttemptRow, listener: TcpListener) {
    let Some(url) = loopback(&row.redirect_uri) else { return };
    let mut events = env.events.subscribe();
    let (env, id) = (Arc::downgrade(env), row.id.clone());
    tokio::spawn(async move {
        let (answer, mut answers) = mpsc::channel(1);
        let place = Arc::new(url);
        loop {
            tokio::select! {
                Ok((stream, _)) = listener.accept() => {
                    tokio::spawn(converse(stream, Arc::clone(&place), answer.clone()));
                }
                Some(address) = answers.recv() => {
                    let Some(env) = env.upgrade() else { return };
                    // What became of it is told by the attempt; a forged one leaves this listening.
                    let _ = super::receive(&env, &address).await;
                }
                event = events.recv() => match event {
                    Ok(Event::Attempt(attempt)) if attempt.id == id && attempt.phase != super::Phase::Waiting => return,
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
                    _ => {}
                }
            }
        }
    });
}

async fn converse(stream: TcpStream, place: Arc<Url>, answer: mpsc::Sender<SecretString>) {
    let service = service_fn(|request| {
        let (response, address) = respond(&request, &place);
        let answer = answer.clone();
        async move {
            if let Some(address) = address {
                let _ = answer.send(address).await;
            }
            Ok::<_, Infallible>(response)
        }
    });
    let mut server = http1::Builder::new();
    server.keep_alive(false).max_buf_size(32 * 1024).timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    let conversed =
        tokio::time::timeout(PATIENCE, server.serve_connection(TokioIo::new(stream), service)).await;
    if !matches!(conversed, Ok(Ok(()))) {
        tracing::debug!("a request to the loopback address was broken off");
    }
}

/// What a request is answered, and the callback address that it brought, if it did.
fn respond(request: &Request<Incoming>, place: &Url) -> (Response<Full<Bytes>>, Option<SecretString>) {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let expected = format!("127.0.0.1:{}", place.port().unwrap_or(80));
    if host != Some(expected.as_str()) {
        return (
            page(StatusCode::MISDIRECTED_REQUEST, "Not here", "This address is Grapnel’s alone.", ""),
            None,
        );
    }
    if request.uri().path() != place.path() {
        return (
            page(StatusCode::NOT_FOUND, "Not here", "Grapnel waits for a sign-in at another address.", ""),
            None,
        );
    }
    if request.method() != Method::GET {
        return (
            page(StatusCode::METHOD_NOT_ALLOWED, "Not so", "Grapnel waits for a browser to come back.", ""),
            None,
        );
    }
    match request.uri().query().filter(|query| !query.is_empty()) {
        Some(query) => {
            let address = format!("{place}?{query}").into();
            let text = "Grapnel has the answer. You can close this page.";
            (page(StatusCode::OK, "Back to Grapnel", text, ""), Some(address))
        }
        None => (page(StatusCode::OK, "Almost back", NO_SCRIPT, HAND_ON), None),
    }
}

/// For providers that answer in the fragment, which only a script sees.
const HAND_ON: &str = "<script>let f = location.hash.slice(1); f = f.slice(f.indexOf('?') + 1); if (f) location.replace(location.pathname + '?' + f);</script>";
const NO_SCRIPT: &str = "If this page stays, copy its whole address and paste it into Grapnel.";

fn page(status: StatusCode, title: &str, text: &str, script: &str) -> Response<Full<Bytes>> {
    let html = include_str!("loopback.html")
        .replace("{title}", title)
        .replace("{text}", text)
        .replace("{script}", script);
    let mut response = Response::new(Full::new(Bytes::from(html)));
    *response.status_mut() = status;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; frame-ancestors 'none'",
        ),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    response
}
