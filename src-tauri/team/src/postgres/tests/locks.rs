//! The lock of a record: who has it, and when it becomes free.

use super::*;

#[tokio::test]
async fn one_machine_at_a_time_has_the_lock() {
    let (server, ada) = team().await;
    let other = again(&ada, &server.tcp_url());
    let id = share(&ada, "client site").await;
    let held = lock(&ada, &id).await;
    assert!(held.is_held());
    held.verify().await.unwrap();
    // Neither another session nor this one gets it a second time.
    for team in [&other, &ada] {
        let late = team.store().lock(&id, None, Duration::from_millis(300)).await;
        assert!(matches!(late, Err(TeamError::LockTimedOut)), "{late:?}");
    }
    let waiting = tokio::spawn(async move {
        let held = lock(&other, &id).await;
        held.release().await.unwrap();
    });
    held.release().await.unwrap();
    tokio::time::timeout(PATIENCE, waiting).await.unwrap().unwrap();
}

#[tokio::test]
async fn who_waits_is_told_of_a_newer_version() {
    let (server, ada) = team().await;
    let other = again(&ada, &server.tcp_url());
    let id = share(&ada, "client site").await;
    let held = lock(&ada, &id).await;
    assert_eq!(write(&ada, &id, 1, b"second").await, Written::Stored);
    let told = other.store().lock(&id, Some(1), BOUND).await.unwrap();
    assert!(matches!(told, Locking::Newer(2)), "{told:?}");
    drop(held);
    lock(&other, &id).await.release().await.unwrap();
}

#[tokio::test]
async fn a_begun_refresh_is_marked_once() {
    let (server, ada) = team().await;
    let other = again(&ada, &server.tcp_url());
    let id = share(&ada, "client site").await;
    let (mine, theirs) = (MachineId::random(), MachineId::random());
    let held = lock(&ada, &id).await;
    assert_eq!(held.begin(1, None, &mine).await.unwrap(), Began::Marked);
    assert_eq!(held.begin(1, None, &mine).await.unwrap(), Began::Changed);
    held.release().await.unwrap();
    let begun = other.read(&id, SeenRecord::default()).await.unwrap().unwrap().begun.unwrap();
    assert_eq!(begun.machine, mine);
    assert!(begun.age < BOUND);
    let held = lock(&other, &id).await;
    assert_eq!(held.begin(2, Some(&mine), &theirs).await.unwrap(), Began::Changed);
    assert_eq!(held.begin(1, Some(&mine), &theirs).await.unwrap(), Began::Marked);
    held.unbegin(1, &mine).await.unwrap();
    assert!(other.read(&id, SeenRecord::default()).await.unwrap().unwrap().begun.is_some());
    assert_eq!(write(&other, &id, 1, b"second").await, Written::Stored);
    assert_eq!(other.read(&id, SeenRecord::default()).await.unwrap().unwrap().begun, None);
}

#[tokio::test]
async fn a_killed_session_frees_its_lock_and_cannot_begin() {
    let (server, ada) = team().await;
    let other = again(&ada, &server.tcp_url());
    let id = share(&ada, "client site").await;
    let held = lock(&ada, &id).await;
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'").unwrap();
    lock(&other, &id).await.release().await.unwrap();
    let begun = held.begin(1, None, &MachineId::random()).await;
    assert!(matches!(begun, Err(TeamError::LockLost | TeamError::Unreachable { .. })), "{begun:?}");
    assert!(!held.is_held());
    assert_eq!(held.release().await, Err(TeamError::LockLost));
    // The next call opens a new session.
    assert_eq!(ada.read(&id, SeenRecord::default()).await.unwrap().unwrap().version, 1);
}

#[tokio::test]
async fn a_cut_connection_frees_its_lock() {
    let (server, ada) = team().await;
    let proxy = Proxy::start(server.port()).await.unwrap();
    let away = again(&ada, &server.url_at("127.0.0.1", proxy.port(), ""));
    let id = share(&ada, "client site").await;
    let held = lock(&away, &id).await;
    proxy.block();
    let since = Instant::now();
    lock(&ada, &id).await.release().await.unwrap();
    assert!(since.elapsed() < BOUND);
    assert!(held.begin(1, None, &MachineId::random()).await.is_err());
    assert!(!held.is_held());
    assert!(away.read(&id, SeenRecord::default()).await.unwrap_err().is_unreachable());
    proxy.resume();
    assert!(away.read(&id, SeenRecord::default()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_holder_that_fell_silent_loses_its_lock_within_the_bound() {
    let (server, ada) = team().await;
    let proxy = Proxy::start(server.port()).await.unwrap();
    let away = again(&ada, &server.url_at("127.0.0.1", proxy.port(), ""));
    let id = share(&ada, "client site").await;
    let _held = lock(&away, &id).await;
    proxy.freeze();
    let since = Instant::now();
    lock(&ada, &id).await.release().await.unwrap();
    assert!(since.elapsed() < BOUND, "{:?}", since.elapsed());
}

#[tokio::test]
async fn only_a_session_that_holds_a_lock_must_show_that_it_lives() {
    let (server, ada) = team().await;
    let other = again(&ada, &server.tcp_url());
    let id = share(&ada, "client site").await;
    // Whether the limit was set last, or lifted.
    let is_limited = || {
        let log = server.log().unwrap();
        let set = log.lines().filter(|line| line.contains("$2 = '15000'")).count();
        (set, log.matches("$1 = '0'").count())
    };
    let held = lock(&ada, &id).await;
    assert_eq!(is_limited(), (1, 0));
    held.release().await.unwrap();
    assert_eq!(is_limited(), (1, 1));
    assert_eq!(other.store().list().await.unwrap().len(), 1);
}
