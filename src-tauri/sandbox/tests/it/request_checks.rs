//! Host, path and method checks, the listening address, and the start.

use std::io::{Read, Write};
use std::net::TcpStream;

use grapnel_sandbox::grigora::{API_BASE, AUTHORIZE_PATH, TOKEN_PATH};
use grapnel_sandbox::{DepartureKind, Options, Sandbox};

use crate::harness::{Reply, harness};

#[tokio::test]
async fn a_foreign_host_header_is_refused_at_every_path() {
    let harness = harness();
    let port = harness.sandbox.grigora().rsplit(':').next().unwrap().to_owned();
    for path in
        [AUTHORIZE_PATH, API_BASE, "/_sandbox", "/_sandbox/departures", "/_sandbox/page.css", "/favicon.ico"]
    {
        for host in ["evil.example".to_owned(), format!("evil.example:{port}"), "127.0.0.1".to_owned()] {
            harness.sandbox.departures().clear();
            let request = harness.http.get(harness.url(path)).header("host", host);
            Reply::of(request.send().await.unwrap()).await.refused(421, "invalid_request");
            harness.departed_once(DepartureKind::WrongHost, "Host");
        }
    }
}

#[test]
fn two_host_headers_or_a_foreign_absolute_url_are_refused() {
    let harness = harness();
    let ours = harness.sandbox.grigora().trim_start_matches("http://");
    let status = |head: String| {
        let mut stream = TcpStream::connect(ours).unwrap();
        stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).unwrap();
        let mut reply = String::new();
        let _ = stream.read_to_string(&mut reply);
        reply.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(status(format!("GET /_sandbox HTTP/1.1\r\nHost: {ours}\r\n")), "200");
    assert_eq!(status(format!("GET /_sandbox HTTP/1.1\r\nHost: {ours}\r\nHost: {ours}\r\n")), "421");
    assert_eq!(status(format!("GET http://evil.example/_sandbox HTTP/1.1\r\nHost: {ours}\r\n")), "421");
    assert_eq!(status("GET /_sandbox HTTP/1.0\r\n".to_owned()), "421");
}

#[tokio::test]
async fn it_listens_on_loopback_only() {
    let harness = harness();
    assert!(harness.sandbox.grigora().starts_with("http://127.0.0.1:"));
    let port = harness.sandbox.grigora().rsplit(':').next().unwrap().to_owned();
    assert!(TcpStream::connect(format!("127.0.0.2:{port}")).is_err());
}

#[tokio::test]
async fn an_undocumented_path_or_method_is_a_departure() {
    let harness = harness();
    harness.get("/oauth/revoke").await.refused(404, "not_found");
    harness.departed_once(DepartureKind::UnknownPath, "/oauth/revoke");
    harness.sandbox.departures().clear();
    for path in [TOKEN_PATH, &format!("{API_BASE}/cms/post/list")] {
        harness.get(path).await.refused(405, "method_not_allowed");
    }
    assert!(harness.departed().iter().all(|d| *d == (DepartureKind::WrongMethod, "GET".to_owned())));
}

#[tokio::test]
async fn the_favicon_request_is_no_departure() {
    let harness = harness();
    assert_eq!(harness.get("/favicon.ico").await.status, 204);
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn shutdown_frees_the_port_and_a_taken_port_is_an_error() {
    let harness = harness();
    let port: u16 = harness.sandbox.grigora().rsplit(':').next().unwrap().parse().unwrap();
    let options = Options { grigora_port: port, ..Options::default() };
    assert!(Sandbox::start(options.clone()).is_err());
    harness.sandbox.shutdown().await;
    assert!(harness.http.get(format!("http://127.0.0.1:{port}/")).send().await.is_err());
    let again = Sandbox::start(options).unwrap();
    assert_eq!(again.grigora(), format!("http://127.0.0.1:{port}"));
}

#[test]
fn a_start_takes_under_100_ms_with_a_million_posts() {
    let start = || {
        let before = std::time::Instant::now();
        let _sandbox = Sandbox::start(Options { posts: 1_000_000, ..Options::default() }).unwrap();
        before.elapsed()
    };
    // The best of five, since a busy machine may delay some of them.
    let best = (0..5).map(|_| start()).min().unwrap();
    assert!(best < std::time::Duration::from_millis(100), "{best:?}");
}
