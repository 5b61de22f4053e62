//! Clients that register themselves: `grapnel app add --register` and `--resource`, `grapnel app registration`, and
//! `grapnel app metadata`.

use grapnel_cli::Exit;
use insta::assert_snapshot;
use serde_json::json;

use crate::registrar::Registrar;
use crate::world::World;

fn add(registrar: &Registrar, more: &str) -> String {
    let redirect = "http://127.0.0.1:49152/callback";
    format!("app add acme --set issuer={} --redirect {redirect} {more}", registrar.origin)
}

const REGISTER: &str = "--provider custom --register --scope notes:read";

#[tokio::test]
async fn an_app_registers_itself_and_removes_its_client() {
    let (world, registrar) = (World::new(), Registrar::start());
    let added = world.run(&add(&registrar, REGISTER)).await;
    assert_snapshot!("registered", added);
    let client = registrar.state.lock().unwrap().client.clone().unwrap();
    assert_eq!(client["redirect_uris"], json!(["http://127.0.0.1:49152/callback"]));
    assert_eq!(
        (&client["scope"], &client["token_endpoint_auth_method"]),
        (&json!("notes:read"), &json!("none"))
    );
    let shown = world.run("app show acme").await;
    assert!(shown.out.contains("client-1") && !shown.out.contains("token-of-client-1"), "{shown}");
    let removed = world.run("app remove acme --delete-registration --yes").await;
    assert_eq!(removed.exit, Exit::Done, "{removed}");
    assert_eq!(registrar.state.lock().unwrap().client, None);
}

#[tokio::test]
async fn a_refused_registration_says_why_and_adds_nothing() {
    let (world, registrar) = (World::new(), Registrar::start());
    registrar.state.lock().unwrap().refusal = Some(json!({
        "error": "invalid_redirect_uri",
        "error_description": "Loopback redirect URIs are not accepted.",
    }));
    let refused = world.run(&add(&registrar, REGISTER)).await;
    assert_snapshot!("registration_refused", refused);
    assert_eq!(world.run("app list --json").await.json(), json!([]));
    let missing = world.run(&add(&registrar, "--provider custom")).await;
    assert_snapshot!("registration_offered", missing);
    let both = world.run(&add(&registrar, "--provider custom --register --client-id c1")).await;
    assert_eq!(both.exit, Exit::Usage, "{both}");
}

#[tokio::test]
async fn an_initial_access_token_is_read_from_standard_input() {
    let (world, registrar) = (World::new(), Registrar::start());
    let line = add(&registrar, &format!("{REGISTER} --initial-access-token-stdin"));
    let added = world.pipe(&line, "the-initial-token\n").await;
    assert_eq!(added.exit, Exit::Done, "{added}");
    let sent = registrar.state.lock().unwrap().initial_access_tokens.clone();
    assert_eq!(sent, [Some("Bearer the-initial-token".to_owned())]);
    assert!(!added.out.contains("the-initial-token"), "{added}");
}

#[tokio::test]
async fn a_registration_is_read_updated_and_renewed() {
    let (world, registrar) = (World::new(), Registrar::start());
    let added = world.run(&add(&registrar, REGISTER)).await;
    assert_eq!(added.exit, Exit::Done, "{added}");
    assert_snapshot!("registration_same", world.run("app registration acme").await);

    let changed = world.run("app set acme --scope notes:read --scope notes:write").await;
    assert_eq!(changed.exit, Exit::Done, "{changed}");
    assert_snapshot!("registration_differs", world.run("app registration acme").await);
    let read = world.run("app registration acme --json").await;
    assert_eq!(read.json()["changes"][0]["member"], "scope");
    assert!(!read.out.contains("token-of-client-1"), "{read}");
    assert_snapshot!("registration_updated", world.run("app registration acme update").await);
    assert_eq!(registrar.state.lock().unwrap().client.as_ref().unwrap()["scope"], "notes:read notes:write");

    // The provider deletes the client.
    registrar.state.lock().unwrap().client = None;
    assert_snapshot!("registration_gone", world.run("app registration acme").await);
    assert_eq!(world.run("app set acme --environment Staging").await.exit, Exit::Done);
    assert_snapshot!("registration_renewed", world.run("app registration acme renew --yes").await);
    assert_eq!(world.run("app show acme --json").await.json()["client_id"], "client-2");
    assert_eq!(world.run("app registration acme").await.exit, Exit::Done);
}

#[tokio::test]
async fn an_app_of_a_resource_is_added_by_its_url() {
    let (world, registrar) = (World::new(), Registrar::start());
    let line =
        format!("app add notes --resource {}/notes --register --redirect loopback:49152", registrar.origin);
    let added = world.run(&line).await;
    assert_snapshot!("resource_added", added);
    let app = world.run("app show notes --json").await.json();
    assert_eq!(app["scopes"], json!(["notes:read"]));
    assert_eq!(app["overrides"]["resource"], format!("{}/notes", registrar.origin));
    let nothing =
        world.run(&format!("app add other --resource {}/nothing --register", registrar.origin)).await;
    assert_snapshot!("resource_without_metadata", nothing);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let line = format!("app add other --resource http://{} --register", listener.local_addr().unwrap());
    drop(listener);
    let unreachable = world.run(&line).await;
    assert_eq!(unreachable.exit, Exit::ProviderUnavailable, "{unreachable}");
}

#[tokio::test]
async fn the_document_of_a_client_is_printed() {
    let world = World::new();
    let endpoints =
        "--set authorize_url=https://id.example/authorize --set token_url=https://id.example/token";
    let line = format!(
        "app add acme --provider custom --client-id https://app.example/grapnel.json --redirect \
         http://127.0.0.1:49152/callback --scope notes:read {endpoints}"
    );
    let added = world.run(&line).await;
    assert_eq!(added.exit, Exit::Done, "{added}");
    let document = world.run("app metadata acme").await.to_string();
    let version = format!("{:?}", env!("CARGO_PKG_VERSION"));
    assert_snapshot!("metadata_document", document.replace(&version, "[version]"));
    let line = format!("app add other --provider custom --client-id c1 {endpoints}");
    assert_eq!(world.run(&line).await.exit, Exit::Done);
    assert_snapshot!("metadata_none", world.run("app metadata other").await);
}
