//! Rows that nobody should have written, locked rows, lost answers, and floods.

use super::*;

/// A role that may alter the tables removes the checks that bound what the others read.
fn drop_checks(server: &Server) {
    let sql = "DO $$ DECLARE c pg_constraint; BEGIN FOR c IN SELECT * FROM pg_constraint WHERE contype = 'c' \
        AND connamespace = 'grapnel_team_test'::regnamespace LOOP \
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.conrelid::regclass, c.conname); END LOOP; END $$";
    server.sql(sql).unwrap();
}

fn is_forged<T>(result: &Result<T, TeamError>) -> bool {
    matches!(result, Err(TeamError::Forged { .. }))
}

/// Text of SQL for so many bytes.
fn bytes(length: usize) -> String {
    format!("convert_to(repeat('x', {length}), 'UTF8')")
}

#[tokio::test]
async fn no_row_ends_the_process_that_reads_it() {
    let (server, ada) = team().await;
    let id = share(&ada, "client site").await;
    drop_checks(&server);
    let table = "grapnel_team_test.record";
    let spoilt = [
        (
            format!("UPDATE {table} SET updated_at = 'infinity'"),
            format!("UPDATE {table} SET updated_at = now()"),
        ),
        (
            format!("ALTER TABLE {table} ALTER app DROP NOT NULL; UPDATE {table} SET app = NULL"),
            format!("UPDATE {table} SET app = ''"),
        ),
        (format!("ALTER TABLE {table} ALTER version TYPE text"), String::new()),
    ];
    for (spoil, mend) in spoilt {
        server.sql(&spoil).unwrap();
        let read = ada.read(&id, SeenRecord::default()).await;
        assert!(is_forged(&read), "{spoil}: {read:?}");
        if !mend.is_empty() {
            server.sql(&mend).unwrap();
        }
    }
    server.sql("ALTER TABLE grapnel_team_test.team ALTER generation TYPE text").unwrap();
    assert!(is_forged(&ada.reload().await));
}

#[tokio::test]
async fn no_role_stores_what_is_too_long_or_out_of_range() {
    let (server, ada) = team().await;
    let id = share(&ada, "client site").await;
    ada.add_activity(&id, b"shared", 3).await.unwrap();
    let refused = [
        "record SET updated_at = 'infinity'".to_owned(),
        "record SET begun_at = 'infinity'".to_owned(),
        "record SET version = 9223372036854775807".to_owned(),
        "record SET generation = 0".to_owned(),
        "record SET begun_by = repeat('x', 65)".to_owned(),
        "record SET write_id = repeat('x', 65)".to_owned(),
        format!("record SET tokens = {}", bytes((1 << 20) + 1)),
        format!("record SET app = {}", bytes((1 << 20) + 1)),
        format!("member SET keys = {}", bytes(4097)),
        format!("team SET document = {}", bytes(4_259_841)),
        format!("activity SET entry = {}", bytes(8193)),
        "activity SET at = '-infinity'".to_owned(),
    ];
    for change in refused {
        let error = server.sql(&format!("UPDATE grapnel_team_test.{change}")).unwrap_err().to_string();
        assert!(error.contains("violates check constraint"), "{change}: {error}");
    }
    let accepted = [
        format!("record SET tokens = {}", bytes(1 << 20)),
        format!("member SET keys = {}", bytes(4096)),
        format!("activity SET entry = {}", bytes(8192)),
    ];
    for change in accepted {
        server.sql(&format!("UPDATE grapnel_team_test.{change}")).unwrap();
    }
}

#[tokio::test]
async fn what_is_longer_than_permitted_is_not_read() {
    let (server, ada) = team().await;
    let id = share(&ada, "client site").await;
    ada.add_activity(&id, b"shared", 3).await.unwrap();
    drop_checks(&server);
    server.sql(&format!("UPDATE grapnel_team_test.activity SET entry = {}", bytes(8193))).unwrap();
    assert!(is_forged(&ada.store().activity(&id, 3).await));
    server.sql(&format!("UPDATE grapnel_team_test.record SET tokens = {}", bytes((1 << 20) + 1))).unwrap();
    assert!(is_forged(&ada.store().read(&id).await));
    server.sql(&format!("UPDATE grapnel_team_test.member SET keys = {}", bytes(4097))).unwrap();
    assert!(is_forged(&ada.store().member_keys(ada.member_id()).await));
    server.sql(&format!("UPDATE grapnel_team_test.team SET document = {}", bytes(4_259_841))).unwrap();
    assert!(is_forged(&ada.store().team().await));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_meets_locked_rows_is_repeated() {
    let (server, ada) = team().await;
    let id = share(&ada, "client site").await;
    let (holder, _task) = session::connect_plain(&url(&server.socket_url())).await.unwrap();
    holder.batch_execute("BEGIN; SELECT 1 FROM grapnel_team_test.record FOR UPDATE").await.unwrap();
    let other = again(&ada, &server.tcp_url());
    let writing = tokio::spawn(async move { write(&other, &id, 1, b"second").await });
    while !server.log().unwrap().contains("canceling statement due to lock timeout") {
        tokio::task::yield_now().await;
    }
    holder.batch_execute("COMMIT").await.unwrap();
    assert_eq!(tokio::time::timeout(PATIENCE, writing).await.unwrap().unwrap(), Written::Stored);
}

/// The answer to the change of the membership gets lost, with the change done or not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_is_made_if_its_member_was_added_although_the_answer_was_lost() {
    let (server, ada) = team().await;
    // The change waits for the lock 42.
    let hold = "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        PERFORM pg_advisory_xact_lock(42); RETURN NULL; END $$; CREATE TRIGGER hold AFTER UPDATE ON \
        grapnel_team_test.team FOR EACH ROW EXECUTE FUNCTION hold()";
    server.sql(hold).unwrap();
    let (holder, _task) = session::connect_plain(&url(&server.socket_url())).await.unwrap();
    holder.batch_execute("SELECT pg_advisory_lock(42)").await.unwrap();
    let proxy = Proxy::start(server.port()).await.unwrap();
    let ada = again(&ada, &server.url_at("127.0.0.1", proxy.port(), ""));
    ada.membership().await.unwrap();
    let key = Invited::PublicKey(Identity::generate().public_key());
    let lost = async {
        let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
        while server.sql(waiting).unwrap() != "1" {
            tokio::task::yield_now().await;
        }
        proxy.freeze();
        holder.batch_execute("SELECT pg_advisory_unlock(42)").await.unwrap();
        while server.sql("SELECT count(*) FROM grapnel_team_test.member").unwrap() != "2" {
            tokio::task::yield_now().await;
        }
        proxy.cut();
        proxy.resume();
    };
    let (invited, ()) = tokio::join!(ada.invite("Ben", Role::Member, &key, None), lost);
    invited.unwrap();
    assert!(ada.membership().await.unwrap().member_named("Ben").is_some());

    // Not done, since the session ended before: nobody can know that in general.
    let fatal = "CREATE OR REPLACE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        PERFORM pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid()); \
        PERFORM pg_catalog.pg_sleep(1); RETURN NULL; END $$";
    server.sql(fatal).unwrap();
    let key = Invited::PublicKey(Identity::generate().public_key());
    let unknown = ada.invite("Eve", Role::Member, &key, None).await.unwrap_err();
    assert_eq!(unknown, TeamError::Unconfirmed);
    assert!(ada.reload().await.unwrap().member_named("Eve").is_none());
}

#[tokio::test]
async fn a_change_that_could_not_be_sent_is_not_unconfirmed() {
    let (server, ada) = team().await;
    let row = ada.store().team().await.unwrap();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let away = again(&ada, &server.url_at("127.0.0.1", nobody, ""));
    let unsent = away.store().change_membership(&row, &[], &[]).await.unwrap_err();
    assert!(matches!(unsent, TeamError::Unreachable { .. }), "{unsent:?}");
}

#[tokio::test]
async fn a_rotation_that_collides_is_tried_again() {
    let (server, ada) = team().await;
    let worker = joined(&ada, "ci", Role::Worker, &server.tcp_url()).await;
    let id = share(&ada, "client site").await;
    let collide = "CREATE SEQUENCE tries; CREATE FUNCTION collide() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        CASE nextval('public.tries') WHEN 1 THEN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; \
        WHEN 2 THEN RAISE EXCEPTION 'x' USING ERRCODE = '55P03'; ELSE RETURN NEW; END CASE; END $$; \
        CREATE TRIGGER collide BEFORE UPDATE ON grapnel_team_test.team FOR EACH ROW EXECUTE FUNCTION collide()";
    server.sql(collide).unwrap();
    assert_eq!(ada.remove(worker.member_id()).await.unwrap().unreadable, 0);
    assert_eq!(server.sql("SELECT last_value FROM tries").unwrap(), "3");
    assert!(ada.read(&id, SeenRecord::default()).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removal_whose_confirmation_was_lost_is_told_as_it_is() {
    let (server, ada) = team().await;
    let worker = joined(&ada, "ci", Role::Worker, &server.tcp_url()).await;
    let proxy = Proxy::start(server.port()).await.unwrap();
    let away = again(&ada, &server.url_at("127.0.0.1", proxy.port(), ""));
    // Committing waits for the lock 42.
    let hold = "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        PERFORM pg_advisory_xact_lock(42); RETURN NULL; END $$; \
        CREATE CONSTRAINT TRIGGER hold AFTER UPDATE ON grapnel_team_test.team DEFERRABLE INITIALLY DEFERRED \
        FOR EACH ROW EXECUTE FUNCTION hold()";
    server.sql(hold).unwrap();
    let (holder, _task) = session::connect_plain(&url(&server.socket_url())).await.unwrap();
    holder.batch_execute("SELECT pg_advisory_lock(42)").await.unwrap();
    let member = worker.member_id().clone();
    let removing = tokio::spawn(async move {
        let removal = away.remove(&member).await;
        (away, removal)
    });
    let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    while server.sql(waiting).unwrap() != "1" {
        tokio::task::yield_now().await;
    }
    proxy.cut();
    // The second attempt waits for the end of the first.
    while server.log().unwrap().matches("team FOR UPDATE").count() < 2 {
        tokio::task::yield_now().await;
    }
    holder.batch_execute("SELECT pg_advisory_unlock(42)").await.unwrap();
    let (away, removal) = tokio::time::timeout(PATIENCE, removing).await.unwrap().unwrap();
    assert_eq!(removal.unwrap().removed.name, "ci");
    let membership = away.reload().await.unwrap();
    assert_eq!((membership.generation, membership.members.len()), (2, 1), "the keys were changed once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn activity_that_is_added_meanwhile_stops_no_rotation() {
    let (server, ada) = team().await;
    let id = share(&ada, "client site").await;
    let other = again(&ada, &server.tcp_url());
    let adding = tokio::spawn(async move {
        loop {
            // After a rotation it is sealed with older keys, which the readers leave out.
            let _ = other.add_activity(&id, b"refreshed", 3).await;
        }
    });
    for name in ["one", "two", "three"] {
        let worker = joined(&ada, name, Role::Worker, &server.tcp_url()).await;
        assert_eq!(ada.remove(worker.member_id()).await.unwrap().removed.name, name);
    }
    adding.abort();
    assert!(!server.log().unwrap().contains("deadlock detected"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_notifications_makes_no_loop_of_queries() {
    let (server, ada) = team().await;
    let other = again(&ada, &server.tcp_url());
    let id = share(&ada, "client site").await;
    let held = lock(&ada, &id).await;
    let (noisy, _task) = session::connect_plain(&url(&server.socket_url())).await.unwrap();
    let notify = format!("NOTIFY grapnel_team_test, 'u {id}'");
    let flood = tokio::spawn(async move { while noisy.batch_execute(&notify).await.is_ok() {} });
    let late = other.store().lock(&id, None, Duration::from_secs(1)).await;
    flood.abort();
    assert!(matches!(late, Err(TeamError::LockTimedOut)), "{late:?}");
    held.release().await.unwrap();
    let log = server.log().unwrap();
    let (sent, attempts) = (log.matches("NOTIFY").count(), log.matches("pg_try_advisory_lock").count());
    assert!(sent > 100 && attempts < 30, "{attempts} attempts at {sent} notifications");
}

#[tokio::test]
async fn no_notification_counts_as_the_end_of_the_session() {
    let (server, ada) = team().await;
    let id = share(&ada, "client site").await;
    let mut changes = ada.store().watch().await.unwrap();
    server.sql("NOTIFY grapnel_team_test, 'lost'").unwrap();
    assert_eq!(write(&ada, &id, 1, b"second").await, Written::Stored);
    let next = tokio::time::timeout(PATIENCE, changes.recv()).await.unwrap().unwrap();
    assert_eq!(next, Change::Written(id, 2));
}

#[tokio::test]
async fn waiting_for_a_lock_ends_at_its_deadline_also_without_an_answer() {
    let (server, ada) = team().await;
    let proxy = Proxy::start(server.port()).await.unwrap();
    let away = again(&ada, &server.url_at("127.0.0.1", proxy.port(), ""));
    let id = share(&ada, "client site").await;
    proxy.freeze();
    let since = Instant::now();
    let locked = away.store().lock(&id, None, Duration::from_millis(1500)).await;
    assert!(matches!(locked, Err(TeamError::Unreachable { .. })), "{locked:?}");
    assert!(since.elapsed() < Duration::from_secs(4), "{:?}", since.elapsed());
}
