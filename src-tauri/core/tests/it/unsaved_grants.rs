//! New tokens that cannot be stored: no other process refreshes meanwhile, and they are stored as soon as possible.

use grapnel_model::connection::State;
use grapnel_model::error::Code;

use crate::support::keep_alive::keep_alive;
use crate::support::world::World;

#[tokio::test]
async fn unsaved_grants_are_reported_and_stored_automatically() {
    let world = World::new();
    let id = world.connect().await;
    world.refresh_unsaved(&id).await;
    let details = world.grapnel.connection(&id).unwrap();
    assert_eq!(details.summary.state, State::Retrying);
    assert!(details.error.unwrap().meaning.unwrap().contains("held in memory"));

    let mut events = world.grapnel.events();
    let _keeper = keep_alive(&world);
    while world.grapnel.connection(&id).unwrap().summary.state != State::Active {
        events.recv().await.unwrap();
    }
    let details = world.grapnel.connection(&id).unwrap();
    assert_eq!((details.error, details.tokens.unwrap().refresh_count), (None, 1));
    assert_eq!(world.tokens_given(), 2);
}

/// With the old refresh token, another process would be refused, and report the connection as lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_waits_for_unsaved_grants() {
    let world = World::new();
    let id = world.connect().await;
    world.refresh_unsaved(&id).await;
    let other = world.second_start();
    let mut events = other.events();
    let asks = tokio::spawn({
        let (other, id) = (other.clone(), id.clone());
        async move { other.refresh(&id).await }
    });
    // The refresh has started and not finished.
    events.recv().await.unwrap();
    assert_eq!(other.connection(&id).unwrap().summary.state, State::Refreshing);
    world.grapnel.refresh(&id).await.unwrap();
    asks.await.unwrap().unwrap();
    assert_eq!(world.tokens_given(), 2, "the other one has what the first one wrote");
    assert_eq!(other.connection(&id).unwrap().tokens.unwrap().refresh_count, 1);
    other.refresh(&id).await.unwrap();
    assert!(world.sandbox.departures().is_empty(), "{:?}", world.sandbox.departures().all());
}

#[tokio::test]
async fn a_process_stores_unsaved_grants_before_it_ends() {
    let mut world = World::new();
    let id = world.connect().await;
    world.refresh_unsaved(&id).await;
    world.grapnel.idle().await;
    world.start_again();
    let details = world.grapnel.connection(&id).unwrap();
    assert_eq!((details.error, details.tokens.unwrap().refresh_count), (None, 1));
    world.grapnel.refresh(&id).await.unwrap();
    assert_eq!(world.tokens_given(), 3);
}

/// If the first process ends before it could store them, they are lost, and that is reported.
#[tokio::test]
async fn unsaved_grants_lost_with_their_process_are_reported() {
    let mut world = World::new();
    let id = world.connect().await;
    world.refresh_unsaved(&id).await;
    world.start_again();
    assert_eq!(world.grapnel.connection(&id).unwrap().error.unwrap().code, Code::AnswerLost);
    let refused = world.grapnel.refresh(&id).await.unwrap_err();
    assert_eq!(refused.code, Code::ReconnectNeeded);
    assert!(refused.meaning.unwrap().contains("did not arrive"));
}
