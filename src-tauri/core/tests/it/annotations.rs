//! Renaming a connection, and what a person notes about it.

use grapnel_model::activity::Kind;
use grapnel_model::annotations::{Annotations, ConnectionEdit};
use grapnel_model::error::Code;
use grapnel_model::id::ConnectionId;

use crate::support::world::World;

fn named(name: &str) -> ConnectionEdit {
    ConnectionEdit { name: Some(name.into()), ..ConnectionEdit::default() }
}

fn labelled(label: &str) -> ConnectionEdit {
    ConnectionEdit { label: Some(label.into()), ..ConnectionEdit::default() }
}

fn noted(note: &str) -> ConnectionEdit {
    ConnectionEdit { note: Some(note.into()), ..ConnectionEdit::default() }
}

fn of(world: &World, id: &ConnectionId) -> (String, Annotations) {
    let summary = world.grapnel.connection(id).unwrap().summary;
    (summary.name, summary.annotations)
}

#[tokio::test]
async fn a_connection_is_renamed_and_keeps_its_tokens() {
    let world = World::new();
    let id = world.connect().await;
    let (before, _) = of(&world, &id);
    let tokens = world.grapnel.connection(&id).unwrap().tokens;
    world.grapnel.edit_connection(&id, &named(" Harbour desk ")).unwrap();
    assert_eq!(of(&world, &id).0, "Harbour desk");
    assert_eq!(world.grapnel.connection(&id).unwrap().tokens, tokens);
    assert_eq!(world.second_start().connection_named("harbour DESK").unwrap().unwrap().id, id);
    let entries = world.grapnel.activity(Some(&id), None).unwrap();
    let renamed: Vec<_> = entries.iter().filter(|entry| entry.kind == Kind::Renamed).collect();
    assert_eq!(renamed.len(), 1);
    assert_eq!(renamed[0].text, format!("Renamed from “{before}” to “Harbour desk”."));
    // The same name in another case is its own.
    world.grapnel.edit_connection(&id, &named("HARBOUR desk")).unwrap();
    assert_eq!(of(&world, &id).0, "HARBOUR desk");
}

#[tokio::test]
async fn a_name_that_is_taken_empty_or_invisible_changes_nothing() {
    let world = World::new();
    let (one, other) = (world.connect().await, world.connect_another().await);
    let before = of(&world, &one);
    let taken = of(&world, &other).0.to_uppercase();
    let long = "x".repeat(5000);
    for name in [taken.as_str(), " ", "a\u{202e}b", "a\nb", &long] {
        let edit = ConnectionEdit { pinned: Some(true), ..named(name) };
        let error = world.grapnel.edit_connection(&one, &edit).unwrap_err();
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some("name")), "{name:?}");
        assert_eq!(error.meaning.as_deref(), Some("Nothing was changed."));
        assert_eq!(of(&world, &one), before);
    }
    let gone = world.grapnel.edit_connection(&ConnectionId("gone".into()), &named("x")).unwrap_err();
    assert_eq!(gone.code, Code::NotFound);
}

#[tokio::test]
async fn label_note_and_pin_are_stored_cleaned_and_changed_one_by_one() {
    let world = World::new();
    let (one, other) = (world.connect().await, world.connect_another().await);
    world.grapnel.edit_connection(&one, &labelled(" Harbour ")).unwrap();
    world.grapnel.edit_connection(&one, &noted("first\r\nsecond\u{1b}[2J \u{202e}third\n\n")).unwrap();
    world
        .grapnel
        .edit_connection(&one, &ConnectionEdit { pinned: Some(true), ..ConnectionEdit::default() })
        .unwrap();
    let expected = Annotations {
        label: Some("Harbour".into()),
        note: "first\nsecond [2J third".into(),
        pinned: true,
        position: None,
    };
    assert_eq!(of(&world, &one).1, expected);
    assert_eq!(world.second_start().connection(&one).unwrap().summary.annotations, expected);
    // Labels that differ only in case are one.
    world.grapnel.edit_connection(&other, &labelled("HARBOUR")).unwrap();
    assert_eq!(of(&world, &other).1.label.as_deref(), Some("Harbour"));
    world.grapnel.edit_connection(&one, &labelled("")).unwrap();
    world.grapnel.edit_connection(&one, &noted("")).unwrap();
    assert_eq!(of(&world, &one).1, Annotations { pinned: true, ..Annotations::default() });

    let long = (labelled(&"x".repeat(41)), noted(&"x".repeat(4001)));
    for (edit, field) in [(long.0, "label"), (labelled("a\tb"), "label"), (long.1, "note")] {
        let error = world.grapnel.edit_connection(&one, &edit).unwrap_err();
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some(field)));
    }
}

#[tokio::test]
async fn annotations_outlive_refresh_disconnect_and_reconnect() {
    let world = World::new();
    let id = world.connect().await;
    let edit =
        ConnectionEdit { label: Some("Harbour".into()), pinned: Some(true), ..noted("ask Ines first") };
    world.grapnel.edit_connection(&id, &edit).unwrap();
    let expected = of(&world, &id);
    world.grapnel.refresh(&id).await.unwrap();
    assert_eq!(of(&world, &id), expected);
    world.grapnel.disconnect(&id).await.unwrap();
    assert_eq!(of(&world, &id), expected);
}

#[tokio::test]
async fn a_person_s_own_order_is_kept_until_it_is_by_name_again() {
    let world = World::new();
    let ids = [world.connect().await, world.connect_another().await, world.connect_another().await];
    for (id, name) in ids.iter().zip(["Client 10", "Client 2", "Client 1"]) {
        world.grapnel.edit_connection(id, &named(name)).unwrap();
    }
    let first = |world: &World| -> Vec<String> {
        let (first, _) = world.grapnel.first_connections(10).unwrap();
        first.into_iter().map(|one| one.name).collect()
    };
    assert_eq!(first(&world), ["Client 1", "Client 2", "Client 10"]);
    let own = [ids[1].clone(), ids[0].clone()];
    world.grapnel.arrange_connections(&own, false).unwrap();
    assert_eq!(first(&world), ["Client 2", "Client 10", "Client 1"]);
    let pinned = ConnectionEdit { pinned: Some(true), ..ConnectionEdit::default() };
    world.grapnel.edit_connection(&ids[2], &pinned).unwrap();
    assert_eq!(first(&world), ["Client 1", "Client 2", "Client 10"]);
    let place = |id: &ConnectionId| of(&world, id).1.position;
    assert_eq!([place(&ids[1]), place(&ids[0]), place(&ids[2])], [Some(0), Some(1), None]);
    world.grapnel.arrange_connections(&own, true).unwrap();
    assert_eq!([place(&ids[1]), place(&ids[0])], [None, None]);
    // What is listed first is what a short first page shows.
    assert_eq!(world.grapnel.first_connections(1).unwrap().0[0].name, "Client 1");
}
