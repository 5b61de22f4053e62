//! A world for one test: its own sandbox, data directory, keyring and clock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use grapnel_core::Grapnel;
use grapnel_core::app::{App, NewApp};
use grapnel_core::authorize::SignInRequest;
use grapnel_core::{Keyring, KeyringSignal};
use grapnel_model::attempt::Attempt;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::{AttemptId, ConnectionId};
use grapnel_model::secret::{ExposeSecret, SecretInput, SecretString};
use grapnel_sandbox::{Consent, Endpoint, Fault, Options, ProviderId, Registration, Sandbox, grovestreams};
use jiff::SignedDuration;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::support::clock::TestClock;

/// A program that exists on this system.
pub(crate) const PROGRAM: &str = if cfg!(windows) { "cmd" } else { "sh" };
/// The command of a browser, as far as its program exists.
pub(crate) const BROWSER: &str = if cfg!(windows) { "cmd -P work" } else { "sh -P work" };
/// The client secret at a provider where clients choose their own.
const OWN_SECRET: &str = "a-secret-of-our-own";

pub(crate) struct World {
    pub(crate) provider: ProviderId,
    pub(crate) sandbox: Sandbox,
    pub(crate) home: TempDir,
    pub(crate) keyring: Arc<TestKeyring>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) grapnel: Grapnel,
    pub(crate) browser: reqwest::Client,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::of(ProviderId::Grigora)
    }

    /// A world with one provider.
    pub(crate) fn of(provider: ProviderId) -> Self {
        Self::with(Options::only(provider))
    }

    pub(crate) fn with(options: Options) -> Self {
        let provider = options.providers[0];
        let sandbox =
            Sandbox::start(Options { consent: Consent::Authorize, reveal: true, ..options }).unwrap();
        let home = tempfile::tempdir().unwrap();
        let (keyring, clock) = (Arc::new(TestKeyring::default()), Arc::new(TestClock::default()));
        let grapnel = Grapnel::with(home.path(), keyring.clone(), clock.clone()).unwrap();
        let nowhere = reqwest::redirect::Policy::none();
        let browser = reqwest::Client::builder().redirect(nowhere).no_proxy().build().unwrap();
        Self { provider, sandbox, home, keyring, clock, grapnel, browser }
    }

    /// Restarts the program.
    pub(crate) fn start_again(&mut self) {
        let elsewhere = tempfile::tempdir().unwrap();
        self.grapnel = Grapnel::with(elsewhere.path(), self.keyring.clone(), self.clock.clone()).unwrap();
        self.clock = Arc::new(self.clock.at_start());
        self.grapnel = Grapnel::with(self.home.path(), self.keyring.clone(), self.clock.clone()).unwrap();
    }

    /// Starts a second process with the same data.
    pub(crate) fn second_start(&self) -> Grapnel {
        Grapnel::with(self.home.path(), self.keyring.clone(), Arc::new(self.clock.at_start())).unwrap()
    }

    /// The app that is registered at the provider, with the sandbox's endpoints.
    pub(crate) fn new_app(&self) -> NewApp {
        let Registration { client_id, client_secret, mut addresses } =
            self.sandbox.registration(self.provider);
        // At this provider, clients choose both.
        let own = (self.provider == ProviderId::GroveStreams).then_some(("greenhouse", Some(OWN_SECRET)));
        let (client_id, client_secret) = own.unwrap_or((client_id, client_secret));
        if self.provider == ProviderId::Custom {
            // Tests set them if they need them.
            addresses.clear();
        }
        NewApp {
            name: "Acme".into(),
            provider: self.provider.to_string().replace('-', ""),
            client_id: client_id.into(),
            client_secret: client_secret.map(|secret| SecretInput(secret.into())),
            redirect: grapnel_model::provider::DEEP_LINK.into(),
            scopes: Vec::new(),
            projects: Vec::new(),
            overrides: addresses.into_iter().map(|(key, address)| (key.to_owned(), address)).collect(),
            ..NewApp::default()
        }
    }

    /// The secret of that app; for a public client, the secret it would have.
    pub(crate) fn client_secret(&self) -> &str {
        self.sandbox.registration(self.provider).client_secret.unwrap_or(OWN_SECRET)
    }

    pub(crate) async fn add_app(&self) -> App {
        self.grapnel.add_app(self.new_app()).await.unwrap()
    }

    /// Starts an attempt, and returns it with the provider's callback.
    pub(crate) async fn attempt(&self) -> (Attempt, SecretString) {
        let app = match self.grapnel.apps().unwrap().pop() {
            Some(app) => app,
            None => self.add_app().await,
        };
        let attempt = self.grapnel.start_attempt(&app.id, &SignInRequest::default()).await.unwrap();
        let callback = self.visit(&attempt.id).await;
        (attempt, callback)
    }

    /// Opens an attempt's authorization URL as a browser would, and returns the callback.
    pub(crate) async fn visit(&self, id: &AttemptId) -> SecretString {
        let link = self.grapnel.attempt_link(id).await.unwrap();
        let origin = self.sandbox.url(self.provider).unwrap();
        // If the parameters are in the fragment, the page's script moves them to a query.
        let mut address = match link.expose_secret().split_once("#signinoauth/?") {
            Some((_, parameters)) => format!("{origin}{}?{parameters}", grovestreams::SIGN_IN_PATH),
            None => link.expose_secret().to_owned(),
        };
        while address.starts_with(origin) {
            let reply = self.browser.get(&address).send().await.unwrap();
            let Some(location) = reply.headers().get("location") else {
                panic!("{address} does not redirect: {}", reply.text().await.unwrap())
            };
            let base = url::Url::parse(&address).unwrap();
            address = base.join(location.to_str().unwrap()).unwrap().into();
        }
        address.into()
    }

    /// Creates a connection.
    pub(crate) async fn connect(&self) -> ConnectionId {
        let (_, callback) = self.attempt().await;
        self.grapnel.receive_callback(&callback).await.unwrap();
        self.grapnel.connections().unwrap().pop().unwrap().id
    }

    /// Creates a second connection of the same app.
    pub(crate) async fn connect_another(&self) -> ConnectionId {
        let before = self.grapnel.connections().unwrap();
        let (_, callback) = self.attempt().await;
        self.grapnel.receive_callback(&callback).await.unwrap();
        let now = self.grapnel.connections().unwrap().into_iter();
        now.map(|one| one.id).find(|id| before.iter().all(|one| one.id != *id)).unwrap()
    }

    /// Lets time pass at the provider and here.
    pub(crate) fn pass(&self, time: SignedDuration) {
        self.sandbox.clock().advance(time.try_into().unwrap());
        self.clock.advance(time);
    }

    /// Lets time pass while this computer is suspended.
    pub(crate) fn sleep(&self, time: SignedDuration) {
        self.sandbox.clock().advance(time.try_into().unwrap());
        self.clock.sleep(time);
    }

    /// Refreshes while the database cannot be written: the provider rotates, and the only copy of the new tokens is in
    /// memory.
    pub(crate) async fn refresh_unsaved(&self, id: &ConnectionId) {
        let database = rusqlite::Connection::open(self.home.path().join("grapnel.db")).unwrap();
        let refuse = "CREATE TRIGGER refuse BEFORE UPDATE OF sealed_access ON connection
            BEGIN SELECT RAISE(ABORT, 'no room'); END";
        database.execute_batch(refuse).unwrap();
        let error = self.grapnel.refresh(id).await.unwrap_err();
        assert!(error.meaning.unwrap().contains("held in memory"));
        database.execute_batch("DROP TRIGGER refuse").unwrap();
    }

    /// Disconnects after the provider has issued new tokens and before they arrive. Returns the refresh.
    pub(crate) async fn disconnect_while_refreshing(&self, id: &ConnectionId) -> JoinHandle<Result<()>> {
        let slow = Fault::Slow(Duration::from_millis(500));
        self.sandbox.faults().set(Endpoint::TokenRefresh, slow, 1).unwrap();
        let (before, grapnel, refreshed) = (self.tokens_given(), self.grapnel.clone(), id.clone());
        let refresh = tokio::spawn(async move { grapnel.refresh(&refreshed).await });
        while self.tokens_given() == before {
            tokio::task::yield_now().await;
        }
        self.grapnel.disconnect(id).await.unwrap();
        refresh
    }

    /// How often the provider has issued tokens.
    pub(crate) fn tokens_given(&self) -> usize {
        self.sandbox.grants(self.provider).issued().access_tokens
    }
}

/// Waits for the event with the end of an attempt.
pub(crate) async fn end_of(
    events: &mut tokio::sync::broadcast::Receiver<Event>,
    id: &AttemptId,
) -> Box<Attempt> {
    loop {
        if let Event::Attempt(attempt) = events.recv().await.unwrap()
            && attempt.id == *id
            && attempt.phase.is_over()
        {
            return attempt;
        }
    }
}

/// A keyring in memory that fails on request.
#[derive(Default)]
pub(crate) struct TestKeyring {
    keys: Mutex<HashMap<String, Vec<u8>>>,
    failure: Mutex<Option<Code>>,
    keeps: Mutex<bool>,
    sign: Arc<tokio::sync::Notify>,
    closed: tokio::sync::watch::Sender<bool>,
    asked: Mutex<u32>,
}

impl TestKeyring {
    /// Signals that it may be available again.
    pub(crate) fn give_sign(&self) {
        self.closed.send_replace(false);
        self.sign.notify_one();
    }

    /// Signals that it is no longer available.
    #[cfg(target_os = "linux")]
    pub(crate) fn close(&self) {
        self.closed.send_replace(true);
    }

    /// How often it was asked for a key.
    pub(crate) fn asked(&self) -> u32 {
        *self.asked.lock().unwrap()
    }

    /// Sets whether removing keys fails.
    pub(crate) fn keep(&self, keeps: bool) {
        *self.keeps.lock().unwrap() = keeps;
    }

    pub(crate) fn fail(&self, code: impl Into<Option<Code>>) {
        *self.failure.lock().unwrap() = code.into();
    }

    pub(crate) fn keys(&self) -> std::sync::MutexGuard<'_, HashMap<String, Vec<u8>>> {
        self.keys.lock().unwrap()
    }

    fn works(&self) -> Result<()> {
        self.failure.lock().unwrap().map_or(Ok(()), |code| Err(Error::new(code, "The keyring failed.")))
    }
}

impl Keyring for TestKeyring {
    fn may_answer(&self, _: u32) -> KeyringSignal {
        let sign = Arc::clone(&self.sign);
        Box::pin(async move { sign.notified().await })
    }

    fn opened(&self) -> KeyringSignal {
        let mut closed = self.closed.subscribe();
        Box::pin(async move { drop(closed.wait_for(|closed| !closed).await) })
    }

    fn closed(&self) -> KeyringSignal {
        let mut closed = self.closed.subscribe();
        Box::pin(async move { drop(closed.wait_for(|closed| *closed).await) })
    }

    fn get(&self, name: &str) -> Result<Option<Vec<u8>>> {
        *self.asked.lock().unwrap() += 1;
        self.works()?;
        Ok(self.keys().get(name).cloned())
    }

    fn set(&self, name: &str, key: &[u8]) -> Result<()> {
        self.works()?;
        self.keys().insert(name.into(), key.into());
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.works()?;
        if *self.keeps.lock().unwrap() {
            return Err(Error::new(Code::KeyringLocked, "The keyring failed."));
        }
        self.keys().remove(name);
        Ok(())
    }
}

/// A request to reconnect a connection.
pub(crate) fn again(id: &ConnectionId) -> SignInRequest {
    SignInRequest { again: Some(id.clone()), ..SignInRequest::default() }
}
