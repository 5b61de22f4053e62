//! Records: reading, writing, and what of them is refused.

use super::*;

#[tokio::test]
async fn a_shared_record_is_read_on_another_machine() {
    let (server, ada) = team().await;
    let ben = joined(&ada, "Ben", Role::Member, &server.tcp_url()).await;
    let id = share(&ada, "client site").await;
    let found = ben.find("client site").await.unwrap().unwrap();
    assert_eq!(
        (found.id.clone(), found.version, &found.tokens[..]),
        (id.clone(), 1, &b"secret-access-token"[..])
    );
    assert_eq!(found.app.unwrap().as_slice(), b"secret-of-the-client");
    assert!(ben.find("another").await.unwrap().is_none());

    let first = read(&ada, &id).await;
    assert_eq!(write(&ben, &id, 1, b"second").await, Written::Stored);
    assert_eq!(write_after(&ada, &first, b"late").await, Written::Superseded(2));
    let read = ada.read(&id, SeenRecord { version: 1, ..first.seen() }).await.unwrap().unwrap();
    assert_eq!((read.version, &read.tokens[..]), (2, &b"second"[..]));

    for number in 0..5_u8 {
        ben.add_activity(&id, &[number], 3).await.unwrap();
    }
    let entries: Vec<_> =
        ada.activity(&id, 10).await.unwrap().into_iter().map(|entry| entry.entry.to_vec()).collect();
    assert_eq!(entries, [[4], [3], [2]]);

    assert_eq!(ben.delete(&id).await, Err(TeamError::NotOwner));
    assert!(ada.delete(&id).await.unwrap());
    let gone = ben.read(&id, SeenRecord { version: 2, ..first.seen() }).await;
    assert!(matches!(gone, Err(TeamError::Vanished { .. })));
}

#[tokio::test]
async fn a_write_is_repeated_without_effect() {
    let (server, ada) = team().await;
    let (id, write_id) = (RecordId::random(), WriteId::random());
    let definition = Definition { name: "a", content: b"d" };
    let new = Update {
        id: &id,
        replaces: None,
        write_id: &write_id,
        tokens: b"1",
        definition: Some(definition),
        app: Some(b"x"),
    };
    assert_eq!(ada.write(&new).await.unwrap(), Written::Stored);
    assert_eq!(ada.write(&new).await.unwrap(), Written::Stored);
    let (before, write_id) = (read(&ada, &id).await, WriteId::random());
    let next = Update {
        replaces: Some(&before),
        write_id: &write_id,
        tokens: b"2",
        definition: None,
        app: None,
        ..new
    };
    assert_eq!(ada.write(&next).await.unwrap(), Written::Stored);
    assert_eq!(ada.write(&next).await.unwrap(), Written::Stored);
    let with_all = Update { definition: Some(definition), app: Some(b"x"), ..next.clone() };
    assert_eq!(ada.write(&with_all).await.unwrap(), Written::Stored);
    // Also after a rotation.
    let worker = joined(&ada, "ci", Role::Worker, &server.tcp_url()).await;
    ada.remove(worker.member_id()).await.unwrap();
    assert_eq!(ada.write(&next).await.unwrap(), Written::Stored);
    let now = read(&ada, &id).await;
    assert_eq!((now.version, now.definition_counter), (2, 1));
    // Another record of the same name.
    let other = RecordId::random();
    assert_eq!(insert(&ada, &other, "a").await, Written::Superseded(2));
    server.sql("DELETE FROM grapnel_team_test.record").unwrap();
    assert_eq!(write_after(&ada, &now, b"x").await, Written::Missing);
}

#[tokio::test]
async fn a_definition_is_replaced_with_its_name_and_its_app() {
    let (server, ada) = team().await;
    let worker = joined(&ada, "ci", Role::Worker, &server.tcp_url()).await;
    let id = share(&ada, "client site").await;
    let before = read(&ada, &id).await;
    let update = Update {
        id: &id,
        replaces: Some(&before),
        write_id: &WriteId::random(),
        tokens: b"tokens",
        definition: Some(Definition { name: "renamed", content: b"elsewhere" }),
        app: None,
    };
    assert_eq!(worker.write(&update).await, Err(TeamError::NotOwner));
    assert_eq!(ada.write(&update).await.unwrap(), Written::Stored);
    assert!(worker.find("client site").await.unwrap().is_none());
    let found = worker.find("renamed").await.unwrap().unwrap();
    assert_eq!((&found.definition[..], found.definition_counter), (&b"elsewhere"[..], 2));
    assert!(found.is_by_owner);
    // Its old name is free at once.
    share(&ada, "client site").await;
    let app = read(&ada, &id).await.app.unwrap();
    assert_eq!(app.as_slice(), b"secret-of-the-client");
}

#[tokio::test]
async fn a_record_with_the_tag_of_another_name_prevents_no_removal() {
    let (server, ada) = team().await;
    let worker = joined(&ada, "ci", Role::Worker, &server.tcp_url()).await;
    let (one, two) = (share(&ada, "one").await, share(&ada, "two").await);
    let moved = format!(
        "DELETE FROM grapnel_team_test.record WHERE id = '{two}'; \
         UPDATE grapnel_team_test.record SET lookup = decode(repeat('07', 32), 'hex') WHERE id = '{one}'"
    );
    server.sql(&moved).unwrap();
    assert_eq!(insert(&ada, &two, "one").await, Written::Stored);
    let removal = ada.remove(worker.member_id()).await.unwrap();
    assert_eq!(removal.unreadable, 1);
    assert_eq!(ada.find("one").await.unwrap().unwrap().id, two);
    let unusable = ada.read(&one, SeenRecord::default()).await;
    assert!(matches!(unusable, Err(TeamError::RolledBack { .. })), "{unusable:?}");
}

#[tokio::test]
async fn a_watch_tells_of_writes_and_of_a_lost_session() {
    let (mut server, ada) = team().await;
    let other = again(&ada, &server.tcp_url());
    let id = share(&ada, "client site").await;
    let mut changes = other.store().watch().await.unwrap();
    let mut next = async || tokio::time::timeout(PATIENCE, changes.recv()).await.unwrap().unwrap();
    assert_eq!(write(&ada, &id, 1, b"second").await, Written::Stored);
    assert_eq!(next().await, Change::Written(id.clone(), 2));
    ada.invite("Ben", Role::Worker, &Invited::Worker, None).await.unwrap();
    assert_eq!(next().await, Change::Membership);
    server.stop(Stop::Immediate).unwrap();
    assert_eq!(next().await, Change::Lost);
    assert!(other.read(&id, SeenRecord::default()).await.unwrap_err().is_unreachable());
    server.resume().unwrap();
    assert_eq!(next().await, Change::Missed);
    let listed = other.store().list().await.unwrap();
    assert_eq!((listed[0].version, listed.len()), (2, 1));
    assert!(ada.delete(&id).await.unwrap());
    assert_eq!(next().await, Change::Deleted(id));
    assert!(other.store().list().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_database_restored_from_an_older_backup_is_noticed() {
    let (server, ada) = team().await;
    let id = share(&ada, "client site").await;
    server.sql("CREATE TABLE backup AS SELECT * FROM grapnel_team_test.record").unwrap();
    server.sql("CREATE TABLE old_team AS SELECT * FROM grapnel_team_test.team").unwrap();
    assert_eq!(write(&ada, &id, 1, b"second").await, Written::Stored);
    joined(&ada, "Ben", Role::Member, &server.tcp_url()).await;
    let restore = "UPDATE grapnel_team_test.record AS now SET version = old.version, tokens = old.tokens, \
        write_id = old.write_id FROM backup AS old";
    server.sql(restore).unwrap();
    let read = ada.read(&id, SeenRecord { version: 2, ..SeenRecord::default() }).await;
    assert!(matches!(read, Err(TeamError::RolledBack { .. })), "{read:?}");
    let restore = "UPDATE grapnel_team_test.team AS now SET version = old.version, document = old.document \
        FROM old_team AS old";
    server.sql(restore).unwrap();
    assert!(matches!(ada.reload().await, Err(TeamError::TeamRolledBack { .. })));
}

#[tokio::test]
async fn swapped_records_and_foreign_members_are_refused() {
    let (server, ada) = team().await;
    let (one, two) = (share(&ada, "one").await, share(&ada, "two").await);
    let swap = format!(
        "UPDATE grapnel_team_test.record AS a SET (tokens, definition, app) = (b.tokens, b.definition, b.app) \
         FROM grapnel_team_test.record AS b WHERE a.id = '{one}' AND b.id = '{two}'"
    );
    server.sql(&swap).unwrap();
    assert!(matches!(ada.read(&one, SeenRecord::default()).await, Err(TeamError::Forged { .. })));
    let swap = format!(
        "UPDATE grapnel_team_test.record SET lookup = decode(repeat('00', 32), 'hex') WHERE id = '{one}'; \
         UPDATE grapnel_team_test.record SET lookup = decode('{}', 'hex') WHERE id = '{two}'",
        server
            .sql(&format!("SELECT encode(lookup, 'hex') FROM grapnel_team_test.record WHERE id = '{one}'"))
            .unwrap()
    );
    server.sql(&swap).unwrap();
    assert!(matches!(ada.find("one").await, Err(TeamError::Forged { .. })));
    // Keys that the operator encrypts for a member are not the team's.
    let foreign = again(&ada, &server.tcp_url());
    let own =
        crate::TeamKeys::random(1).wrap(ada.id(), &ada.identity().public_key().recipient, true).unwrap();
    let own = grapnel_model::secret::hex(&own);
    server.sql(&format!("UPDATE grapnel_team_test.member SET keys = '\\x{own}'")).unwrap();
    assert!(matches!(foreign.reload().await, Err(TeamError::Forged { .. })));
}
