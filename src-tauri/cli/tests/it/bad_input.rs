//! Invalid input at a terminal. The core has the whole table (`core/tests/it/bad_input.rs`).

use grapnel_cli::Exit;
use grapnel_core::authorize::SignInRequest;
use grapnel_model::secret::ExposeSecret;
use grapnel_sandbox::{ProviderId, Switch, custom};
use insta::assert_snapshot;

use crate::machine::visit;
use crate::world::World;

#[tokio::test]
async fn each_invalid_input_has_its_own_error() {
    let (world, mut told) = (World::new(), Vec::new());
    profiles(&world, &mut told).await;
    issuers(&mut told).await;
    ways_back(&world, &mut told).await;
    assert_snapshot!(told.join("\n\n"));
}

async fn profiles(world: &World, told: &mut Vec<String>) {
    let add = "app add acme --provider grigora --client-id id --set";
    for setting in [
        "tokn_url=https://x.example",
        "token_url=http://x.example",
        "client_auth=none",
        "require_iss=true",
        "require_state=false",
    ] {
        let ran = world.run(&format!("{add} {setting}")).await;
        assert_eq!(ran.exit, Exit::Usage, "{ran}");
        told.push(ran.to_string());
    }
    assert_eq!(world.run("app list --json").await.json(), serde_json::json!([]));
}

async fn issuers(told: &mut Vec<String>) {
    let world = World::of(ProviderId::Custom);
    let (id, issuer) = (custom::CLIENT_ID, world.sandbox.custom());
    let add = format!("app add id --provider custom --client-id {id} --set issuer={issuer}");
    for switch in [Switch::CustomIssuerMismatch, Switch::CustomHugeDocument] {
        world.sandbox.switches().set(switch, true);
        told.push(format!("# {switch}\n{}", world.run(&add).await));
        world.sandbox.switches().clear();
    }
    let apps = world.run("app list --json").await.json();
    assert_eq!(apps, serde_json::json!([]));
}

async fn ways_back(world: &World, told: &mut Vec<String>) {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    world.add("taken", &format!("--redirect loopback:{port}")).await;
    let ran = world.run("connect taken").await;
    assert_eq!(ran.exit, Exit::Failed, "{ran}");
    told.push(ran.to_string().replace(&port.to_string(), "[port]"));

    world.add("acme", "").await;
    let window = world.grapnel();
    let app = window.apps().unwrap().into_iter().find(|app| app.name == "acme").unwrap();
    let other = window.start_attempt(&app.id, &SignInRequest::default()).await.unwrap();
    let link = window.attempt_link(&other.id).await.unwrap();
    let foreign: &'static str = visit(link.expose_secret()).await.leak();
    let stateless = foreign.split("&state=").next().unwrap();
    let code = stateless.split_once("code=").unwrap().1;
    for (what, pasted) in [
        ("the address of another sign-in", foreign),
        ("an address without a state", stateless),
        ("a code without a state", code),
    ] {
        let ran = world.pipe("connect acme --no-browser --paste", pasted).await;
        assert_eq!(ran.exit, Exit::Usage, "{ran}");
        told.push(format!("# pasted: {what}\n{}", ran.said.trim_end()));
    }
    assert_eq!(window.attempts().unwrap()[0].id, other.id, "the other goes on waiting");
}
