//! Hostile callbacks: forged, late or repeated ones change nothing and are reported.

use grapnel_model::activity::Kind;
use grapnel_model::attempt::Phase;
use grapnel_model::error::Code;
use grapnel_model::event::Event;
use grapnel_model::secret::ExposeSecret;
use jiff::SignedDuration;

use crate::support::world::World;

const OURS: &str = "dev.grapnel.desktop:/oauth/callback";

#[tokio::test]
async fn each_refused_callback_has_its_reason_and_changes_nothing() {
    let world = World::new();
    let (attempt, _) = world.attempt().await;
    let mut events = world.grapnel.events();
    let mut told = Vec::new();
    for query in [
        "?code=stolen",
        "?code=stolen&state=forged",
        "?error=access_denied&state=forged",
        "?error=access_denied",
        "?state=forged",
        "",
        "?code=a&code=b&state=s",
        "/elsewhere?code=a&state=s",
    ] {
        let error = world.grapnel.receive_callback(&format!("{OURS}{query}").into()).await.unwrap_err();
        let shown = loop {
            match events.try_recv() {
                Ok(Event::CallbackRefused(shown)) => break shown,
                Ok(Event::Attempt(waiting)) => assert_eq!(waiting.phase, Phase::Waiting),
                other => panic!("{query} is shown, not {other:?}"),
            }
        };
        assert_eq!(shown, error);
        told.push(format!("{query}\n    {:?}: {}", error.code, error.message));
    }
    insta::assert_snapshot!(told.join("\n"));
    assert_eq!(world.grapnel.attempts().unwrap()[0].id, attempt.id);
    assert_eq!(world.grapnel.attempts().unwrap()[0].phase, Phase::Waiting);
    assert_eq!(world.sandbox.grigora_grants().issued().access_tokens, 0);
    let refused = world.grapnel.activity(None, None).unwrap().into_iter();
    let times: u32 =
        refused.filter(|entry| entry.kind == Kind::CallbackRefused).map(|entry| entry.times).sum();
    assert_eq!(usize::try_from(times).unwrap(), told.len());
}

#[tokio::test]
async fn a_second_callback_with_the_same_code_changes_nothing() {
    let world = World::new();
    let (_, callback) = world.attempt().await;
    world.grapnel.receive_callback(&callback).await.unwrap();
    let before = world.grapnel.connections().unwrap();
    let error = world.grapnel.receive_callback(&callback).await.unwrap_err();
    assert_eq!(error.code, Code::CallbackLate);
    insta::assert_json_snapshot!(error);
    assert_eq!(world.grapnel.connections().unwrap(), before);
    assert_eq!(world.sandbox.grigora_grants().issued().access_tokens, 1);
    assert!(world.sandbox.departures().is_empty(), "the code was not sent a second time");
}

/// Two processes receive a callback at the same moment, many times over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_one_of_two_concurrent_callbacks_succeeds() {
    let world = World::new();
    let other = world.second_start();
    for round in 1..=20 {
        let (_, callback) = world.attempt().await;
        let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(2));
        let race = [world.grapnel.clone(), other.clone()].map(|grapnel| {
            let (callback, barrier) = (callback.clone(), barrier.clone());
            tokio::spawn(async move {
                barrier.wait().await;
                grapnel.receive_callback(&callback).await.is_ok()
            })
        });
        let [one, two] = race;
        assert!(one.await.unwrap() != two.await.unwrap());
        assert_eq!(world.grapnel.connections().unwrap().len(), round);
    }
    assert!(world.sandbox.departures().is_empty(), "no code was sent twice");
}

#[tokio::test]
async fn a_callback_for_a_finished_attempt_changes_nothing() {
    let world = World::new();
    let (cancelled, callback) = world.attempt().await;
    world.grapnel.cancel_attempt(&cancelled.id).unwrap();
    let error = world.grapnel.receive_callback(&callback).await.unwrap_err();
    assert!(error.message.contains("cancelled here"), "{error}");

    let (_, callback) = world.attempt().await;
    world.clock.advance(SignedDuration::from_mins(11));
    let error = world.grapnel.receive_callback(&callback).await.unwrap_err();
    assert!(error.message.contains("waited too long"), "{error}");
    assert!(world.grapnel.connections().unwrap().is_empty());
}

#[tokio::test]
async fn an_unknown_error_code_is_shown_unchanged() {
    let world = World::new();
    let (_, callback) = world.attempt().await;
    let state =
        callback.expose_secret().split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let callback =
        format!("{OURS}?error=out_of_cheese&error_description=Redo%0A%20from%20start&state={state}");
    let error = world.grapnel.receive_callback(&callback.into()).await.unwrap_err();
    insta::assert_json_snapshot!(error);
}
