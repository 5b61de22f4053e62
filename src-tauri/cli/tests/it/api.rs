//! `grapnel api` against the sandbox.

use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use grapnel_cli::Exit;
use grapnel_sandbox::{Endpoint, Fault};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::machine::Paper;
use crate::world::World;

#[tokio::test]
async fn a_known_endpoint_needs_neither_method_nor_documentation() {
    let world = World::new();
    world.connect().await;
    insta::assert_snapshot!(world.run("api acme").await.to_string());
    let ran = world.run("api acme project/list").await;
    let projects = ran.json();
    let id = projects["projects"][0]["id"].as_str().unwrap().to_owned();
    let ran = world.run(&format!("api acme cms/post/list -f project_id={id} -q '.data | length'")).await;
    assert_eq!(ran.exit, Exit::Done, "{ran}");
    assert!(ran.out.trim().parse::<usize>().unwrap() > 0, "{ran}");
    insta::assert_snapshot!(world.run("api acme cms/post/list").await.to_string());
}

#[tokio::test]
async fn the_response_is_a_document_with_json_and_has_its_head_with_include() {
    let world = World::new();
    world.connect().await;
    let document = world.run("--json api acme token/authorized_by").await.json();
    assert_eq!(document["status"], 200);
    assert!(document["body"]["email"].is_string(), "{document}");
    assert!(document["headers"]["content-type"][0].as_str().unwrap().contains("json"), "{document}");
    let ran = world.run("api acme -i GET token/authorized_by").await;
    assert!(ran.out.starts_with("HTTP/1.1 200 OK\n"), "{ran}");
    assert!(ran.out.contains("\n\n{"), "{ran}");
}

#[tokio::test]
async fn the_exit_code_tells_the_class_of_the_status() {
    let world = World::new();
    world.connect().await;
    let mut told = Vec::new();
    for line in [
        "api acme no/such/path",
        "api acme POST project/details -f project_id=unknown",
        "api acme https://evil.example/x",
        "api acme http://api.grigora.co/x",
        "api acme CONNECT x",
        "api acme x -H authorization:x",
        "api acme x --jq .[",
        "api acme x --allow https://a.example/path",
        "api acme project/list --paginate",
        "api nobody project/list",
    ] {
        let ran = world.run(line).await;
        assert_ne!(ran.exit, Exit::Done, "{ran}");
        told.push(ran.to_string());
    }
    world.sandbox.faults().set(Endpoint::Api, Fault::ServerError(502), 1).unwrap();
    told.push(world.run("api acme project/list").await.to_string());
    insta::assert_snapshot!(told.join("\n\n"));
}

/// A server whose pages each link to the path that `next` makes of the number of requests so far. Returns its host and
/// that number.
async fn list_without_end(next: impl Fn(usize) -> String + Send + 'static) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let requests = Arc::new(AtomicUsize::default());
    let counted = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            while stream.read_line(&mut line).await.unwrap() > 2 {
                line.clear();
            }
            let next = next(counted.fetch_add(1, Ordering::Relaxed) + 1);
            let head = format!("HTTP/1.1 200 OK\r\nlink: <{next}>; rel=next\r\nconnection: close\r\n");
            let reply = format!("{head}content-type: application/json\r\ncontent-length: 3\r\n\r\n[1]");
            stream.write_all(reply.as_bytes()).await.unwrap();
        }
    });
    (host, requests)
}

#[tokio::test]
async fn a_list_without_an_end_is_not_read_for_ever() {
    let world = World::new();
    world.add("acme", "--redirect loopback --set pagination=link").await;
    world.run("connect acme").await;
    let (host, requests) = list_without_end(|_| "/list".into()).await;
    let to_itself = world.run(&format!("api acme http://{host}/list --allow {host} --paginate")).await;
    assert_eq!((to_itself.exit, requests.load(Ordering::Relaxed)), (Exit::Done, 1), "{to_itself}");
    assert_eq!(to_itself.out, "[1]\n");
    let (host, requests) = list_without_end(|number| format!("/list?page={number}")).await;
    let line = format!("api acme http://{host}/list --allow {host} --paginate --max-pages 5");
    let endless = world.run(&line).await;
    assert_eq!((endless.exit, requests.load(Ordering::Relaxed)), (Exit::Failed, 5), "{endless}");
    assert_eq!(endless.out.lines().count(), 5, "{endless}");
    insta::assert_snapshot!(endless.said, @"
    error[reply_too_large]: The list has more than 5 pages, and was not read further.
    Your tokens are kept as they are.
    hint: If the API does not repeat its pages, read more of them: --max-pages NUMBER
    ");
}

#[tokio::test]
async fn an_api_that_asks_to_wait_is_asked_again() {
    let world = World::new();
    world.connect().await;
    world.sandbox.faults().set(Endpoint::Api, Fault::TooMany(1), 1).unwrap();
    let ran = world.run("api acme project/list -q '.projects | length'").await;
    assert_eq!(ran.exit, Exit::Done, "{ran}");
    assert_eq!(ran.said, "The API answered 429 Too Many Requests. Trying again in 1 second.\n");
    world.sandbox.faults().set(Endpoint::Api, Fault::TooMany(600), 1).unwrap();
    let ran = world.run("api acme project/list").await;
    assert_eq!(ran.exit, Exit::ProviderUnavailable, "{ran}");
}

#[tokio::test]
async fn a_body_comes_from_standard_input_whatever_its_size() {
    let world = World::new();
    world.connect().await;
    let body = r#"{"project_id":"unknown"}"#;
    let ran = world.pipe("api acme POST project/details --input -", body).await;
    assert!(ran.said.contains("status 403"), "{ran}");
    let long = Cursor::new(format!("{{\"project_id\":\"{}\"}}", "x".repeat(3 << 20)));
    let ran = world.run_with("api acme POST project/details --input -", long, false, &Paper::default()).await;
    // The sandbox does not read a body of that size to its end.
    assert!(matches!(ran.exit, Exit::ProviderUnavailable | Exit::Failed), "{ran}");
}
