//! The token agent over what each platform has for it: a Unix socket, or a named pipe.

use std::io::Read;
use std::time::Duration;

use grapnel_core::Grapnel;
use grapnel_core::token_agent::{self, AgentOptions, AgentRequest};
use grapnel_model::activity::Kind;
use grapnel_model::event::Event;
use grapnel_model::secret::ExposeSecret;
use grapnel_token_client::transport::{exchange, request};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::support::world::World;

/// Serves as the window does; returns once it is listening.
async fn serve(grapnel: &Grapnel) -> JoinHandle<()> {
    let served = grapnel.clone();
    let served = tokio::spawn(async move { served.serve_tokens(AgentOptions::default()).await.unwrap() });
    while !grapnel.token_agent_runs() {
        tokio::task::yield_now().await;
    }
    served
}

/// Requests the token of `Acme`, as `grapnel token` does.
async fn ask(world: &World) -> Option<String> {
    ask_for(world, "Acme", Duration::from_secs(60)).await
}

async fn ask_for(world: &World, name: &str, min_valid: Duration) -> Option<String> {
    let home = world.home.path().to_owned();
    let question = AgentRequest { name: name.into(), min_valid };
    let answer = spawn_blocking(move || token_agent::ask(&home, &question)).await.unwrap();
    answer.map(|token| token.value.expose_secret().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_reaches_a_program_and_the_activity_names_it() {
    let world = World::new();
    let id = world.connect().await;
    let mut events = world.grapnel.events();
    let _served = serve(&world.grapnel).await;
    let held = world.grapnel.token(&id, Duration::from_secs(60)).await.unwrap().value;
    assert_eq!(ask(&world).await.as_deref(), Some(held.expose_secret()));
    while events.recv().await.unwrap() != Event::Activity {}
    let noted = world.grapnel.activity(Some(&id), None).unwrap().remove(0);
    assert_eq!(noted.kind, Kind::TokenHandedOut);
    let program = std::env::current_exe().unwrap().file_name().unwrap().to_string_lossy().into_owned();
    let named = format!("{program} (pid {}).", std::process::id());
    assert!(noted.text.ends_with(&named), "{}", noted.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_ended_is_not_asked_and_the_next_one_is() {
    let world = World::new();
    world.connect().await;
    assert_eq!(ask(&world).await, None);
    let served = serve(&world.grapnel).await;
    assert!(ask(&world).await.is_some());
    served.abort();
    assert!(served.await.is_err());
    while world.grapnel.token_agent_runs() {
        tokio::task::yield_now().await;
    }
    #[cfg(windows)]
    assert!(!world.home.path().join("agent.pipe").exists());
    // What the first one has left in the data directory leads nowhere.
    assert_eq!(ask(&world).await, None);
    // Returns when the next one listens.
    let _served = serve(&world.second_start()).await;
}

/// The length of the response to these bytes, sent as a request.
async fn response_length(world: &World, bytes: &[u8]) -> usize {
    let (home, request) = (world.home.path().to_owned(), request(bytes.to_owned()).unwrap());
    let read = |stream: &mut grapnel_token_client::transport::Stream| {
        let mut response = Vec::new();
        // The agent may disconnect before it has read everything, which is a refusal too.
        let _ = stream.read_to_end(&mut response);
        Some(response.len())
    };
    let answered = move || exchange(&home, request, Duration::from_secs(30), read).unwrap_or(0);
    spawn_blocking(answered).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_request_and_one_for_an_unknown_connection_get_no_response() {
    let world = World::new();
    world.connect().await;
    let _served = serve(&world.grapnel).await;
    assert_eq!(ask_for(&world, "Nobody", Duration::ZERO).await, None);
    let question = AgentRequest { name: "Acme".into(), min_valid: Duration::ZERO }.to_bytes().unwrap();
    assert!(response_length(&world, &question).await > 0);
    let of_another_version = [&[9], &question[1..]].concat();
    for bytes in
        [&question[..5], &of_another_version, &[&question[..], &[0xff]].concat(), b"GET / HTTP/1.1\r\n\r\n"]
    {
        assert_eq!(response_length(&world, bytes).await, 0, "{bytes:?}");
    }
    assert!(ask(&world).await.is_some());
}
