//! The connection limit, and a sandbox without its control endpoint.

use std::time::Duration;

use grapnel_sandbox::{Options, ProviderId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::harness_with;

/// A low connection limit and a short timeout.
fn bounded() -> Options {
    Options { connections: 4, timeout: Duration::from_millis(200), ..Options::only(ProviderId::Grigora) }
}

/// Opens more connections than the limit allows, and sends `start` on each.
async fn hold(origin: &str, start: &str) -> Vec<TcpStream> {
    let mut held = Vec::new();
    for _ in 0..64 {
        let mut stream = TcpStream::connect(origin.trim_start_matches("http://")).await.unwrap();
        stream.write_all(start.as_bytes()).await.unwrap();
        held.push(stream);
    }
    held
}

#[tokio::test]
async fn idle_connections_are_closed_when_all_are_in_use() {
    let harness = harness_with(bounded());
    let origin = harness.sandbox.grigora().to_owned();
    let host = origin.trim_start_matches("http://");
    let starts = [
        String::new(),
        "GET / HT".to_owned(),
        format!("POST /oauth/token HTTP/1.1\r\nhost: {host}\r\ncontent-length: 100\r\n\r\ngrant"),
    ];
    for start in starts {
        let mut held = hold(&origin, &start).await;
        // A connection kept from the last round may be the one that is closed.
        let request = harness.http.get(format!("{origin}/favicon.ico")).header("connection", "close");
        let reply = request.send().await.unwrap();
        assert_eq!(reply.status(), 204);
        // The first connection was closed, possibly after an error reply.
        let mut said = Vec::new();
        let _ = held[0].read_to_end(&mut said).await;
    }
}

#[tokio::test]
async fn without_the_control_endpoint_its_paths_are_unknown() {
    let harness = harness_with(Options { control: false, ..Options::only(ProviderId::Grigora) });
    let before = harness.sandbox.clock().now();
    for path in ["", "/", "/clock", "/issued"] {
        let address = format!("{}/_sandbox{path}", harness.sandbox.grigora());
        let advance = harness.http.post(&address).json(&serde_json::json!({ "advance": 80_000 }));
        assert_eq!(advance.send().await.unwrap().status(), 404, "{path}");
        assert_eq!(harness.http.get(&address).send().await.unwrap().status(), 404, "{path}");
    }
    assert!(harness.sandbox.clock().now().duration_since(before).as_secs() < 3_600);
}
