//! The requests to each provider: the exact bytes of all requests except the browser's, with secrets replaced by their
//! names. Compare with the providers' documentation.

use std::collections::HashMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use grapnel_core::app::NewApp;
use grapnel_core::authorize::SignInRequest;
use grapnel_model::content::{Order, PostQuery};
use grapnel_model::event::Event;
use grapnel_model::id::ConnectionId;
use grapnel_model::secret::ExposeSecret;
use grapnel_sandbox::{ProviderId, SecretKind, Switch, custom, grigora, grovestreams, the_grid};

use crate::support::request_recorder::Recorder;
use crate::support::world::World;

/// A world whose provider is behind a recorder, and the requests so far.
struct Wire {
    world: World,
    recorder: Recorder,
    told: String,
    /// Secrets that the sandbox does not reveal, with their names.
    secrets: Vec<(String, String)>,
}

impl Wire {
    async fn of(provider: ProviderId) -> Self {
        let world = World::of(provider);
        let recorder = Recorder::before(world.sandbox.url(provider).unwrap()).await;
        let names = [
            (grigora::CLIENT_SECRET, "client secret"),
            (the_grid::CLIENT_SECRET, "client secret"),
            ("a-secret-of-our-own", "client secret"),
            (grovestreams::PASSWORD, "password"),
        ];
        let basic = BASE64_STANDARD.encode(format!("{}:{}", custom::CLIENT_ID, custom::CLIENT_SECRET));
        let mut secrets = vec![(basic, "base64 of client id:client secret".to_owned())];
        secrets.extend(names.map(|(secret, name)| (secret.to_owned(), name.to_owned())));
        Self { world, recorder, told: String::new(), secrets }
    }

    /// Adds the app with all endpoints but the browser's page and the issuer at the recorder's address.
    async fn add_app(&self, mut new: NewApp) {
        let origin = self.world.sandbox.url(self.world.provider).unwrap();
        for (_, value) in
            new.overrides.iter_mut().filter(|(key, _)| *key != "authorize_url" && *key != "issuer")
        {
            *value = value.replacen(origin, &self.recorder.origin, 1);
        }
        self.world.grapnel.add_app(new).await.unwrap();
    }

    /// Signs in, and records the exchange and how the account is fetched.
    async fn connect(&mut self) -> ConnectionId {
        let (_, callback) = self.world.attempt().await;
        let parameters: HashMap<String, String> =
            url::Url::parse(callback.expose_secret()).unwrap().query_pairs().into_owned().collect();
        self.secrets.push((parameters["state"].clone(), "state".into()));
        self.world.grapnel.receive_callback(&callback).await.unwrap();
        self.tell("Sign-in: the code is exchanged, and the account asked for");
        self.world.grapnel.connections().unwrap().pop().unwrap().id
    }

    /// Refreshes, and records that one request. Fetching the account again is not recorded again.
    async fn refresh(&mut self, id: &ConnectionId) {
        self.world.grapnel.refresh(id).await.unwrap();
        let mut events = self.world.grapnel.events();
        let refresh = self.recorder.take();
        assert_eq!(refresh.len(), 1);
        self.tell_all("Refresh", &refresh);
        // The account is fetched in a separate task, which ends with this.
        while !matches!(events.recv().await, Ok(Event::Connection(_))) {}
        self.recorder.take();
    }

    /// Records what was sent since the last call.
    fn tell(&mut self, what: &str) {
        self.tell_first(usize::MAX, what);
    }

    /// Records the first requests since the last call, if the following ones differ only in a number.
    fn tell_first(&mut self, most: usize, what: &str) {
        let mut requests = self.recorder.take();
        assert!(!requests.is_empty(), "{what} asks the provider");
        requests.truncate(most);
        self.tell_all(what, &requests);
    }

    fn tell_all(&mut self, what: &str, requests: &[String]) {
        let requests: String = requests
            .iter()
            .map(|request| request.replace("\r\n", "\n").trim_end().to_owned() + "\n\n")
            .collect();
        self.told.extend(["# ", what, "\n\n", &requests]);
    }

    /// Everything that was sent, with names in place of secrets. Asserts that nothing deviated from the documentation.
    fn end(mut self) -> String {
        let departures = self.world.sandbox.departures();
        assert!(departures.is_empty(), "{:#?}", departures.all());
        let mut counts: HashMap<SecretKind, usize> = HashMap::new();
        for revealed in self.world.sandbox.revealed() {
            let count = counts.entry(revealed.kind).or_default();
            *count += 1;
            let name = match revealed.kind {
                SecretKind::Code => "code".to_owned(),
                SecretKind::AccessToken => format!("access token {count}"),
                SecretKind::RefreshToken => format!("refresh token {count}"),
                SecretKind::IdToken => format!("id token {count}"),
                SecretKind::Credential => format!("credential {count}"),
                SecretKind::CodeVerifier => "verifier".to_owned(),
            };
            self.secrets.push((revealed.value, name));
        }
        let named =
            |told: String, (secret, name): &(String, String)| told.replace(secret, &format!("‹{name}›"));
        self.secrets.iter().fold(self.told, named)
    }
}

/// Snapshots the requests without what differs between runs or versions.
macro_rules! assert_wire {
    ($told:expr) => {
        let told: String = $told;
        let filters = vec![(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"), (r"Grapnel/[\d.]+", "Grapnel/VERSION")];
        insta::with_settings!({ filters => filters, omit_expression => true }, {
            insta::assert_snapshot!(told)
        });
    };
}

#[tokio::test]
async fn grigora() {
    let mut wire = Wire::of(ProviderId::Grigora).await;
    wire.add_app(wire.world.new_app()).await;
    let id = wire.connect().await;
    wire.refresh(&id).await;
    let grapnel = wire.world.grapnel.clone();
    let project = grapnel.projects(&id).await.unwrap().projects[0].id.clone();
    wire.tell("Projects");
    grapnel.project(&id, &project).await.unwrap();
    wire.tell("A project");
    let all = PostQuery { project_id: project, ..PostQuery::default() };
    grapnel.posts(&id, &all).await.unwrap();
    wire.tell("Its posts");
    let moment = |seconds| Some(jiff::Timestamp::from_second(seconds).unwrap());
    let some = PostQuery {
        sort: Some("last_update".into()),
        order: Some(Order::Desc),
        status: Some("published".into()),
        title: Some("How to".into()),
        updated_from: moment(1_700_000_000),
        updated_to: moment(1_800_000_000),
        published_from: moment(1_600_000_000),
        ..all
    };
    grapnel.posts(&id, &some).await.unwrap();
    wire.tell("Some of its posts, in an order");
    assert_wire!(wire.end());
}

#[tokio::test]
async fn grindery() {
    let mut wire = Wire::of(ProviderId::Grindery).await;
    wire.add_app(wire.world.new_app()).await;
    let id = wire.connect().await;
    wire.refresh(&id).await;
    let grapnel = wire.world.grapnel.clone();
    let workspaces = grapnel.items(&id, "workspaces", None).await.unwrap().items;
    wire.tell("Workspaces");
    grapnel.items(&id, "workflows", None).await.unwrap();
    wire.tell("Workflows");
    grapnel.items(&id, "workflows", Some(&workspaces[0].id)).await.unwrap();
    wire.tell("Workflows of a workspace");
    assert_wire!(wire.end());
}

#[tokio::test]
async fn the_grid() {
    let mut wire = Wire::of(ProviderId::TheGrid).await;
    wire.world.sandbox.switches().set(Switch::TheGridRefreshToken, true);
    let new = wire.world.new_app();
    wire.add_app(NewApp { scopes: vec!["share".into(), "balance".into()], ..new }).await;
    let id = wire.connect().await;
    wire.refresh(&id).await;
    let grapnel = wire.world.grapnel.clone();
    let sites = grapnel.items(&id, "sites", None).await.unwrap().items;
    wire.tell("Sites");
    grapnel.items(&id, "items", None).await.unwrap();
    wire.tell_first(2, "Items: the first two pages");
    grapnel.items(&id, "items", Some(&sites[0].id)).await.unwrap();
    wire.tell_first(1, "Items of a site: the first page");
    assert_wire!(wire.end());
}

#[tokio::test]
async fn grovestreams() {
    let mut wire = Wire::of(ProviderId::GroveStreams).await;
    let mut new = wire.world.new_app();
    let own = [("user_uid", grovestreams::USER_UID), ("org", "an-organization")];
    new.overrides.extend(own.map(|(key, value)| (key.to_owned(), value.to_owned())));
    wire.add_app(new).await;
    let id = wire.connect().await;
    wire.refresh(&id).await;
    wire.world.grapnel.items(&id, "organizations", None).await.unwrap();
    wire.tell("Organizations");
    assert_wire!(wire.end() + &grovestreams_by_password().await);
}

/// Without a client secret and without a browser.
async fn grovestreams_by_password() -> String {
    let mut wire = Wire::of(ProviderId::GroveStreams).await;
    let new = wire.world.new_app();
    wire.add_app(NewApp { client_secret: None, ..new }).await;
    let app = wire.world.grapnel.apps().unwrap().pop().unwrap();
    let (wanted, password) = (SignInRequest::default(), grovestreams::PASSWORD.into());
    let grapnel = wire.world.grapnel.clone();
    let signed_in = grapnel.sign_in_with_password(&app.id, &wanted, grovestreams::EMAIL, &password).await;
    let id = signed_in.unwrap().connection_id.unwrap();
    let requests = wire.recorder.take();
    let login: serde_json::Value =
        serde_json::from_str(requests[0].split("\r\n\r\n").nth(1).unwrap()).unwrap();
    wire.secrets.push((login["state"].as_str().unwrap().to_owned(), "state".into()));
    wire.tell_all("Sign-in by email and password", &requests);
    wire.refresh(&id).await;
    wire.end()
}

#[tokio::test]
async fn custom() {
    let mut wire = Wire::of(ProviderId::Custom).await;
    // The document names the provider's own address instead of the recorder's, so it is another issuer's.
    wire.world.grapnel.discover(&wire.recorder.origin).await.unwrap_err();
    wire.tell("Discovery");
    let mut new = wire.world.new_app();
    new.overrides = wire.world.grapnel.discover(wire.world.sandbox.custom()).await.unwrap().values;
    new.scopes = vec!["openid".into(), "notes:read".into()];
    wire.add_app(new).await;
    let id = wire.connect().await;
    wire.refresh(&id).await;
    wire.world.grapnel.disconnect(&id).await.unwrap();
    wire.tell("Disconnecting: the tokens are taken back");
    assert_wire!(wire.end());
}
