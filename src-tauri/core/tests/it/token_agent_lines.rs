//! The line protocol of the token agent, for other programs, and an agent that runs without a window.

use std::fs;
use std::os::unix::net::UnixListener;

use grapnel_core::token_agent::AgentOptions;
use grapnel_model::event::Event;
use grapnel_model::secret::ExposeSecret;
use jiff::SignedDuration;
use tokio::net::UnixStream;

use crate::support::agent_client::{
    ACME, MINUTE, answer_at, handed_to_this, line, serve, socket, token, told,
};
use crate::support::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn the_line_protocol_refreshes_a_token_that_expires_too_soon() {
    let world = World::new();
    let id = world.connect().await;
    let mut events = world.grapnel.events();
    let _served = serve(&world, &world.grapnel).await;
    let held = world.grapnel.token(&id, MINUTE).await.unwrap();
    let told = line(&world, ACME).await;
    assert_eq!(told["access_token"], held.value.expose_secret());
    assert_eq!(
        (&told["token_type"], &told["expires_at"]),
        (&"Bearer".into(), &held.expires_at.unwrap().to_string().into())
    );
    while events.recv().await.unwrap() != Event::Activity {}
    assert_eq!(world.grapnel.activity(Some(&id), None).unwrap().remove(0).text, handed_to_this());

    world.pass(SignedDuration::from_mins(58));
    assert_eq!(line(&world, ACME).await["access_token"], told["access_token"], "it lasts a minute");
    let longer = line(&world, "{\"get\":\"token\",\"connection\":\"acme\",\"min_valid\":300}\n").await;
    assert_ne!(longer["access_token"], told["access_token"]);
    assert_eq!(world.tokens_given(), 2);
    let rejected = line(&world, "{\"get\":\"token\",\"connection\":\"acme\",\"rejected\":true}\n").await;
    assert_ne!(rejected["access_token"], longer["access_token"]);
    assert_eq!(world.tokens_given(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_line_request_gets_an_error() {
    let world = World::new();
    let id = world.connect().await;
    let _served = serve(&world, &world.grapnel).await;
    let code = async |said: &str| line(&world, said).await["error"]["code"].as_str().map(str::to_owned);
    assert_eq!(code("{\"get\":\"token\",\"connection\":\"nobody\"}\n").await.as_deref(), Some("not_found"));
    assert_eq!(code("{\"get\":\"key\"}\n").await.as_deref(), Some("invalid_input"));
    assert_eq!(code("{}\n").await.as_deref(), Some("invalid_input"));
    world.grapnel.disconnect(&id).await.unwrap();
    assert_eq!(code(ACME).await.as_deref(), Some("reconnect_needed"));
    // A line that is too long or does not end gets no response.
    let long = format!("{{\"get\":\"token\",\"connection\":\"{}\"}}\n", "a".repeat(1 << 20));
    assert_eq!(told(&world, long.as_bytes(), false).await, 0);
    assert_eq!(told(&world, &ACME.as_bytes()[..10], false).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_keyring_is_locked_line_requests_are_refused() {
    let world = World::new();
    world.connect().await;
    let _served = serve(&world, &world.grapnel).await;
    while line(&world, ACME).await["access_token"].is_null() {}
    world.keyring.close();
    while line(&world, ACME).await["error"]["code"] != "keyring_locked" {}
    world.keyring.give_sign();
    while line(&world, ACME).await["access_token"].is_null() {}
}

/// The person enters the passphrase in a window for the window only; a process that gets it in order to serve hands out
/// tokens until it is locked.
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_with_the_passphrase_serves_until_it_is_locked() {
    let world = World::new();
    let id = world.connect().await;
    world.grapnel.protect_with_passphrase(&"harbour lamp eleven moss".into()).await.unwrap();
    let window = serve(&world, &world.grapnel).await;
    assert_eq!(line(&world, ACME).await["error"]["code"], "passphrase_needed");
    window.abort();

    let agent = world.second_start();
    let serving = agent.clone();
    let options = AgentOptions { serves_passphrase_vaults: true, ..AgentOptions::default() };
    let _served = tokio::spawn(async move { serving.serve_tokens(options).await.unwrap() });
    while UnixStream::connect(socket(world.home.path())).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(token(&world, "Acme", MINUTE).await, None, "it was not given yet");
    agent.unlock(&"harbour lamp eleven moss".into()).await.unwrap();
    // Even without a keyring that could be open.
    world.keyring.close();
    let held = world.grapnel.token(&id, MINUTE).await.unwrap().value;
    assert_eq!(token(&world, "Acme", MINUTE).await.as_deref(), Some(held.expose_secret()));
    assert_eq!(line(&world, ACME).await["access_token"], held.expose_secret());

    agent.lock().await;
    assert_eq!(token(&world, "Acme", MINUTE).await, None);
    assert_eq!(line(&world, ACME).await["error"]["code"], "passphrase_needed");
}

/// As systemd does: another process listens, and passes the socket on.
#[tokio::test(flavor = "multi_thread")]
async fn an_activated_socket_is_served_beside_a_window() {
    let world = World::new();
    world.connect().await;
    let path = world.home.path().join("agent-activation.sock");
    let activated = UnixListener::bind(&path).unwrap();
    let agent = world.second_start();
    assert!(agent.check_vault().await.is_none());
    let _window = serve(&world, &world.grapnel).await;
    let options = AgentOptions { activated: vec![activated], ..AgentOptions::default() };
    let _agent = tokio::spawn(async move { agent.serve_tokens(options).await.unwrap() });
    while answer_at(&path, ACME).await["access_token"].is_null() {}
    // Without the other socket, `grapnel token` connects to this one.
    fs::remove_file(socket(world.home.path())).unwrap();
    assert!(token(&world, "Acme", MINUTE).await.is_some());
}
