//! Many connections. If many are due at once, no provider gets more than a few concurrent requests, and none waits for
//! another provider. In lists, the first entries are available without the others.

use std::collections::BTreeMap;
use std::sync::Arc;

use grapnel_core::Grapnel;
use grapnel_core::app::{App, NewApp};
use grapnel_core::authorize::SignInRequest;
use grapnel_model::connection::State;
use grapnel_model::event::Event;
use grapnel_model::secret::ExposeSecret;
use jiff::SignedDuration;

use crate::support::clock::TestClock;
use crate::support::counting_token_endpoint::Counting;
use crate::support::world::TestKeyring;

/// The limit that the architecture page states.
const AT_ONCE: usize = 4;
const IN_BACKGROUND: usize = 3;

async fn app(grapnel: &Grapnel, name: &str, at: &Counting) -> App {
    let overrides = [("authorize_url", "/authorize"), ("token_url", "/token")]
        .map(|(key, path)| (key.to_owned(), format!("{}{path}", at.url)));
    let new = NewApp {
        name: name.into(),
        provider: "custom".into(),
        client_id: "client".into(),
        client_secret: None,
        redirect: String::new(),
        scopes: Vec::new(),
        projects: Vec::new(),
        overrides: BTreeMap::from(overrides),
        ..NewApp::default()
    };
    grapnel.add_app(new).await.unwrap()
}

/// Signs in with a provider that grants everything.
async fn connect(grapnel: &Grapnel, app: &App) {
    let attempt = grapnel.start_attempt(&app.id, &SignInRequest::default()).await.unwrap();
    let link = grapnel.attempt_link(&attempt.id).await.unwrap();
    let link = url::Url::parse(link.expose_secret()).unwrap();
    let (_, state) = link.query_pairs().find(|(name, _)| name == "state").unwrap();
    let callback = format!("{}?code=c&state={state}", attempt.redirect_uri);
    grapnel.receive_callback(&callback.into()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_due_connections_are_refreshed_a_few_at_a_time_per_provider() {
    let (home, clock) = (tempfile::tempdir().unwrap(), Arc::new(TestClock::default()));
    let grapnel = Grapnel::with(home.path(), Arc::new(TestKeyring::default()), clock.clone()).unwrap();
    let (one, other) = (Counting::start().await, Counting::start().await);
    let (busy, quiet) = (app(&grapnel, "Busy", &one).await, app(&grapnel, "Quiet", &other).await);
    for _ in 0..150 {
        connect(&grapnel, &busy).await;
    }
    for _ in 0..10 {
        connect(&grapnel, &quiet).await;
    }
    // The first provider does not respond, and all its due connections wait.
    one.open(false);
    let mut events = grapnel.events();
    clock.advance(SignedDuration::from_hours(1));
    let kept = grapnel.clone();
    let keeper = tokio::spawn(async move { kept.keep_alive().await });
    one.reached(IN_BACKGROUND).await;
    // The other provider does not wait for that.
    let is_refreshed = |name: &str| {
        let all = grapnel.connections().unwrap();
        all.iter().filter(|one| one.app_name == name).all(|one| one.state == State::Active)
    };
    while !is_refreshed("Quiet") {
        events.recv().await.unwrap();
    }
    // Nor does a person, whose connection is far behind in the queue.
    let all = grapnel.connections().unwrap();
    let asked =
        all.iter().rfind(|one| one.app_name == "Busy" && one.state == State::Expired).unwrap().id.clone();
    let (person, asks) = (grapnel.clone(), asked.clone());
    let person = tokio::spawn(async move { person.refresh(&asks).await });
    one.reached(AT_ONCE).await;
    let locks = open_locks(home.path());
    // Each request in progress holds its own lock, and the shared lock of the vault; so does the history's writer.
    assert!(locks <= 2 * AT_ONCE + 1, "{locks} lock files are open");
    one.open(true);
    person.await.unwrap().unwrap();
    while !is_refreshed("Busy") {
        let happened = events.recv().await;
        assert!(!matches!(happened, Ok(Event::CallbackRefused(_))));
    }
    keeper.abort();
    assert_eq!((one.all(), other.all()), (300, 20), "each was refreshed once");
    assert!(one.most() <= AT_ONCE && other.most() <= AT_ONCE, "{} and {} at once", one.most(), other.most());
}

#[tokio::test]
async fn the_first_connections_of_each_provider_are_returned_first() {
    let home = tempfile::tempdir().unwrap();
    let keyring = Arc::new(TestKeyring::default());
    let grapnel = Grapnel::with(home.path(), keyring, Arc::new(TestClock::default())).unwrap();
    let (one, mut other) = (Counting::start().await, Counting::start().await);
    other.url = other.url.replace("127.0.0.1", "localhost");
    let (some, few) = (app(&grapnel, "Some", &one).await, app(&grapnel, "Few", &other).await);
    for _ in 0..5 {
        connect(&grapnel, &some).await;
    }
    connect(&grapnel, &few).await;
    let all = grapnel.connections().unwrap();
    let (first, has_more) = grapnel.first_connections(3).unwrap();
    let of_some: Vec<_> = all.iter().filter(|one| one.app_id == some.id).take(3).collect();
    assert_eq!(first.iter().filter(|one| one.app_id == some.id).collect::<Vec<_>>(), of_some);
    assert_eq!((first.len(), has_more), (4, true));
    assert_eq!(grapnel.first_connections(5).unwrap(), (all, false));
}

/// The number of lock files that this process has open.
fn open_locks(home: &std::path::Path) -> usize {
    let locks = home.canonicalize().unwrap().join("locks");
    let open = std::fs::read_dir("/proc/self/fd").map(|fds| {
        let paths = fds.filter_map(|fd| std::fs::read_link(fd.ok()?.path()).ok());
        paths.filter(|path| path.starts_with(&locks)).count()
    });
    open.unwrap_or_default()
}
