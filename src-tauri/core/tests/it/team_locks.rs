//! The locks of a shared refresh: what happens if one is lost, if another computer keeps one for long, and if the
//! program ends meanwhile.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use grapnel_core::Grapnel;
use grapnel_model::connection::State;
use grapnel_model::error::Code;
use grapnel_model::id::ConnectionId;
use grapnel_sandbox::{Endpoint, Fault};
use grapnel_test_database::{Proxy, Way};
use jiff::SignedDuration;
use tracing::field::{Field, Visit};
use tracing::span;

use crate::support::team::{TOKEN_LIFETIME, TeamWorld};

/// Far longer than what is tested takes, and shorter than the grace for a lost machine.
const PATIENCE: Duration = Duration::from_secs(25);

type Act = Box<dyn FnOnce() + Send>;

/// Does something when a refresh in this thread reaches a named point for the first time, and counts the points.
#[derive(Clone, Default)]
struct AtPoint {
    act: Arc<Mutex<Option<(&'static str, Act)>>>,
    locks: Arc<AtomicUsize>,
}

impl AtPoint {
    fn new(point: &'static str, act: impl FnOnce() + Send + 'static) -> Self {
        Self { act: Arc::new(Mutex::new(Some((point, Box::new(act))))), ..Self::default() }
    }

    /// How often the team's lock was taken.
    fn locks(&self) -> usize {
        self.locks.load(Ordering::SeqCst)
    }
}

impl tracing::Subscriber for AtPoint {
    fn enabled(&self, about: &tracing::Metadata<'_>) -> bool {
        about.target() == "grapnel_core::point"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut point = Message(String::new());
        event.record(&mut point);
        if point.0 == "after-team-lock" {
            self.locks.fetch_add(1, Ordering::SeqCst);
        }
        let due = self.act.lock().unwrap().take_if(|(at, _)| *at == point.0);
        if let Some((_, act)) = due {
            act();
        }
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

/// Lets other tasks run until this holds.
async fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disconnect_that_waits_for_another_computer_does_not_stop_the_program_from_ending() {
    let team = TeamWorld::new().await;
    let ada = &team.world.grapnel;
    let other = team.join("Grace", grapnel_model::team::TeamRole::Member).await;
    team.world.pass(TOKEN_LIFETIME);
    let slow = Fault::Slow(Duration::from_secs(2));
    team.world.sandbox.faults().set(Endpoint::TokenRefresh, slow, 1).unwrap();
    let before = team.world.sandbox.token_requests(team.world.provider).all;
    let (theirs, ()) = tokio::join!(other.grapnel.refresh(&team.connection), async {
        until(|| team.world.sandbox.token_requests(team.world.provider).all > before).await;
        // Grace's computer has the team's lock.
        let both = async { tokio::join!(ada.disconnect(&team.connection), async { drop(ada.idle().await) }) };
        let (disconnected, ()) =
            Box::pin(tokio::time::timeout(PATIENCE, both)).await.expect("both wait for each other");
        disconnected.unwrap();
    });
    theirs.unwrap();
    other.grapnel.sync_team(&team.team).await.unwrap();
    for grapnel in [ada, &other.grapnel] {
        assert_eq!(team.details(grapnel).summary.state, State::Disconnected);
    }
}

#[tokio::test]
async fn a_computer_that_was_suspended_before_its_request_sends_none_without_the_lock() {
    let team = TeamWorld::new().await;
    let ada = &team.world.grapnel;
    team.world.pass(TOKEN_LIFETIME);
    let before = team.world.tokens_given();
    let (clock, url, schema) = (Arc::clone(&team.world.clock), team.database.socket_url(), team.schema());
    let at = AtPoint::new("before-mark", move || {
        clock.sleep(SignedDuration::from_mins(1));
        let taken_over = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() \
             AND backend_type = 'client backend'; \
             UPDATE {schema}.record SET begun_at = now(), begun_by = 'another'"
        );
        // Another thread than that of the test has no part of its database.
        let done = Command::new("psql").args(["-X", "-q", &url, "-c", &taken_over]).status();
        assert!(done.unwrap().success());
    });
    let _guard = tracing::subscriber::set_default(at.clone());
    let asked = async {
        let token = team.token(ada).await;
        assert!(at.locks() >= 3, "the other computer was not waited for");
        token
    };
    let ends = async {
        // It has taken the lock again, twice, and found the refresh of the other one.
        until(|| at.locks() >= 3).await;
        assert_eq!(team.world.tokens_given(), before, "a request was sent beside the other computer’s");
        let schema = team.schema();
        let taken_back = format!("UPDATE {schema}.record SET begun_at = NULL, begun_by = NULL");
        team.database.sql(&taken_back).unwrap();
    };
    tokio::time::timeout(PATIENCE, async { tokio::join!(asked, ends) }).await.unwrap();
    assert_eq!(team.world.tokens_given(), before + 1);
    assert!(team.world.sandbox.departures().is_empty(), "{:?}", team.world.sandbox.departures().all());
}

#[tokio::test]
async fn a_mark_whose_answer_was_lost_is_taken_back() {
    let team = TeamWorld::new().await;
    let proxy = Arc::new(Proxy::start(team.database.port()).await.unwrap());
    let url = team.database.url_at("127.0.0.1", proxy.port(), "");
    let other = team.join_by("Grace", url).await;
    team.world.pass(TOKEN_LIFETIME);
    let before = team.world.tokens_given();
    let cut = Arc::clone(&proxy);
    let at = AtPoint::new("before-team-mark", move || cut.cut_after(Way::Back, 3));
    let guard = tracing::subscriber::set_default(at);
    let error = other.grapnel.refresh(&team.connection).await.unwrap_err();
    drop(guard);
    assert_eq!((error.code, team.world.tokens_given()), (Code::TeamUnreachable, before));
    let marked = format!("SELECT count(*) FROM {}.record WHERE begun_by IS NOT NULL", team.schema());
    assert_eq!(team.database.sql(&marked).unwrap(), "1", "the answer was lost, not the mark");
    // Nobody waits for a refresh that was not sent.
    tokio::time::timeout(PATIENCE, team.token(&team.world.grapnel)).await.unwrap();
    assert_eq!(team.world.tokens_given(), before + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_tokens_are_handed_out_while_they_are_written_to_the_team() {
    let team = TeamWorld::new().await;
    let proxy = Proxy::start(team.database.port()).await.unwrap();
    let other = team.join_by("Grace", team.database.url_at("127.0.0.1", proxy.port(), "")).await;
    team.world.pass(TOKEN_LIFETIME);
    let slow = Fault::Slow(Duration::from_millis(500));
    team.world.sandbox.faults().set(Endpoint::TokenRefresh, slow, 1).unwrap();
    let before = team.world.tokens_given();
    let began = Instant::now();
    let (token, ()) = tokio::join!(team.token(&other.grapnel), async {
        until(|| team.world.tokens_given() > before).await;
        proxy.freeze();
    });
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(other.grapnel.unwritten().unwrap(), ["Acme"]);
    proxy.resume();
    other.grapnel.teams_written().await;
    other.grapnel.sync_team(&team.team).await.unwrap();
    assert!(other.grapnel.unwritten().unwrap().is_empty());
    assert_eq!(team.token(&team.world.grapnel).await, token);
    assert_eq!(team.world.tokens_given(), before + 1);
}

/// Locks the table of the teams' activity until it is dropped, as a slow disk or an administrator may.
struct LockedActivity(Child);

impl LockedActivity {
    fn of(team: &TeamWorld) -> Self {
        let mut psql = Command::new("psql")
            .args(["-X", &team.database.socket_url()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let statement = format!("BEGIN; LOCK TABLE {}.activity;\n", team.schema());
        psql.stdin.as_mut().unwrap().write_all(statement.as_bytes()).unwrap();
        let mut lines = BufReader::new(psql.stdout.as_mut().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap() == "LOCK TABLE"), "the table is not locked");
        Self(psql)
    }
}

impl Drop for LockedActivity {
    fn drop(&mut self) {
        // At the end of its input it ends the transaction.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_activity_that_cannot_be_written_keeps_no_lock_and_no_token_back() {
    let team = TeamWorld::new().await;
    let ada = &team.world.grapnel;
    let other = team.join("Grace", grapnel_model::team::TeamRole::Member).await;
    let locked = LockedActivity::of(&team);
    let both = async {
        ada.refresh(&team.connection).await.unwrap();
        other.grapnel.refresh(&team.connection).await.unwrap();
    };
    let both = tokio::time::timeout(Duration::from_secs(10), both).await;
    both.expect("the lock is held while the activity is written");
    ada.sync_team(&team.team).await.unwrap();
    assert!(ada.unwritten().unwrap().is_empty());
    drop(locked);
    ada.teams_written().await;
    other.grapnel.teams_written().await;
}

/// More than there are slots for requests to one host.
const WAITING: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_for_another_computer_keeps_back_no_other_connection() {
    let team = TeamWorld::new().await;
    let ada = team.world.grapnel.clone();
    let own = connect(&team, &ada).await;
    let mut shared = vec![team.connection.clone()];
    while shared.len() < WAITING {
        let id = connect(&team, &ada).await;
        ada.share(&id, &team.team).await.unwrap();
        shared.push(id);
    }
    let other = team.join("Grace", grapnel_model::team::TeamRole::Member).await;
    team.world.pass(TOKEN_LIFETIME);
    // Each of Grace's requests takes long; she has the locks of as many connections as she has slots.
    let slow = Fault::Slow(Duration::from_secs(6));
    let count = u32::try_from(WAITING).unwrap();
    team.world.sandbox.faults().set(Endpoint::TokenRefresh, slow, count).unwrap();
    let before = team.world.sandbox.token_requests(team.world.provider).all;
    let theirs: Vec<_> = shared.iter().map(|id| token(&other.grapnel, id)).collect();
    let theirs = tokio::spawn(futures_util::future::join_all(theirs));
    until(|| team.world.sandbox.token_requests(team.world.provider).all >= before + 4).await;
    team.world.sandbox.faults().clear();
    let waiting: Vec<_> = shared.iter().take(4).map(|id| token(&ada, id)).collect();
    let waiting = tokio::spawn(futures_util::future::join_all(waiting));
    until(|| ada.connections().unwrap().iter().filter(|one| one.state == State::Refreshing).count() >= 4)
        .await;
    ada.refresh(&own).await.unwrap();
    assert!(!waiting.is_finished(), "the connection had to wait for another computer’s refreshes");
    waiting.await.unwrap();
    theirs.await.unwrap();
}

/// Creates a connection; returns its ID.
async fn connect(team: &TeamWorld, grapnel: &Grapnel) -> ConnectionId {
    let known: Vec<_> = grapnel.connections().unwrap().into_iter().map(|one| one.id).collect();
    team.world.connect().await;
    let now = grapnel.connections().unwrap().into_iter().map(|one| one.id);
    now.into_iter().find(|id| !known.contains(id)).unwrap()
}

fn token(grapnel: &Grapnel, id: &ConnectionId) -> impl Future<Output = ()> + Send + use<> {
    let (grapnel, id) = (grapnel.clone(), id.clone());
    async move { drop(grapnel.token(&id, Duration::ZERO).await.unwrap()) }
}
