//! Two processes with the same data directory: each is notified of the other's writes.

use grapnel_core::app::NewApp;
use grapnel_model::activity::RequestingProcess;
use grapnel_model::event::Event;

use crate::support::world::World;

fn called(world: &World, name: &str) -> NewApp {
    NewApp { name: name.into(), ..world.new_app() }
}

#[tokio::test]
async fn events_report_exactly_the_other_processs_changes() {
    let world = World::new();
    let (one, quiet) = (world.connect().await, world.connect_another().await);
    let other = world.second_start();
    drop(world.grapnel.idle().await);
    world.grapnel.follow_others().unwrap();
    let mut events = world.grapnel.events();
    other.add_app(called(&world, "Theirs")).await.unwrap();
    assert_eq!(events.recv().await.unwrap(), Event::Apps);
    assert_eq!(events.recv().await.unwrap(), Event::Activity);
    assert_eq!(world.grapnel.apps().unwrap().len(), 2);

    other.refresh(&one).await.unwrap();
    // It stores the start of the refresh, and its result.
    while world.grapnel.connection(&one).unwrap().tokens.unwrap().refresh_count == 0 {
        let event = events.recv().await.unwrap();
        assert!(matches!(event, Event::Activity) || event == Event::Connection(one.clone()), "{event:?}");
    }
    assert_eq!(world.grapnel.connection(&quiet).unwrap().tokens.unwrap().refresh_count, 0);
}

#[tokio::test]
async fn a_connection_deleted_by_another_process_is_reported() {
    let world = World::new();
    let one = world.connect().await;
    let other = world.second_start();
    other.disconnect(&one).await.unwrap();
    drop(world.grapnel.idle().await);
    world.grapnel.follow_others().unwrap();
    let mut events = world.grapnel.events();
    other.forget(&one).await.unwrap();
    while events.recv().await.unwrap() != Event::Connection(one.clone()) {}
    assert!(world.grapnel.summaries(&[one]).unwrap().is_empty());
}

#[tokio::test]
async fn handing_out_a_token_reloads_only_the_activity() {
    let world = World::new();
    let one = world.connect().await;
    let other = world.second_start();
    drop(world.grapnel.idle().await);
    world.grapnel.follow_others().unwrap();
    let mut events = world.grapnel.events();
    other
        .token_handed_out(
            &other.connection(&one).unwrap().summary,
            &RequestingProcess { program: None, pid: 7 },
        )
        .unwrap();
    assert_eq!(events.recv().await.unwrap(), Event::Activity);
}
