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
const LARGEST: usize = 1 << 20;
/// How long a connection may last.
const LIFE: Duration = Duration::from_secs(300);
/// How long to wait where the system gives no connection: it would say so again at once.
const PAUSE: Duration = Duration::from_millis(100);

/// Put into a response's extensions: the connection ends instead of carrying that response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HangUp;

/// The error by which hyper is told to drop a connection.
#[derive(Debug)]
struct HungUp;

impl std::fmt::Display for HungUp {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("hung up on purpose")
    }
}

impl std::error::Error for HungUp {}

/// What all servers of a sandbox share.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    /// A place for each connection.
    places: Arc<Semaphore>,
    /// How long a client may take for the head of a request, and for its body.
    timeout: Duration,
}

impl Bounds {
    pub(crate) fn new(connections: usize, timeout: Duration) -> Self {
        Self { places: Arc::new(Semaphore::new(connections)), timeout }
    }
}

/// Runs until the other half of `stop` is gone. Connections still open then are cut. While no place is free, clients
/// wait to be accepted.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    mut stop: watch::Receiver<()>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = accept(&listener, &bounds.places) => {
                let (stream, place) = accepted;
                let (router, timeout) = (router.clone(), bounds.timeout);
                connections.spawn(async move {
                    let _ = tokio::time::timeout(LIFE, connection(stream, router, timeout)).await;
                    drop(place);
                });
                while connections.try_join_next().is_some() {}
            }
            _ = stop.changed() => return,
        }
    }
}

/// The next client, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    // Nobody closes it: without a place there would be no limit.
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, place),
            Err(_) => tokio::time::sleep(PAUSE).await,
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

async fn answer(router: Router, request: Request, timeout: Duration) -> Result<Response<Body>, HungUp> {
    let (head, body) = request.into_parts();
    let body = tokio::time::timeout(timeout, axum::body::to_bytes(body, LARGEST)).await;
    let Ok(Ok(body)) = body else { return Err(HungUp) };
    let Ok(response) = router.oneshot(Request::from_parts(head, Body::from(body))).await;
    if response.extensions().get::<HangUp>().is_some() { Err(HungUp) } else { Ok(response) }
}
