//! `grapnel api` against the sandbox.

use std::io::Cursor;

use grapnel_cli::Exit;
use grapnel_sandbox::{Endpoint, Fault};

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
