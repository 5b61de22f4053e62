//! The setting of one test: the server, and a Grapnel with a data directory and a keyring of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use grapnel_core::Grapnel;
use grapnel_core::Keyring;
use grapnel_core::app::{App, NewApp};
use grapnel_core::authorize::SignInRequest;
use grapnel_core::clock::{Clock, Wait, WakeReason};
use grapnel_model::attempt::Attempt;
use grapnel_model::event::Event;
use grapnel_model::id::{AppId, AttemptId, ConnectionId};
use grapnel_model::provider::Overrides;
use grapnel_model::secret::SecretInput;
use grapnel_tests::wait::PATIENCE;
use grapnel_tests::{Context, Result};
use http::{StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;
use tokio::sync::watch;
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::browser::{self, Person};
use crate::server::{Client, Server};

/// The scopes for the account's claims and a refresh token.
pub(crate) const SCOPES: &str = "openid profile email offline_access";
/// OpenID Connect issues a refresh token only after a prompt for consent (Core §11).
pub(crate) const STAY: (&str, &str) = ("authorize.prompt", "consent");
/// The scopes requested for a resource.
pub(crate) const NOTES: &str = "offline_access notes:read";
/// A resource at the server whose tokens are JWTs.
pub(crate) const RESOURCE: (&str, &str) = ("authorize.resource", "http://127.0.0.1/notes");

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) grapnel: Grapnel,
    pub(crate) clock: Arc<MovingClock>,
    _home: TempDir,
}

impl World {
    pub(crate) async fn new() -> Result<Self> {
        Self::with(&[]).await
    }

    /// The same with arguments for the server.
    pub(crate) async fn with(arguments: &[&str]) -> Result<Self> {
        Self::at(Server::start(arguments).await?)
    }

    /// The same with this server.
    pub(crate) fn at(server: Server) -> Result<Self> {
        let home = tempfile::tempdir()?;
        let clock = Arc::<MovingClock>::default();
        let grapnel = Grapnel::with(home.path(), Arc::new(MemoryKeyring::default()), clock.clone())?;
        Ok(Self { server, grapnel, clock, _home: home })
    }

    /// An app as a person adds it by its issuer, with changed values.
    pub(crate) async fn add_app(&self, client: &Client, scopes: &str, own: &[(&str, &str)]) -> Result<App> {
        self.add_app_back_by("http://127.0.0.1/callback", client, scopes, own).await
    }

    /// The same with another redirect method.
    pub(crate) async fn add_app_back_by(
        &self,
        redirect: &str,
        client: &Client,
        scopes: &str,
        own: &[(&str, &str)],
    ) -> Result<App> {
        let new = NewApp { redirect: redirect.into(), ..self.new_app(client, scopes, own).await? };
        Ok(self.grapnel.add_app(new).await?)
    }

    /// The form of an app with the issuer's metadata.
    pub(crate) async fn new_app(
        &self,
        client: &Client,
        scopes: &str,
        own: &[(&str, &str)],
    ) -> Result<NewApp> {
        let mut overrides: Overrides = self.grapnel.discover(&self.server.issuer).await?.values;
        overrides.extend(own.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        Ok(NewApp {
            name: client.id.clone(),
            provider: "custom".into(),
            client_id: client.id.clone(),
            client_secret: client.secret.clone().map(|secret| SecretInput(secret.into())),
            redirect: "http://127.0.0.1/callback".into(),
            scopes: scopes.split(' ').map(str::to_owned).collect(),
            projects: Vec::new(),
            overrides,
            ..NewApp::default()
        })
    }

    /// A finished attempt through the browser and loopback.
    pub(crate) async fn attempt(&self, app: &AppId, person: Person) -> Result<Attempt> {
        self.attempt_for(app, &SignInRequest::default(), person).await
    }

    /// The same with a connection to reconnect.
    pub(crate) async fn attempt_for(
        &self,
        app: &AppId,
        wanted: &SignInRequest,
        person: Person,
    ) -> Result<Attempt> {
        let mut events = self.grapnel.events();
        let attempt = self.grapnel.start_attempt(app, wanted).await?;
        let link = self.grapnel.attempt_link(&attempt.id).await?;
        let callback = browser::visit(&self.server.issuer, &link, person).await?;
        browser::come_home(&callback).await?;
        end_of(&mut events, &attempt.id).await
    }

    /// A new connection.
    pub(crate) async fn connect(&self, app: &App) -> Result<ConnectionId> {
        let attempt = self.attempt(&app.id, Person::SignsInAndAgrees).await?;
        attempt.connection_id.with_context(|| format!("the sign-in failed: {:?}", attempt.error))
    }

    /// Sends a client's request to an endpoint of the server, without Grapnel.
    pub(crate) async fn ask(
        &self,
        client: &Client,
        path: &str,
        form: &[(&str, &str)],
    ) -> Result<(StatusCode, Value)> {
        let mut body = Serializer::new(String::new());
        body.extend_pairs(form);
        let asking = reqwest::Client::builder().no_proxy().build()?;
        let mut request = asking
            .post(format!("{}{path}", self.server.issuer))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(secret) = &client.secret {
            let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            let pair = BASE64.encode(format!("{}:{}", encoded(&client.id), encoded(secret)));
            request = request.header(header::AUTHORIZATION, format!("Basic {pair}"));
        } else {
            body.append_pair("client_id", &client.id);
        }
        let response = request.body(body.finish()).send().await?;
        Ok((response.status(), serde_json::from_str(&response.text().await?)?))
    }

    /// Whether the server reports a token as active.
    pub(crate) async fn is_active(&self, client: &Client, token: &str) -> Result<bool> {
        let (_, reply) = self.ask(client, "/token/introspection", &[("token", token)]).await?;
        reply["active"].as_bool().with_context(|| format!("not an introspection: {reply}"))
    }
}

/// How an attempt ended, according to its events.
pub(crate) async fn end_of(events: &mut Receiver<Event>, id: &AttemptId) -> Result<Attempt> {
    loop {
        let event =
            tokio::time::timeout(PATIENCE, events.recv()).await.context("the attempt does not end")??;
        if let Event::Attempt(attempt) = event
            && attempt.id == *id
            && attempt.phase.is_over()
        {
            return Ok(*attempt);
        }
    }
}

/// The system's clock, which a test can set ahead. That wakes the tasks that wait for a time.
#[derive(Default)]
pub(crate) struct MovingClock(watch::Sender<SignedDuration>);

impl MovingClock {
    pub(crate) fn advance(&self, by: SignedDuration) {
        self.0.send_modify(|ahead| *ahead += by);
    }
}

impl Clock for MovingClock {
    fn now(&self) -> Timestamp {
        Timestamp::now() + *self.0.borrow()
    }

    fn wait_until(&self, at: Timestamp) -> Wait<'_> {
        let mut moves = self.0.subscribe();
        Box::pin(async move {
            while let Ok(left) = Duration::try_from(self.now().duration_until(at))
                && !left.is_zero()
            {
                let _ = tokio::time::timeout(left, moves.changed()).await;
            }
            WakeReason::Due
        })
    }
}

/// A keyring in memory.
#[derive(Default)]
struct MemoryKeyring(Mutex<HashMap<String, Vec<u8>>>);

impl Keyring for MemoryKeyring {
    fn get(&self, name: &str) -> grapnel_model::error::Result<Option<Vec<u8>>> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned())
    }

    fn set(&self, name: &str, key: &[u8]) -> grapnel_model::error::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.into(), key.into());
        Ok(())
    }

    fn remove(&self, name: &str) -> grapnel_model::error::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        Ok(())
    }
}
