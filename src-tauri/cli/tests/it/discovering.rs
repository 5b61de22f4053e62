//! An issuer's metadata: when an app is added, and again later.

use grapnel_cli::Exit;
use grapnel_sandbox::{ProviderId, custom};
use insta::assert_snapshot;

use crate::world::World;

fn add(world: &World, issuer: &str) -> String {
    format!(
        "app add id --provider custom --client-id {} --client-secret-stdin --set issuer={}{issuer}",
        custom::CLIENT_ID,
        world.sandbox.custom()
    )
}

#[tokio::test]
async fn discovered_values_are_printed_when_an_app_is_added() {
    let world = World::of(ProviderId::Custom);
    assert_snapshot!("discovery_slash", world.pipe(&add(&world, "/"), "s").await);
    assert_snapshot!(
        "discovery_add",
        world.pipe(&add(&world, custom::OPENID_PATH), custom::CLIENT_SECRET).await
    );
    let again = add(&world, "").replace("add id", "add two") + " --json";
    let added = world.pipe(&again, custom::CLIENT_SECRET).await.json();
    assert_eq!(added["discovery"]["issuer"], world.sandbox.custom());
    assert_eq!(added["discovery"]["notes"], serde_json::json!([]));
    assert_eq!(added["discovery"]["documents"].as_array().unwrap().len(), 2);
    assert_eq!(added["discovery"]["scopes"][0], "openid");
}

#[tokio::test]
async fn an_unreachable_issuer_is_reported_at_once() {
    let world = World::of(ProviderId::Custom);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let line = format!(
        "app add id --provider custom --client-id c --set issuer=http://{}",
        listener.local_addr().unwrap()
    );
    drop(listener);
    let ran = world.run(&line).await;
    assert_eq!(ran.exit, Exit::ProviderUnavailable, "{ran}");
    assert!(!ran.said.contains("Trying again"), "{ran}");
}

#[tokio::test]
async fn an_app_is_updated_to_its_issuers_metadata() {
    let world = World::of(ProviderId::Custom);
    world.pipe(&add(&world, ""), custom::CLIENT_SECRET).await;
    assert_snapshot!("discover_nothing", world.run("app discover id").await);
    world.run("app set id --set pkce=never --reset revocation_url").await;
    assert_snapshot!("discover_dry", world.run("app discover id").await);
    assert_snapshot!("discover_no", world.answer("app discover id", "n\n").await);
    let dry = world.answer("app discover id --json", "y\n").await.json();
    assert_eq!((&dry["changed"], &dry["changes"][0]["key"]), (&false.into(), &"pkce".into()));
    assert_eq!(world.run("app show id --json").await.json()["overrides"]["pkce"], "never");
    assert_snapshot!("discover_yes", world.answer("app discover id", "y\n").await);
    let show = world.run("app show id --json").await.json();
    assert!(show["overrides"]["pkce"].is_null() && show["overrides"]["revocation_url"].is_string());
    assert_eq!(world.run("app discover id --yes --json").await.json()["changes"], serde_json::json!([]));
}

#[tokio::test]
async fn setting_an_issuer_alone_suggests_discovery() {
    let world = World::of(ProviderId::Custom);
    let at = world.sandbox.custom();
    let line = format!(
        "app add 'By hand' --provider custom --client-id c --set authorize_url={at}/authorize --set \
         token_url={at}/token"
    );
    world.run(&line).await;
    assert_snapshot!("discover_no_issuer", world.run("app discover 'By hand'").await);
    let set = world.run(&format!("app set 'By hand' --set issuer={at}")).await;
    assert!(set.said.contains("grapnel app discover 'By hand'"), "{set}");
    assert_eq!(world.run("app discover 'By hand' --yes").await.exit, Exit::Done);
    let added = world.run(&format!("{} --set issuer={at}", line.replace("By hand", "two"))).await;
    assert!(added.said.contains("grapnel app discover two"), "{added}");
}
