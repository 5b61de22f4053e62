//! Serves a router on a loopback listener until told to stop, and can hang up on a client without a byte of reply.

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

/// The largest body that any provider reads.
const MAX_BODY_BYTES: usize = 1 << 20;
/// How long a connection may last.
const MAX_CONNECTION_DURATION: Duration = Duration::from_secs(300);
/// How long to wait where the system gives no connection: it would say so again at once.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// Put into a response's extensions: the connection ends instead of carrying that response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DropConnection;

/// The error by which hyper is told to drop a connection.
#[derive(Debug)]
struct ConnectionDropped;

impl std::fmt::Display for ConnectionDropped {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("hung up on purpose")
    }
}

impl std::error::Error for ConnectionDropped {}

/// What all servers of a sandbox share.
#[derive(Clone, Debug)]
pub(crate) struct ServerLimits {
    /// A permit for each connection.
    permits: Arc<Semaphore>,
    /// How long a client may take for the head of a request, and for its body.
    timeout: Duration,
}

impl ServerLimits {
    pub(crate) fn new(connections: usize, timeout: Duration) -> Self {
        Self { permits: Arc::new(Semaphore::new(connections)), timeout }
    }
}

/// Runs until the other half of `stop` is gone. Connections still open then are cut. While no permit is free, clients
/// wait to be accepted.
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

/// The next client, once there is a permit for it.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    // Nobody closes it: without a permit there would be no limit.
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
        async move { answer(router, request.map(Body::new), timeout).await }
    });
    // An error here is a client that left or was too slow, or one that we hung up on.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(timeout)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(
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
