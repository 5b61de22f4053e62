//! The activity log: limited in size, searchable, and not displaced by frequent events.

use grapnel_model::activity::{Entry, Kind, RequestingProcess};
use jiff::SignedDuration;

use crate::support::world::World;

fn asker(program: &str, pid: u32) -> RequestingProcess {
    RequestingProcess { program: Some(program.into()), pid }
}

fn handed_out(entries: &[Entry]) -> Vec<(&str, u32)> {
    let all = entries.iter().filter(|entry| entry.kind == Kind::TokenHandedOut);
    all.map(|entry| (entry.text.as_str(), entry.times)).collect()
}

#[tokio::test]
async fn frequent_token_requests_leave_one_entry_an_hour() {
    let world = World::new();
    let id = world.connect().await;
    let before = world.grapnel.activity(None, None).unwrap().len();
    for second in 0..120 {
        world
            .grapnel
            .token_handed_out(
                &world.grapnel.connection(&id).unwrap().summary,
                &asker("/bin/bash", 100 + second),
            )
            .unwrap();
        world.clock.advance(SignedDuration::from_secs(1));
    }
    world
        .grapnel
        .token_handed_out(
            &world.grapnel.connection(&id).unwrap().summary,
            &asker("/bin/cron\u{1b}[2J\u{202e}", 7),
        )
        .unwrap();
    let entries = world.grapnel.activity(Some(&id), None).unwrap();
    assert_eq!(
        handed_out(&entries),
        [
            ("Access token handed to /bin/cron [2J (pid 7).", 1),
            ("Access token handed to /bin/bash (pid 219).", 120)
        ]
    );
    let bash = entries.iter().find(|entry| entry.times == 120).unwrap();
    let span = bash.at.duration_until(bash.last_at.unwrap());
    assert!((119..125).contains(&span.as_secs()), "{span}");
    world.clock.advance(SignedDuration::from_hours(1));
    world
        .grapnel
        .token_handed_out(&world.grapnel.connection(&id).unwrap().summary, &asker("/bin/bash", 5))
        .unwrap();
    assert_eq!(handed_out(&world.grapnel.activity(Some(&id), None).unwrap()).len(), 3);
    assert_eq!(world.grapnel.activity(None, None).unwrap().len(), before + 3);
}

#[tokio::test]
async fn it_is_searched_by_text_and_by_name() {
    let world = World::new();
    let id = world.connect().await;
    world.grapnel.refresh(&id).await.unwrap();
    let found = |text: &str| {
        let entries = world.grapnel.activity(None, Some(text)).unwrap();
        entries.into_iter().map(|entry| entry.text).collect::<Vec<_>>()
    };
    assert_eq!(found("refreshed because"), ["Refreshed because you asked."]);
    assert_eq!(found("ACME").len(), 4, "its app, its sign-in and its refresh");
    for nothing in ["%", "_enewed", "\\", "'; DROP TABLE activity; --"] {
        assert_eq!(found(nothing), [""; 0], "{nothing}");
    }
    assert_eq!(found("  ").len(), 4, "no search at all");
}

#[tokio::test]
async fn entries_beyond_ten_thousand_are_deleted() {
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

/// A program that asks under thousands of names displaces neither this connection's entries nor another's.
#[tokio::test]
async fn a_program_with_many_names_is_summed_up_and_displaces_nothing() {
    let world = World::new();
    let id = world.connect().await;
    let other = world.connect_another().await;
    world
        .grapnel
        .token_handed_out(&world.grapnel.connection(&other).unwrap().summary, &asker("/bin/bash", 1))
        .unwrap();
    let before = world.grapnel.activity(None, None).unwrap();
    for number in 0..2_500 {
        world
            .grapnel
            .token_handed_out(
                &world.grapnel.connection(&id).unwrap().summary,
                &asker(&format!("/tmp/{number}"), number),
            )
            .unwrap();
    }
    let handed = world.grapnel.activity(Some(&id), Some("handed")).unwrap();
    assert_eq!(handed.len(), 201);
    assert_eq!(handed.iter().map(|entry| entry.times).sum::<u32>(), 2_500);
    assert!(handed[200].text.contains("not listed one by one"), "{}", handed[200].text);
    let after = world.grapnel.activity(None, None).unwrap();
    assert!(before.iter().all(|entry| after.contains(entry)), "something was displaced");
}

/// Entries that others cause are limited separately from the person's.
#[tokio::test]
async fn entries_caused_by_others_displace_only_their_own_kind() {
    let world = World::new();
    let id = world.connect().await;
    world.grapnel.token_copied(&id).unwrap();
    let database = rusqlite::Connection::open(world.home.path().join("grapnel.db")).unwrap();
    for kind in ["callback_refused", "renewal_failed", "answer_lost", "token_handed_out"] {
        let many = format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
            INSERT INTO activity (at, kind, text) SELECT '2026-01-01T00:00:00.000000Z', '\"{kind}\"', 'old' FROM n");
        database.execute(&many, []).unwrap();
    }
    let callback = "dev.grapnel.desktop:/oauth/callback?code=1&state=unknown";
    world.grapnel.receive_callback(&callback.into()).await.unwrap_err();
    world.grapnel.token_copied(&id).unwrap();
    let count = |kind: &str| -> u32 {
        let counted = "SELECT count(*) FROM activity WHERE kind = ?1";
        database.query_row(counted, [format!("\"{kind}\"")], |row| row.get(0)).unwrap()
    };
    assert_eq!(count("callback_refused"), 2_000);
    assert_eq!(count("token_copied"), 2, "neither is displaced");
    assert_eq!(count("signed_in"), 1);
}
