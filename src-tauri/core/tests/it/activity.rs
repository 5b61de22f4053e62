//! The activity: bounded, searchable, and not flushed out by what happens each second.

use grapnel_core::activity::{Asker, Entry, Kind};
use jiff::SignedDuration;

use crate::world::World;

fn asker(name: &str, pid: u32) -> Asker {
    Asker { name: Some(name.into()), pid }
}

fn handed_out(entries: &[Entry]) -> Vec<(&str, u32)> {
    let all = entries.iter().filter(|entry| entry.kind == Kind::TokenHandedOut);
    all.map(|entry| (entry.text.as_str(), entry.times)).collect()
}

#[tokio::test]
async fn who_asks_each_second_leaves_one_entry_an_hour() {
    let world = World::new();
    let id = world.connect().await;
    let before = world.grapnel.activity(None, None).unwrap().len();
    for second in 0..120 {
        world.grapnel.token_handed_out(&id, &asker("bash", 100 + second)).unwrap();
        world.clock.advance(SignedDuration::from_secs(1));
    }
    world.grapnel.token_handed_out(&id, &asker("cron\u{1b}[2J", 7)).unwrap();
    let entries = world.grapnel.activity(Some(&id), None).unwrap();
    assert_eq!(
        handed_out(&entries),
        [("Access token handed to cron[2J (pid 7).", 1), ("Access token handed to bash (pid 219).", 120)]
    );
    let bash = entries.iter().find(|entry| entry.times == 120).unwrap();
    let span = bash.at.duration_until(bash.last_at.unwrap());
    assert!((119..125).contains(&span.as_secs()), "{span}");
    world.clock.advance(SignedDuration::from_hours(1));
    world.grapnel.token_handed_out(&id, &asker("bash", 5)).unwrap();
    assert_eq!(handed_out(&world.grapnel.activity(Some(&id), None).unwrap()).len(), 3);
    assert_eq!(world.grapnel.activity(None, None).unwrap().len(), before + 3);
}

#[tokio::test]
async fn it_is_searched_by_what_was_said_and_by_name() {
    let world = World::new();
    let id = world.connect().await;
    world.grapnel.refresh(&id).await.unwrap();
    let found = |text: &str| {
        let entries = world.grapnel.activity(None, Some(text)).unwrap();
        entries.into_iter().map(|entry| entry.text).collect::<Vec<_>>()
    };
    assert_eq!(found("renew"), ["Renewed because you asked."]);
    assert_eq!(found("ACME").len(), 4, "its app, its sign-in and its renewal");
    for nothing in ["%", "_enewed", "\\", "'; DROP TABLE activity; --"] {
        assert_eq!(found(nothing), [""; 0], "{nothing}");
    }
    assert_eq!(found("  ").len(), 4, "no search at all");
}

#[tokio::test]
async fn the_oldest_go_beyond_ten_thousand() {
    let world = World::new();
    let id = world.connect().await;
    let database = rusqlite::Connection::open(world.home.path().join("grapnel.db")).unwrap();
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
        INSERT INTO activity (at, kind, text) SELECT '2026-01-01T00:00:00.000000Z', '\"renewed\"', 'old' FROM n";
    database.execute(many, []).unwrap();
    world.grapnel.token_copied(&id).unwrap();
    let kept: u32 = database.query_row("SELECT count(*) FROM activity", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 10_000);
    assert_eq!(world.grapnel.activity(Some(&id), None).unwrap()[0].kind, Kind::TokenCopied);
}
