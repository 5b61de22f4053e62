//! A token endpoint that grants every request, counts them, and can delay its responses.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) struct Counting {
    pub(crate) url: String,
    counts: Arc<Counts>,
    server: JoinHandle<()>,
}

struct Counts {
    at_once: watch::Sender<usize>,
    most: AtomicUsize,
    all: AtomicUsize,
    is_open: watch::Sender<bool>,
}

impl Counting {
    /// Starts an endpoint that responds at once.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let counts = Arc::new(Counts {
            at_once: watch::Sender::new(0),
            most: AtomicUsize::new(0),
            all: AtomicUsize::new(0),
            is_open: watch::Sender::new(true),
        });
        let counted = Arc::clone(&counts);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let counts = Arc::clone(&counted);
                let service = service_fn(move |_: Request<Incoming>| answer(Arc::clone(&counts)));
                // No `Date` header, since it would not be the test's time.
                let mut served = hyper::server::conn::http1::Builder::new();
                let served = served.auto_date_header(false).serve_connection(TokioIo::new(stream), service);
                tokio::spawn(served);
            }
        });
        Self { url, counts, server }
    }

    /// Sets whether requests get a response or wait.
    pub(crate) fn open(&self, is_open: bool) {
        self.counts.is_open.send_replace(is_open);
    }

    /// Waits until this many requests are waiting at once.
    pub(crate) async fn reached(&self, count: usize) {
        self.counts.at_once.subscribe().wait_for(|here| *here >= count).await.unwrap();
    }

    /// The most requests that were waiting at once.
    pub(crate) fn most(&self) -> usize {
        self.counts.most.load(Ordering::Relaxed)
    }

    /// The number of responses.
    pub(crate) fn all(&self) -> usize {
        self.counts.all.load(Ordering::Relaxed)
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(counts: Arc<Counts>) -> Result<Response<Full<Bytes>>, Infallible> {
    counts.at_once.send_modify(|here| *here += 1);
    counts.most.fetch_max(*counts.at_once.borrow(), Ordering::Relaxed);
    let _ = counts.is_open.subscribe().wait_for(|is_open| *is_open).await;
    // Counts other requests that have arrived by now.
    tokio::task::yield_now().await;
    let number = counts.all.fetch_add(1, Ordering::Relaxed);
    counts.at_once.send_modify(|here| *here -= 1);
    let body = format!(
        r#"{{"access_token":"a{number}","refresh_token":"r{number}","token_type":"Bearer","expires_in":3600}}"#
    );
    let reply = Response::builder().header("content-type", "application/json");
    Ok(reply.body(Full::from(body)).unwrap())
}
