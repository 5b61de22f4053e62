//! An HTTP server for one listener, with connection limits. It can close a connection without a reply.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt;

/// Above the body limit of every endpoint.
const MAX_BODY_BYTES: usize = 1 << 20;
/// Longer connections are closed.
const MAX_CONNECTION_DURATION: Duration = Duration::from_secs(300);
/// The pause after a failed `accept`, which would fail again at once.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// A response extension: the server closes the connection instead of sending the response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DropConnection;

/// The error that makes hyper drop a connection.
#[derive(Debug)]
struct ConnectionDropped;

impl std::fmt::Display for ConnectionDropped {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("hung up on purpose")
    }
}

impl std::error::Error for ConnectionDropped {}

/// The limits that all servers of a sandbox share.
#[derive(Clone, Debug)]
pub(crate) struct ServerLimits {
    /// One permit for each connection.
    permits: Arc<Semaphore>,
    /// The time that a client has to send a request head, and again for the body.
    timeout: Duration,
}

impl ServerLimits {
    pub(crate) fn new(connections: usize, timeout: Duration) -> Self {
        Self { permits: Arc::new(Semaphore::new(connections)), timeout }
    }
}

/// Serves until the sender of `stop` is dropped, then closes all connections. At the connection limit, new clients wait
/// to be accepted.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ServerLimits,
    mut stop: watch::Receiver<()>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = accept(&listener, &limits.permits) => {
                let (stream, permit) = accepted;
                let (router, timeout) = (router.clone(), limits.timeout);
                connections.spawn(async move {
                    let _ = tokio::time::timeout(MAX_CONNECTION_DURATION, connection(stream, router, timeout)).await;
                    drop(permit);
                });
                while connections.try_join_next().is_some() {}
            }
            _ = stop.changed() => return,
        }
    }
}

/// Accepts the next client once a permit is free.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed.
    let permit = Arc::clone(permits).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, permit),
            Err(_) => tokio::time::sleep(ACCEPT_RETRY_DELAY).await,
        }
    }
}

async fn connection(stream: TcpStream, router: Router, timeout: Duration) {
    // Small replies must not wait for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let router = router.clone();
        async move { handle(router, request.map(Body::new), timeout).await }
    });
    // An error here is a client that left or was too slow, or a connection dropped by a fault.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(timeout)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn handle(
    router: Router,
    request: Request,
    timeout: Duration,
) -> Result<Response<Body>, ConnectionDropped> {
    let (head, body) = request.into_parts();
    let body = tokio::time::timeout(timeout, axum::body::to_bytes(body, MAX_BODY_BYTES)).await;
    let Ok(Ok(body)) = body else { return Err(ConnectionDropped) };
    let Ok(response) = router.oneshot(Request::from_parts(head, Body::from(body))).await;
    if response.extensions().get::<DropConnection>().is_some() {
        Err(ConnectionDropped)
    } else {
        Ok(response)
    }
}
