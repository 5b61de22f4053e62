//! `grapnel token` and `grapnel exec` with a token that is derived by token exchange (RFC 8693).

use grapnel_cli::Exit;
use grapnel_sandbox::{ProviderId, custom};
use insta::assert_snapshot;

#[cfg(target_os = "linux")]
use crate::exec::{WORDS, exec, lock_with_words};
use crate::world::World;

const NARROW: &str = "token acme --audience notes --scope notes:read";

/// A world with a connection of an app that can exchange tokens.
async fn connected() -> World {
    connect(World::of(ProviderId::Custom)).await
}

/// The same, connected at this time.
#[cfg(target_os = "linux")]
pub(crate) async fn connected_at(time: jiff::Timestamp) -> World {
    let world = World::of(ProviderId::Custom);
    world.clock.set(time);
    connect(world).await
}

async fn connect(world: World) -> World {
    let line = format!(
        "app add acme --provider custom --client-id {} --client-secret-stdin --scope notes:read --scope notes:write \
         --set issuer={} --set grant_type=client_credentials",
        custom::CLIENT_ID,
        world.sandbox.custom()
    );
    world.pipe(&line, custom::CLIENT_SECRET).await;
    assert_eq!(world.run("connect acme").await.exit, Exit::Done);
    world
}

#[tokio::test]
async fn a_narrower_token_is_printed_and_kept() {
    let world = connected().await;
    let own = world.run("token acme").await;
    let derived = world.run(NARROW).await;
    assert!(derived.exit == Exit::Done && derived.out.starts_with("cus_at_"), "{derived}");
    assert_ne!(derived.out, own.out);
    assert_eq!(world.run(NARROW).await.out, derived.out);
    assert_eq!(world.run("token acme").await.out, own.out);
    let rejected = world.run(&format!("{NARROW} --rejected")).await;
    assert!(rejected.exit == Exit::Done && rejected.out != derived.out, "{rejected}");
    let header = world.run(&format!("{NARROW} --format header")).await;
    assert_eq!(header.out, format!("Authorization: Bearer {}", rejected.out));
    let document = world.run(&format!("{NARROW} --json")).await.json();
    assert_eq!(document["scopes"], serde_json::json!(["notes:read"]));
    assert_eq!(document["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token");

    let status = world.run("status acme --json").await.json();
    let listed = &status["derived_tokens"];
    assert_eq!(listed[0]["target"]["audiences"], serde_json::json!(["notes"]));
    assert!(!status.to_string().contains(rejected.out.trim()), "{status}");
    assert_snapshot!("exchanged_status", world.run("status acme").await);
    assert!(world.sandbox.departures().is_empty());
}

#[tokio::test]
async fn a_derived_token_is_removed_and_the_connection_stays() {
    let world = connected().await;
    let (own, derived) = (world.run("token acme").await, world.run(NARROW).await);
    let remove = NARROW.replace("token", "disconnect");
    assert_snapshot!("derived_unasked", world.run(&remove).await);
    assert_snapshot!("derived_no", world.answer(&remove, "n\n").await);
    assert_eq!(world.run(NARROW).await.out, derived.out);
    assert_snapshot!("derived_forgets_nothing", world.run(&format!("{remove} --forget --yes")).await);
    assert_snapshot!("derived_yes", world.answer(&remove, "y\n").await);
    assert_snapshot!("derived_gone", world.run(&format!("{remove} --yes")).await);
    let status = world.run("status acme --json").await.json();
    assert_eq!(status["derived_tokens"], serde_json::json!([]));
    assert_eq!(world.run("token acme").await.out, own.out);
    assert_ne!(world.run(NARROW).await.out, derived.out);
    let removed = world.run(&format!("{remove} --yes --json")).await.json();
    assert_eq!(removed["removed"]["audiences"], serde_json::json!(["notes"]));
}

/// With the built program, which the command replaces.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_command_gets_the_narrower_token() {
    let world = connected_at(jiff::Timestamp::now()).await;
    lock_with_words(&world).await;
    let derived = world.pipe(&format!("{NARROW} --passphrase-stdin"), WORDS).await;
    assert_eq!(derived.exit, Exit::Done, "{derived}");
    let narrow = ["exec", "acme", "--audience", "notes", "--scope", "notes:read"];
    let ran = exec(&world, &[&narrow[..], &["--", "printenv", "ACME_TOKEN"]].concat()).await;
    assert_eq!(String::from_utf8_lossy(&ran.stdout), derived.out, "{ran:?}");
    let file = world.home.path().join("token");
    let kept = ["--refresh-file", file.to_str().unwrap(), "--", "true"];
    let kept = exec(&world, &[&narrow[..], &kept].concat()).await;
    assert_eq!(kept.status.code(), Some(2), "{kept:?}");
}

#[tokio::test]
async fn what_is_not_exchanged_is_explained() {
    let world = connected().await;
    assert_snapshot!("exchange_target", world.run("token acme --audience payroll").await);
    assert_snapshot!("exchange_scope", world.run("token acme --scope payroll:read").await);
    let wrong = world.run("token acme --requested-token-type gold").await;
    assert_eq!(wrong.exit, Exit::Usage, "{wrong}");
    let both = world.run("token acme --id-token --audience notes").await;
    assert_eq!(both.exit, Exit::Usage, "{both}");
    assert_eq!(world.run("token acme").await.exit, Exit::Done);
}
