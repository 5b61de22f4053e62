//! Refreshing tokens: one refresh at a time, and no failure loses anything.

use std::time::Duration;

use grapnel_model::connection::State;
use grapnel_model::error::Code;
use grapnel_model::secret::ExposeSecret;
use grapnel_sandbox::{Endpoint, Fault, ProviderId, Times};
use jiff::SignedDuration;

use crate::support::world::{World, again};

#[tokio::test]
async fn a_refresh_rotates_both_tokens() {
    let world = World::new();
    let id = world.connect().await;
    let before = world.grapnel.connection(&id).unwrap().tokens.unwrap();
    world.grapnel.refresh(&id).await.unwrap();
    let after = world.grapnel.connection(&id).unwrap().tokens.unwrap();
    assert_ne!(before.access.fingerprint, after.access.fingerprint);
    assert_ne!(before.refresh.unwrap().fingerprint, after.refresh.unwrap().fingerprint);
    assert_eq!(after.refresh_count, 1);
    world.grapnel.refresh(&id).await.unwrap();
    assert!(world.sandbox.departures().is_empty(), "{:?}", world.sandbox.departures().all());
}

#[tokio::test]
async fn an_expired_token_is_refreshed_when_it_is_used() {
    let world = World::new();
    let id = world.connect().await;
    world.pass(SignedDuration::from_hours(2));
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Expired);
    world.grapnel.projects(&id).await.unwrap();
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Active);
}

#[tokio::test]
async fn a_rejected_token_is_refreshed_once() {
    let world = World::new();
    let id = world.connect().await;
    world.sandbox.faults().set(Endpoint::Api, Fault::InvalidToken, 1).unwrap();
    world.grapnel.projects(&id).await.unwrap();
    assert_eq!(world.grapnel.connection(&id).unwrap().tokens.unwrap().refresh_count, 1);

    world.sandbox.faults().set(Endpoint::Api, Fault::InvalidToken, 2).unwrap();
    assert_eq!(world.grapnel.projects(&id).await.unwrap_err().code, Code::ReconnectNeeded);
    let details = world.grapnel.connection(&id).unwrap();
    assert_eq!(details.tokens.unwrap().refresh_count, 2);
    assert_eq!(details.summary.state, State::ReconnectNeeded);
    // The failure is known now: no further call spends a refresh token.
    world.sandbox.faults().set(Endpoint::Api, Fault::InvalidToken, 1).unwrap();
    assert_eq!(world.grapnel.projects(&id).await.unwrap_err().code, Code::ReconnectNeeded);
    assert_eq!(world.sandbox.grigora_grants().issued().access_tokens, 3);
}

#[tokio::test]
async fn a_token_about_to_expire_is_refreshed_before_use() {
    let world = World::new();
    let id = world.connect().await;
    world.pass(SignedDuration::from_secs(3600 - 20));
    world.grapnel.projects(&id).await.unwrap();
    assert_eq!(world.grapnel.connection(&id).unwrap().tokens.unwrap().refresh_count, 1);
}

#[tokio::test]
async fn tokens_that_arrive_after_a_disconnect_are_not_stored() {
    let world = World::new();
    let id = world.connect().await;
    let refresh = world.disconnect_while_refreshing(&id).await;
    refresh.await.unwrap().unwrap();
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Disconnected);
    assert!(world.grapnel.connection(&id).unwrap().tokens.is_none());
}

#[tokio::test]
async fn a_sign_in_during_a_refresh_wins() {
    let world = World::new();
    let id = world.connect().await;
    let app = world.grapnel.apps().unwrap().pop().unwrap();
    let attempt = world.grapnel.start_attempt(&app.id, &again(&id)).await.unwrap();
    let callback = world.visit(&attempt.id).await;
    let slow = Fault::Slow(Duration::from_millis(500));
    world.sandbox.faults().set(Endpoint::TokenRefresh, slow, 1).unwrap();
    let (grapnel, refreshed) = (world.grapnel.clone(), id.clone());
    let refresh = tokio::spawn(async move { grapnel.refresh(&refreshed).await });
    while world.sandbox.grigora_grants().issued().access_tokens < 2 {
        tokio::task::yield_now().await;
    }
    world.grapnel.receive_callback(&callback).await.unwrap();
    let signed_in = world.grapnel.connection(&id).unwrap().tokens.unwrap();
    refresh.await.unwrap().unwrap();
    assert_eq!(world.grapnel.connection(&id).unwrap().tokens.unwrap(), signed_in);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_concurrent_callers_cause_one_refresh() {
    let world = World::new();
    let id = world.connect().await;
    world.pass(SignedDuration::from_hours(2));
    let asks = (0..64).map(|_| {
        let (grapnel, id) = (world.grapnel.clone(), id.clone());
        tokio::spawn(async move {
            grapnel.token(&id, Duration::ZERO).await.unwrap().value.expose_secret().to_owned()
        })
    });
    let mut tokens = Vec::new();
    for ask in asks.collect::<Vec<_>>() {
        tokens.push(ask.await.unwrap());
    }
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
    assert_eq!(world.sandbox.grigora_grants().issued().access_tokens, 2);
}

/// An unavailable provider gets one request for all of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_failing_callers_cause_one_request() {
    let world = World::new();
    let id = world.connect().await;
    world.pass(SignedDuration::from_hours(2));
    world.sandbox.faults().set(Endpoint::TokenRefresh, Fault::ServerError(503), 64).unwrap();
    let asks = (0..64).map(|_| {
        let (grapnel, id) = (world.grapnel.clone(), id.clone());
        tokio::spawn(async move { grapnel.token(&id, Duration::ZERO).await.unwrap_err().code })
    });
    for ask in asks.collect::<Vec<_>>() {
        assert_eq!(ask.await.unwrap(), Code::ProviderUnavailable);
    }
    assert_eq!(world.sandbox.faults().planned()[0].times, Times::Next(63));
}

#[tokio::test]
async fn a_refusal_requires_a_new_sign_in_and_deletes_nothing() {
    let world = World::new();
    let id = world.connect().await;
    world.sandbox.faults().set(Endpoint::TokenRefresh, Fault::InvalidGrant, 1).unwrap();
    assert_eq!(world.grapnel.refresh(&id).await.unwrap_err().code, Code::ReconnectNeeded);
    let details = world.grapnel.connection(&id).unwrap();
    assert_eq!(details.summary.state, State::ReconnectNeeded);
    assert!(details.tokens.is_some());
    insta::assert_json_snapshot!(details.error);
    // The provider may have been wrong: another attempt is allowed, and succeeds.
    world.grapnel.refresh(&id).await.unwrap();
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Active);
}

#[tokio::test]
async fn a_lost_response_is_reported_as_such() {
    let world = World::new();
    let id = world.connect().await;
    world.sandbox.faults().set(Endpoint::TokenRefresh, Fault::LostReply, 1).unwrap();
    assert_eq!(world.grapnel.refresh(&id).await.unwrap_err().code, Code::AnswerLost);
    let details = world.grapnel.connection(&id).unwrap();
    assert_eq!(details.summary.state, State::Retrying);
    // The access token is still valid and handed out.
    world.grapnel.token(&id, Duration::ZERO).await.unwrap();
    insta::assert_json_snapshot!(details.error.map(|mut error| {
        error.message = error.message.split(':').next().unwrap().to_owned();
        error
    }));
    // The provider has rotated, so the next attempt is refused.
    assert_eq!(world.grapnel.refresh(&id).await.unwrap_err().code, Code::ReconnectNeeded);
}

#[tokio::test]
async fn a_cancelled_caller_does_not_interrupt_a_rotation() {
    let world = World::new();
    let id = world.connect().await;
    let slow = Fault::Slow(Duration::from_millis(300));
    world.sandbox.faults().set(Endpoint::TokenRefresh, slow, 1).unwrap();
    let mut events = world.grapnel.events();
    let before = world.grapnel.connection(&id).unwrap().tokens.unwrap();
    let given_up = tokio::time::timeout(Duration::from_millis(50), world.grapnel.refresh(&id)).await;
    assert!(given_up.is_err());
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Refreshing);
    loop {
        events.recv().await.unwrap();
        let details = world.grapnel.connection(&id).unwrap();
        if details.summary.state == State::Active {
            assert_ne!(details.tokens.unwrap().access.fingerprint, before.access.fingerprint);
            return;
        }
    }
}

#[tokio::test]
async fn disconnecting_deletes_the_tokens_and_keeps_the_history() {
    let world = World::new();
    let id = world.connect().await;
    world.grapnel.disconnect(&id).await.unwrap();
    let details = world.grapnel.connection(&id).unwrap();
    assert_eq!(details.summary.state, State::Disconnected);
    assert!(details.tokens.is_none());
    assert!(world.grapnel.activity(Some(&id), None).unwrap().len() >= 2);
    assert_eq!(world.grapnel.refresh(&id).await.unwrap_err().code, Code::ReconnectNeeded);
    assert_eq!(world.grapnel.projects(&id).await.unwrap_err().code, Code::ReconnectNeeded);
}

#[test]
fn an_interrupted_refresh_is_reported_at_the_next_start() {
    // The first process, which ends during the refresh.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (mut world, id) = runtime.block_on(async {
        let world = World::new();
        let id = world.connect().await;
        let slow = Fault::Slow(Duration::from_secs(20));
        world.sandbox.faults().set(Endpoint::TokenRefresh, slow, 1).unwrap();
        let (grapnel, refreshed) = (world.grapnel.clone(), id.clone());
        tokio::spawn(async move { grapnel.refresh(&refreshed).await });
        // The provider has rotated once it counts two tokens; its response is delayed.
        while world.sandbox.grigora_grants().issued().access_tokens < 2 {
            tokio::task::yield_now().await;
        }
        (world, id)
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        world.start_again();
        assert_eq!(world.grapnel.connection(&id).unwrap().error.unwrap().code, Code::AnswerLost);
        assert_eq!(world.grapnel.refresh(&id).await.unwrap_err().code, Code::ReconnectNeeded);
    });
}

/// Two processes with the same data, such as the window and a script.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_concurrent_processes_cause_one_refresh() {
    let world = World::new();
    let id = world.connect().await;
    let other = world.second_start();
    for round in 1..=5 {
        world.pass(SignedDuration::from_hours(2));
        let (one, two) =
            tokio::join!(world.grapnel.token(&id, Duration::ZERO), other.token(&id, Duration::ZERO));
        assert_eq!(one.unwrap().value.expose_secret(), two.unwrap().value.expose_secret());
        assert_eq!(world.sandbox.grigora_grants().issued().access_tokens, 1 + round);
    }
    assert!(world.sandbox.departures().is_empty(), "{:?}", world.sandbox.departures().all());
}

/// A second process must not treat the first one's refresh as interrupted.
#[tokio::test]
async fn a_second_process_does_not_interfere_with_a_refresh() {
    let world = World::new();
    let id = world.connect().await;
    let slow = Fault::Slow(Duration::from_millis(500));
    world.sandbox.faults().set(Endpoint::TokenRefresh, slow, 1).unwrap();
    let (grapnel, refreshed) = (world.grapnel.clone(), id.clone());
    let refresh = tokio::spawn(async move { grapnel.refresh(&refreshed).await });
    while world.sandbox.grigora_grants().issued().access_tokens < 2 {
        tokio::task::yield_now().await;
    }
    let second = world.second_start();
    assert_eq!(second.connection(&id).unwrap().error, None);
    refresh.await.unwrap().unwrap();
    assert_eq!(second.connection(&id).unwrap().tokens.unwrap().refresh_count, 1);
}

#[tokio::test]
async fn a_minimum_validity_can_be_requested() {
    let world = World::new();
    let id = world.connect().await;
    world.grapnel.token(&id, Duration::from_secs(3_000)).await.unwrap();
    assert_eq!(world.grapnel.connection(&id).unwrap().tokens.unwrap().refresh_count, 0);
    world.pass(SignedDuration::from_mins(30));
    world.grapnel.token(&id, Duration::from_secs(3_000)).await.unwrap();
    assert_eq!(world.grapnel.connection(&id).unwrap().tokens.unwrap().refresh_count, 1);
}

/// The provider has rotated, and the database cannot be written: the only copy of the tokens is in memory.
#[tokio::test]
async fn unsaved_tokens_are_stored_at_the_next_refresh() {
    let world = World::new();
    let id = world.connect().await;
    let before = world.grapnel.connection(&id).unwrap().tokens;
    world.refresh_unsaved(&id).await;
    assert_eq!(world.sandbox.grigora_grants().issued().access_tokens, 2, "it has rotated");
    assert_eq!(world.grapnel.connection(&id).unwrap().tokens, before);

    // Meanwhile another process re-keys the vault, so that they cannot be encrypted: they stay in memory.
    let words = "harbour lamp eleven moss".into();
    world.second_start().protect_with_passphrase(&words).await.unwrap();
    assert_eq!(world.grapnel.refresh(&id).await.unwrap_err().code, Code::PassphraseNeeded);
    world.grapnel.unlock(&words).await.unwrap();
    world.grapnel.refresh(&id).await.unwrap();
    assert_eq!(world.sandbox.grigora_grants().issued().access_tokens, 2, "nothing more was asked for");
    assert_ne!(world.grapnel.connection(&id).unwrap().tokens, before);
    world.grapnel.refresh(&id).await.unwrap();
    assert!(world.sandbox.departures().is_empty(), "{:?}", world.sandbox.departures().all());
}

#[tokio::test]
async fn shutdown_waits_for_a_refresh_in_progress() {
    let world = World::new();
    let id = world.connect().await;
    let slow = Fault::Slow(Duration::from_millis(300));
    world.sandbox.faults().set(Endpoint::TokenRefresh, slow, 1).unwrap();
    let (grapnel, refreshed) = (world.grapnel.clone(), id.clone());
    tokio::spawn(async move { grapnel.refresh(&refreshed).await });
    while world.sandbox.grigora_grants().issued().access_tokens < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.grapnel.connection(&id).unwrap().tokens.unwrap().refresh_count, 0, "it is under way");
    world.grapnel.idle().await;
    assert_eq!(world.grapnel.connection(&id).unwrap().tokens.unwrap().refresh_count, 1);
}

#[tokio::test]
async fn a_person_is_notified_once_of_each_problem() {
    let world = World::new();
    let id = world.connect().await;
    let told = |grapnel: &grapnel_core::Grapnel| -> Vec<_> {
        grapnel.take_pending_notifications().unwrap().into_iter().map(|news| news.id).collect()
    };
    // A retried failure clears when the retry succeeds.
    world.sandbox.faults().set(Endpoint::TokenRefresh, Fault::ServerError(503), 1).unwrap();
    world.grapnel.refresh(&id).await.unwrap_err();
    assert!(told(&world.grapnel).is_empty());

    world.sandbox.faults().set(Endpoint::TokenRefresh, Fault::InvalidGrant, 2).unwrap();
    world.grapnel.refresh(&id).await.unwrap_err();
    assert_eq!(told(&world.grapnel).as_slice(), std::slice::from_ref(&id));
    world.grapnel.refresh(&id).await.unwrap_err();
    assert!(told(&world.grapnel).is_empty(), "the same trouble, told twice");
    assert!(told(&world.second_start()).is_empty(), "told again after a start");

    world.grapnel.refresh(&id).await.unwrap();
    world.sandbox.faults().set(Endpoint::TokenRefresh, Fault::InvalidGrant, 1).unwrap();
    world.grapnel.refresh(&id).await.unwrap_err();
    assert_eq!(told(&world.grapnel), [id], "the next one is news");
}

#[tokio::test]
async fn the_list_says_which_connections_can_be_refreshed() {
    for (provider, expected) in [(ProviderId::Grigora, true), (ProviderId::TheGrid, false)] {
        let world = World::of(provider);
        let id = world.connect().await;
        let can_refresh = || world.grapnel.connections().unwrap()[0].can_refresh;
        assert_eq!(can_refresh(), expected);
        assert_eq!(world.grapnel.refresh(&id).await.is_ok(), expected);
        world.grapnel.disconnect(&id).await.unwrap();
        assert!(!can_refresh());
    }
}
