//! The device authorization grant (RFC 8628): the person enters a code elsewhere, while Grapnel polls.

use std::sync::{Arc, Mutex};

use grapnel_core::app::{App, NewApp};
use grapnel_core::authorize::SignInRequest;
use grapnel_core::clock::Clock;
use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::attempt::{Attempt, Phase};
use grapnel_model::connection::State;
use grapnel_model::error::Code;
use grapnel_model::id::AttemptId;
use grapnel_model::provider::GrantType;
use grapnel_model::secret::ExposeSecret;
use jiff::{SignedDuration, Timestamp};

use crate::support::scripted_server::{GRANT, Reply, Scripted};
use crate::support::world::{World, again, end_of};

const DEVICE_CODE: &str = "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS";
/// RFC 8628 §3.2.
const CODES: &str = r#"{"device_code":"GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS","user_code":"WDJB-MJHT",
    "verification_uri":"https://example.com/device",
    "verification_uri_complete":"https://example.com/device?user_code=WDJB-MJHT","expires_in":1800,"interval":5}"#;

fn refused(code: &str) -> Reply {
    Reply::json(400, format!(r#"{{"error":"{code}"}}"#))
}

struct Device {
    world: World,
    server: Scripted,
    app: App,
}

impl Device {
    /// An app of the device grant. The server answers the polls with these.
    async fn new(polls: impl IntoIterator<Item = Reply>) -> Self {
        let (world, server) = (World::new(), Scripted::start().await);
        server.on("/device", [Reply::json(200, CODES)]);
        server.on("/token", polls);
        let app = world.grapnel.add_app(Self::new_app(&server)).await.unwrap();
        Self { world, server, app }
    }

    fn new_app(server: &Scripted) -> NewApp {
        let url = format!("{}/device", server.origin);
        let own = [("grant_type", "device_code"), ("authorize_url", ""), ("device_authorization_url", &url)];
        NewApp { scopes: vec!["example_scope".into()], ..server.new_app(&own) }
    }

    async fn start(&self) -> Attempt {
        let attempt =
            self.world.grapnel.start_attempt(&self.app.id, &SignInRequest::default()).await.unwrap();
        assert_eq!((attempt.grant_type, attempt.phase), (GrantType::DeviceCode, Phase::Waiting));
        attempt
    }

    /// Lets time pass until the next poll; returns how many seconds that was.
    async fn pass_until_poll(&self) -> i64 {
        let next = self.world.clock.settled().await;
        let left = self.world.clock.now().duration_until(next);
        self.world.clock.advance(left);
        seconds(left)
    }

    /// The same, and waits until the next poll is planned; returns the pause before that.
    async fn poll(&self) -> i64 {
        let before = self.world.clock.settled().await;
        self.pass_until_poll().await;
        let next = self.world.clock.settled_anew(before).await;
        seconds(self.world.clock.now().duration_until(next))
    }

    fn attempt(&self, id: &AttemptId) -> Attempt {
        self.world.grapnel.attempt(id).unwrap()
    }

    fn polls(&self) -> usize {
        self.server.received("/token").len()
    }
}

/// Real time passes as well, if only a little.
fn seconds(span: SignedDuration) -> i64 {
    (span + SignedDuration::from_millis(900)).as_secs()
}

#[tokio::test]
async fn a_person_approves_on_another_device() {
    let polls = [refused("authorization_pending"), refused("authorization_pending"), Reply::json(200, GRANT)];
    let device = Device::new(polls).await;
    let mut events = device.world.grapnel.events();
    let attempt = device.start().await;
    let prompt = device.world.grapnel.device_prompt(&attempt.id).await.unwrap();
    assert_eq!(
        (prompt.user_code.as_str(), prompt.verification_uri.as_str(), prompt.interval),
        ("WDJB-MJHT", "https://example.com/device", 5)
    );
    let complete = "https://example.com/device?user_code=WDJB-MJHT";
    assert_eq!(prompt.link.as_deref(), Some(complete));
    assert!(prompt.qr_code.len() >= 21);
    assert_eq!(device.world.grapnel.attempt_link(&attempt.id).await.unwrap().expose_secret(), complete);
    assert_eq!(seconds(attempt.started_at.duration_until(attempt.expires_at)), 1800);
    // A poll before the interval would be refused.
    assert_eq!(device.polls(), 0);
    assert_eq!((device.poll().await, device.poll().await), (5, 5));
    device.pass_until_poll().await;
    let ended = end_of(&mut events, &attempt.id).await;
    assert_eq!(ended.phase, Phase::Done, "{:?}", ended.error);
    let id = ended.connection_id.unwrap();
    let sent: Vec<String> = device
        .server
        .all_received()
        .iter()
        .map(|one| format!("{} {}", one.target, one.body.replace(DEVICE_CODE, "DEVICE-CODE")))
        .collect();
    insta::assert_snapshot!(sent.join("\n"));
    let details = device.world.grapnel.connection(&id).unwrap();
    assert_eq!(details.summary.state, State::Active);
    let tokens = details.tokens.unwrap();
    assert_eq!((tokens.grant_type, tokens.refresh.is_some()), (GrantType::DeviceCode, true));
    // The history has what is worth reading, without secrets.
    drop(device.world.grapnel.idle().await);
    let history = device.world.grapnel.api_request_history(&id).await.unwrap();
    let kinds: Vec<ExchangeKind> = history.iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [ExchangeKind::Token, ExchangeKind::DeviceAuthorization]);
    // A refresh is one with the refresh token.
    device.world.grapnel.refresh(&id).await.unwrap();
    let refresh = device.server.received("/token").pop().unwrap();
    assert!(refresh.body.contains("grant_type=refresh_token"), "{}", refresh.body);
    // Over: the codes are deleted.
    assert!(device.world.grapnel.device_prompt(&attempt.id).await.is_err());
}

#[tokio::test]
async fn the_codes_are_encrypted_at_rest() {
    let device = Device::new([refused("authorization_pending")]).await;
    let attempt = device.start().await;
    assert_eq!(device.poll().await, 5);
    let codes = [DEVICE_CODE, "WDJB-MJHT"].map(|code| (code.to_owned(), code.to_owned()));
    crate::leaks::scan_files(&device.world, &codes);
    let shown = serde_json::to_string(&device.attempt(&attempt.id)).unwrap();
    assert!(!shown.contains(DEVICE_CODE) && !shown.contains("WDJB-MJHT"), "{shown}");
}

#[tokio::test]
async fn slow_down_adds_five_seconds_for_good_also_after_a_restart() {
    let polls = [refused("slow_down"), refused("authorization_pending"), refused("slow_down")];
    let mut device = Device::new(polls).await;
    device.server.on(
        "/token",
        [
            refused("slow_down"),
            refused("authorization_pending"),
            refused("slow_down"),
            refused("authorization_pending"),
            Reply::json(200, GRANT),
        ],
    );
    let attempt = device.start().await;
    assert_eq!(device.poll().await, 10);
    assert_eq!(device.poll().await, 10);
    assert_eq!(device.poll().await, 15);
    device.world.start_again();
    let mut events = device.world.grapnel.events();
    assert_eq!(device.attempt(&attempt.id).phase, Phase::Waiting);
    assert_eq!(device.world.grapnel.device_prompt(&attempt.id).await.unwrap().interval, 15);
    assert_eq!(device.poll().await, 15);
    device.pass_until_poll().await;
    let ended = end_of(&mut events, &attempt.id).await;
    assert_eq!(ended.phase, Phase::Done, "{:?}", ended.error);
    let codes = device.server.received("/token");
    assert!(codes.iter().all(|one| one.body.contains(DEVICE_CODE)));
}

/// RFC 8628 §3.5: an answer that does not arrive makes the client ask less often, and ends nothing.
#[tokio::test]
async fn a_lost_answer_doubles_the_pause_until_one_arrives() {
    let polls = [
        Reply::dropped(),
        Reply::json(503, ""),
        Reply::json(429, "").header("retry-after", "100"),
        refused("authorization_pending"),
        Reply::json(200, GRANT),
    ];
    let device = Device::new(polls).await;
    let mut events = device.world.grapnel.events();
    let attempt = device.start().await;
    assert_eq!(device.poll().await, 10);
    assert_eq!(device.poll().await, 20);
    assert_eq!(device.poll().await, 100, "as long as the server asks for");
    assert_eq!(device.poll().await, 5);
    device.pass_until_poll().await;
    assert_eq!(end_of(&mut events, &attempt.id).await.phase, Phase::Done);
}

/// What keeps a request from being sent may pass, and the code stays valid meanwhile.
#[tokio::test]
async fn a_refused_connection_is_shown_and_ends_nothing() {
    let (world, server) = (World::new(), Scripted::start().await);
    server.on("/device", [Reply::json(200, CODES)]);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut new_app = Device::new_app(&server);
    new_app.overrides.insert("token_url".into(), format!("http://{closed}/token"));
    let app = world.grapnel.add_app(new_app).await.unwrap();
    let device = Device { world, server, app };
    let attempt = device.start().await;
    assert_eq!(device.poll().await, 10);
    assert_eq!(device.poll().await, 20);
    let waiting = device.attempt(&attempt.id);
    assert_eq!(waiting.phase, Phase::Waiting);
    let failure = waiting.exchange.last().unwrap().failure.clone().unwrap();
    assert!(failure.contains("connection refused"), "{failure}");
}

#[tokio::test]
async fn each_error_ends_the_sign_in_with_a_message() {
    let mut told = Vec::new();
    for answer in [
        refused("access_denied"),
        refused("expired_token"),
        refused("invalid_grant"),
        refused("invalid_client"),
        refused("something_else"),
        Reply::new(200, "text/html", "<html>"),
        Reply::json(404, "nothing"),
    ] {
        let name = String::from_utf8_lossy(answer.body()).into_owned();
        let device = Device::new([refused("authorization_pending"), answer]).await;
        let mut events = device.world.grapnel.events();
        let attempt = device.start().await;
        device.poll().await;
        device.pass_until_poll().await;
        let ended = end_of(&mut events, &attempt.id).await;
        let error = ended.error.map(|error| {
            let parts = [Some(error.message), error.meaning, error.hint];
            format!("{:?} {}", error.code, parts.into_iter().flatten().collect::<Vec<_>>().join("\n  "))
        });
        let host = device.server.origin.trim_start_matches("http://");
        told.push(format!("{name} {:?} {}", ended.phase, error.unwrap_or_default()).replace(host, "HOST"));
        assert_eq!(device.polls(), 2);
        assert!(device.world.grapnel.connections().unwrap().is_empty());
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn an_expired_code_is_not_polled_for() {
    let device = Device::new([refused("authorization_pending")]).await;
    device.server.on("/device", [Reply::json(200, CODES.replace("1800", "12"))]);
    let mut events = device.world.grapnel.events();
    let attempt = device.start().await;
    assert_eq!((device.poll().await, device.poll().await), (5, 5));
    device.pass_until_poll().await;
    assert_eq!(end_of(&mut events, &attempt.id).await.phase, Phase::TimedOut);
    assert_eq!(device.polls(), 2);
}

#[tokio::test]
async fn a_cancelled_sign_in_is_not_polled_for() {
    let device = Device::new([refused("authorization_pending")]).await;
    let attempt = device.start().await;
    device.poll().await;
    let waits = device.world.clock.waits();
    device.world.grapnel.cancel_attempt(&attempt.id).unwrap();
    assert_eq!(device.attempt(&attempt.id).phase, Phase::Cancelled);
    device.world.clock.advance(SignedDuration::from_mins(1));
    // A request of another kind, after which a poll would have been sent.
    assert!(device.world.grapnel.device_prompt(&attempt.id).await.is_err());
    assert_eq!((device.polls(), device.world.clock.waits()), (1, waits));
}

/// The person cancels here while they approve there: the tokens are not kept, and revoked.
#[tokio::test]
async fn tokens_that_arrive_after_a_cancel_are_revoked() {
    let (world, server) = (World::new(), Scripted::start().await);
    server.on("/device", [Reply::json(200, CODES)]);
    let revoked = Arc::new(tokio::sync::Notify::new());
    let told = Arc::clone(&revoked);
    server.answer("/revoke", move |request| {
        if request.body.contains("token=2YotnFZFEjr1zCsicMWpAA") {
            told.notify_one();
        }
        Reply::json(200, "{}")
    });
    let revocation = format!("{}/revoke", server.origin);
    let mut new = Device::new_app(&server);
    new.overrides.insert("revocation_url".into(), revocation);
    let app = world.grapnel.add_app(new).await.unwrap();
    let waiting: Arc<Mutex<Option<AttemptId>>> = Arc::default();
    let (grapnel, id) = (world.grapnel.clone(), Arc::clone(&waiting));
    server.answer("/token", move |_| {
        grapnel.cancel_attempt(id.lock().unwrap().as_ref().unwrap()).unwrap();
        Reply::json(200, GRANT)
    });
    let device = Device { world, server, app };
    let attempt = device.start().await;
    *waiting.lock().unwrap() = Some(attempt.id.clone());
    device.pass_until_poll().await;
    tokio::time::timeout(std::time::Duration::from_secs(20), revoked.notified()).await.unwrap();
    assert_eq!(device.attempt(&attempt.id).phase, Phase::Cancelled);
    assert!(device.world.grapnel.connections().unwrap().is_empty());
    let revoked = device.server.received("/revoke");
    assert!(revoked[0].body.contains("tGzv3JOkF0XG5Qx2TlKWIA"), "the refresh token first: {revoked:?}");
}

#[tokio::test]
async fn an_app_of_the_code_grant_signs_in_on_another_device_and_reconnects() {
    let (world, server) = (World::new(), Scripted::start().await);
    server.on("/device", [Reply::json(200, CODES)]);
    server.on("/token", [Reply::json(200, GRANT)]);
    let url = format!("{}/device", server.origin);
    let app = world.grapnel.add_app(server.new_app(&[("device_authorization_url", &url)])).await.unwrap();
    assert!(app.offers_device && app.grant_type == GrantType::AuthorizationCode);
    let id = crate::support::scripted_server::sign_in(&world.grapnel, &app).await.unwrap();
    let mut events = world.grapnel.events();
    let wanted = SignInRequest { by_device: true, ..again(&id) };
    let attempt = world.grapnel.start_attempt(&app.id, &wanted).await.unwrap();
    let device = Device { world, server, app };
    device.pass_until_poll().await;
    let ended = end_of(&mut events, &attempt.id).await;
    assert_eq!((ended.phase, ended.connection_id.as_ref()), (Phase::Done, Some(&id)));
    assert_eq!(device.world.grapnel.connections().unwrap().len(), 1);
}

#[tokio::test]
async fn without_an_endpoint_nothing_is_sent() {
    let (world, server) = (World::new(), Scripted::start().await);
    let mut new = Device::new_app(&server);
    new.overrides.remove("device_authorization_url");
    let error = world.grapnel.add_app(new).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("device_authorization_url"));
    let app = world.grapnel.add_app(server.new_app(&[])).await.unwrap();
    let wanted = SignInRequest { by_device: true, ..SignInRequest::default() };
    let error = world.grapnel.start_attempt(&app.id, &wanted).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("device_authorization_url"));
    assert!(server.all_received().is_empty());
}

#[tokio::test]
async fn a_refused_request_for_a_code_starts_nothing() {
    let device = Device::new([]).await;
    device.server.on("/device", [refused("unauthorized_client")]);
    let started = device.world.grapnel.start_attempt(&device.app.id, &SignInRequest::default()).await;
    assert_eq!(started.unwrap_err().code, Code::InvalidClient);
    assert!(device.world.grapnel.attempts().unwrap().is_empty());
}

#[tokio::test]
async fn an_unsafe_address_is_shown_and_not_opened() {
    let device = Device::new([refused("authorization_pending")]).await;
    let hostile = r#"{"device_code":"dddddddddddddddd","user_code":"A\u202eB\u001b[31mC","expires_in":600,
        "verification_uri":"http://example.com/device","verification_uri_complete":"file:///etc/passwd"}"#;
    device.server.on("/device", [Reply::json(200, hostile)]);
    let attempt = device.start().await;
    let prompt = device.world.grapnel.device_prompt(&attempt.id).await.unwrap();
    assert_eq!((prompt.link, prompt.qr_code.len()), (None, 0));
    assert_eq!(
        (prompt.verification_uri.as_str(), prompt.verification_uri_complete),
        ("http://example.com/device", None)
    );
    assert_eq!(prompt.user_code, "AB [31mC");
    assert_eq!(device.world.grapnel.attempt_link(&attempt.id).await.unwrap_err().code, Code::ProviderError);
    let _: Timestamp = prompt.expires_at;
}
