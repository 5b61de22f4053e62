//! Renewing tokens: one at a time, nothing lost by any failure.

use grapnel_core::connection::State;
use grapnel_core::error::Code;
use grapnel_core::secret::ExposeSecret;
use grapnel_sandbox::{Endpoint, Fault};
use jiff::SignedDuration;

use crate::world::World;

#[tokio::test]
async fn a_renewal_rotates_both_tokens() {
    let world = World::new();
    let id = world.connect().await;
    let before = world.grapnel.connection(&id).unwrap().tokens.unwrap();
    world.grapnel.refresh(&id).await.unwrap();
    let after = world.grapnel.connection(&id).unwrap().tokens.unwrap();
    assert_ne!(before.access.fingerprint, after.access.fingerprint);
    assert_ne!(before.refresh.unwrap().fingerprint, after.refresh.unwrap().fingerprint);
    assert_eq!(after.renewals, 1);
    world.grapnel.refresh(&id).await.unwrap();
    assert!(world.sandbox.departures().is_empty(), "{:?}", world.sandbox.departures().all());
}

#[tokio::test]
async fn an_expired_token_is_renewed_when_it_is_used() {
    let world = World::new();
    let id = world.connect().await;
    world.pass(SignedDuration::from_hours(2));
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Expired);
    world.grapnel.projects(&id).await.unwrap();
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Active);
}

#[tokio::test]
async fn a_token_that_the_api_does_not_accept_is_renewed_once() {
    let world = World::new();
    let id = world.connect().await;
    world.sandbox.faults().set(Endpoint::Api, Fault::InvalidToken, 1).unwrap();
    world.grapnel.projects(&id).await.unwrap();
    assert_eq!(world.grapnel.connection(&id).unwrap().tokens.unwrap().renewals, 1);

    world.sandbox.faults().set(Endpoint::Api, Fault::InvalidToken, 2).unwrap();
    assert_eq!(world.grapnel.projects(&id).await.unwrap_err().code, Code::ReconnectNeeded);
    assert_eq!(world.grapnel.connection(&id).unwrap().tokens.unwrap().renewals, 2);
}

#[tokio::test]
async fn many_who_need_a_new_token_at_once_cause_one_renewal() {
    let world = World::new();
    let id = world.connect().await;
    world.pass(SignedDuration::from_hours(2));
    let asks = (0..32).map(|_| {
        let (grapnel, id) = (world.grapnel.clone(), id.clone());
        tokio::spawn(async move { grapnel.token_to_copy(&id).await.unwrap().expose_secret().to_owned() })
    });
    let mut tokens = Vec::new();
    for ask in asks.collect::<Vec<_>>() {
        tokens.push(ask.await.unwrap());
    }
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
    assert_eq!(world.sandbox.grigora_grants().issued().access_tokens, 2);
}

#[tokio::test]
async fn a_refusal_asks_for_a_new_sign_in_and_deletes_nothing() {
    let world = World::new();
    let id = world.connect().await;
    world.sandbox.faults().set(Endpoint::TokenRefresh, Fault::InvalidGrant, 1).unwrap();
    assert_eq!(world.grapnel.refresh(&id).await.unwrap_err().code, Code::ReconnectNeeded);
    let details = world.grapnel.connection(&id).unwrap();
    assert_eq!(details.summary.state, State::ReconnectNeeded);
    assert!(details.tokens.is_some());
    insta::assert_json_snapshot!(details.trouble);
    // The provider may have been wrong: asking again is allowed, and mends it.
    world.grapnel.refresh(&id).await.unwrap();
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Active);
}

#[tokio::test]
async fn a_lost_answer_is_told_as_what_it_is() {
    let world = World::new();
    let id = world.connect().await;
    world.sandbox.faults().set(Endpoint::TokenRefresh, Fault::LostReply, 1).unwrap();
    assert_eq!(world.grapnel.refresh(&id).await.unwrap_err().code, Code::AnswerLost);
    let details = world.grapnel.connection(&id).unwrap();
    assert_eq!(details.summary.state, State::Active, "the access token is still good");
    insta::assert_json_snapshot!(details.trouble.map(|mut error| {
        error.message = error.message.split(':').next().unwrap().to_owned();
        error
    }));
    // The provider rotated, so that the next try is refused.
    assert_eq!(world.grapnel.refresh(&id).await.unwrap_err().code, Code::ReconnectNeeded);
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_break_off_a_rotation() {
    let world = World::new();
    let id = world.connect().await;
    let slow = Fault::Slow(std::time::Duration::from_millis(300));
    world.sandbox.faults().set(Endpoint::TokenRefresh, slow, 1).unwrap();
    let mut events = world.grapnel.events();
    let before = world.grapnel.connection(&id).unwrap().tokens.unwrap();
    let given_up =
        tokio::time::timeout(std::time::Duration::from_millis(50), world.grapnel.refresh(&id)).await;
    assert!(given_up.is_err());
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Renewing);
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
    world.grapnel.disconnect(&id).unwrap();
    let details = world.grapnel.connection(&id).unwrap();
    assert_eq!(details.summary.state, State::Disconnected);
    assert!(details.tokens.is_none());
    assert!(world.grapnel.activity(Some(&id)).unwrap().len() >= 2);
    assert_eq!(world.grapnel.refresh(&id).await.unwrap_err().code, Code::ReconnectNeeded);
    assert_eq!(world.grapnel.projects(&id).await.unwrap_err().code, Code::ReconnectNeeded);
}
