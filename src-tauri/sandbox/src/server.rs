//! Serves a router on a loopback listener until told to stop, and can hang up on a client without a byte of reply.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt;

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

/// Runs until the other half of `stop` is gone. Connections still open then are cut.
pub(crate) async fn serve(listener: TcpListener, router: Router, mut stop: watch::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(stream, router.clone()));
                }
                while connections.try_join_next().is_some() {}
            }
            _ = stop.changed() => return,
        }
    }
}

async fn connection(stream: TcpStream, router: Router) {
    // Small replies must not wait for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let router = router.clone();
        async move { answer(router, request.map(Body::new)).await }
    });
    // An error here is a client that left, or one that we hung up on.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(router: Router, request: Request) -> Result<Response<Body>, HungUp> {
    let Ok(response) = router.oneshot(request).await;
    if response.extensions().get::<HangUp>().is_some() { Err(HungUp) } else { Ok(response) }
}
