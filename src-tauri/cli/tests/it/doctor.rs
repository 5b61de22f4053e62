//! `grapnel doctor`, and the activity's entries about tokens handed out.

use grapnel_cli::Exit;
use grapnel_model::error::Code;
use insta::assert_snapshot;

use crate::world::World;

#[tokio::test]
async fn it_exits_with_success_if_nothing_is_broken() {
    let world = World::new();
    world.connect().await;
    let ran = world.run("doctor").await;
    assert_eq!(ran.exit, Exit::Done, "{ran}");
    let json = world.run("doctor --json").await.json();
    assert_eq!(json["checks"][0]["name"], "Data directory");
    assert_eq!(json["checks"][0]["verdict"], "fine");
    world.keyring.fail(Code::KeyringAbsent);
    let ran = world.run("doctor").await;
    assert_eq!(ran.exit, Exit::Failed, "{ran}");
    assert!(ran.out.contains("broken     Vault: The keyring failed."), "{ran}");
}

#[tokio::test]
async fn a_process_that_gets_tokens_is_logged_once() {
    let world = World::new();
    world.connect().await;
    for _ in 0..3 {
        world.run("token acme").await;
    }
    world.run("refresh acme").await;
    assert_snapshot!("activity_handed_out", world.run("activity acme --search handed").await);
    assert_snapshot!("activity_search_none", world.run("activity --search nothing").await);
}
