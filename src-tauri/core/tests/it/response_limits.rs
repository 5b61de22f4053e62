//! Limits of responses: compression, length, number of values, and connection reuse.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use grapnel_core::app::NewApp;
use grapnel_model::error::Code;
use grapnel_model::id::ConnectionId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::scripted_server::{GRANT, Reply, Scripted, sign_in};
use crate::support::world::World;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn compressed(encoding: &str, body: Vec<u8>) -> Reply {
    Reply::new(200, "application/json", body).header("content-encoding", encoding)
}

#[tokio::test]
async fn compressed_replies_are_read() {
    let (world, server) = (World::new(), Scripted::start().await);
    // RFC 9110 §8.4.1.2 means zlib's format by that name.
    let mut deflate = ZlibEncoder::new(Vec::new(), Compression::fast());
    deflate.write_all(GRANT.as_bytes()).unwrap();
    let replies = [
        compressed("gzip", gzip(GRANT.as_bytes())),
        compressed("deflate", deflate.finish().unwrap()),
        compressed("identity", GRANT.into()),
    ];
    server.on("/token", replies);
    let app = world.grapnel.add_app(server.new_app(&[])).await.unwrap();
    let id = sign_in(&world.grapnel, &app).await.unwrap();
    world.grapnel.refresh(&id).await.unwrap();
    world.grapnel.refresh(&id).await.unwrap();
    let accepted = server.received("/token")[0].header("accept-encoding").unwrap().to_owned();
    for encoding in ["gzip", "deflate", "br", "zstd"] {
        assert!(accepted.contains(encoding), "{accepted}");
    }
    // An encoding that was not requested is named.
    server.on("/token", [compressed("compress", GRANT.into())]);
    let error = world.grapnel.refresh(&id).await.unwrap_err();
    assert!(error.message.contains("compressed as “compress”"), "{error}");
}

#[tokio::test]
async fn a_decompressed_response_is_limited_in_size() {
    let (world, server) = (World::new(), Scripted::start().await);
    let bomb = gzip(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < 1 << 20);
    server.on("/token", [compressed("gzip", bomb)]);
    let app = world.grapnel.add_app(server.new_app(&[])).await.unwrap();
    let error = sign_in(&world.grapnel, &app).await.unwrap_err();
    assert_eq!(error.code, Code::ReplyTooLarge, "{error}");
}

/// A connection to The Grid's API at a server of this test.
async fn grid(world: &World, server: &Scripted) -> ConnectionId {
    let base = server.origin.clone();
    server.on("/token", [Reply::json(200, GRANT)]);
    let new: NewApp = server.new_app(&[("content", "thegrid"), ("api_base", &base)]);
    let app = world.grapnel.add_app(new).await.unwrap();
    sign_in(&world.grapnel, &app).await.unwrap()
}

/// Within the limit of bytes, but gigabytes once parsed.
#[tokio::test]
async fn a_list_of_too_many_values_is_not_parsed() {
    let (world, server) = (World::new(), Scripted::start().await);
    let id = grid(&world, &server).await;
    let body = format!("[{}0]", "0,".repeat(10 << 20));
    for lists in [body, format!("{{\"a\":{}1}}", "{\"a\":".repeat(600_000)), "[".repeat(20 << 20)] {
        server.on("/site", [Reply::json(200, lists)]);
        let error = world.grapnel.items(&id, "sites", None).await.unwrap_err();
        assert_eq!(error.code, Code::ReplyTooLarge, "{error}");
    }
    // Strings may contain any number of brackets and commas.
    server.on(
        "/site",
        [Reply::json(200, format!("[{{\"id\":\"1\",\"name\":\"{}\"}}]", "[,{".repeat(600_000)))],
    );
    assert_eq!(world.grapnel.items(&id, "sites", None).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn a_token_response_of_too_many_values_is_not_parsed() {
    let (world, server) = (World::new(), Scripted::start().await);
    let many = format!("{},\"more\":[{}0]}}", GRANT.trim_end_matches('}'), "0,".repeat(100_000));
    server.on("/token", [Reply::json(200, many)]);
    let app = world.grapnel.add_app(server.new_app(&[])).await.unwrap();
    let error = sign_in(&world.grapnel, &app).await.unwrap_err();
    assert_eq!(error.code, Code::ReplyTooLarge, "{error}");
}

/// A server that responds to the first request of each connection, announces keep-alive, and closes the connection at
/// the second: as if a request coincided with the end of an idle connection.
#[tokio::test]
async fn a_token_request_reuses_no_pooled_connection() {
    let world = World::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 8192]).await;
                let reply = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{GRANT}",
                    GRANT.len()
                );
                let _ = stream.write_all(reply.as_bytes()).await;
                let _ = stream.read(&mut [0; 8192]).await;
            });
        }
    });
    let app = world.grapnel.add_app(Scripted::app_at(&origin, &[])).await.unwrap();
    let id = sign_in(&world.grapnel, &app).await.unwrap();
    for _ in 0..5 {
        world.grapnel.refresh(&id).await.unwrap();
    }
    assert_eq!(connections.load(Ordering::SeqCst), 6);
}
