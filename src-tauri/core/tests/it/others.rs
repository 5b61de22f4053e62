//! Two programs on one data directory: one hears what the other writes, and does not hear itself twice.

use grapnel_core::app::NewApp;
use grapnel_core::event::Event;

use crate::world::World;

fn called(world: &World, name: &str) -> NewApp {
    NewApp { name: name.into(), ..world.new_app() }
}

#[tokio::test]
async fn what_another_program_writes_is_told() {
    let world = World::new();
    let other = world.second_start();
    world.grapnel.follow_others().unwrap();
    let mut events = world.grapnel.events();
    world.grapnel.add_app(called(&world, "Ours")).await.unwrap();
    assert_eq!(events.recv().await.unwrap(), Event::Apps);

    other.add_app(called(&world, "Theirs")).await.unwrap();
    assert_eq!(events.recv().await.unwrap(), Event::Elsewhere, "and nothing of what this program wrote");
    assert_eq!(world.grapnel.apps().unwrap().len(), 2);
}
