//! The JWT bearer grant (RFC 7523 §2.1): a service account gets tokens with an assertion that it signs.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use grapnel_core::app::{App, ImportFormat, NewApp, read_apps};
use grapnel_core::authorize::SignInRequest;
use grapnel_model::attempt::{Attempt, Phase};
use grapnel_model::connection::State;
use grapnel_model::error::Code;
use grapnel_model::provider::{GrantType, KeyAlgorithm};
use grapnel_model::secret::ExposeSecret;
use grapnel_oauth::signing_key::SigningKey;
use jiff::SignedDuration;
use jiff::fmt::rfc2822;
use serde_json::{Value, json};

use crate::support::scripted_server::{Received, Reply, Scripted};
use crate::support::world::{World, end_of};

fn token(number: u32) -> Reply {
    Reply::json(
        200,
        format!(
            r#"{{"access_token":"token-{number}-of-the-account","token_type":"Bearer","expires_in":3600}}"#
        ),
    )
}

fn new_app(server: &Scripted, own: &[(&str, &str)]) -> NewApp {
    let grant = [("grant_type", "jwt_bearer"), ("authorize_url", "")];
    NewApp {
        scopes: vec!["notes:read".into(), "notes:write".into()],
        ..server.new_app(&[&grant, own].concat())
    }
}

async fn connect(world: &World, app: &App) -> Attempt {
    let mut events = world.grapnel.events();
    let attempt = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await.unwrap();
    assert_eq!(attempt.grant_type, GrantType::JwtBearer);
    *end_of(&mut events, &attempt.id).await
}

/// Header and claims of the assertion in a request.
fn assertion(request: &Received) -> (Value, Value) {
    let form = request.form();
    let jwt = &form.iter().find(|(name, _)| name == "assertion").unwrap().1;
    let part = |number: usize| {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(jwt.split('.').nth(number).unwrap()).unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()
    };
    (part(0), part(1))
}

fn names(request: &Received) -> Vec<String> {
    let value = |name: &str, value: &str| if name == "assertion" { String::new() } else { value.to_owned() };
    request.form().iter().map(|(name, text)| format!("{name}={}", value(name, text))).collect()
}

#[tokio::test]
async fn an_account_connects_and_is_asked_for_anew() {
    let server = Scripted::start().await;
    server.on("/token", [token(1), token(2)]);
    let world = World::new();
    let app = world.grapnel.add_app(new_app(&server, &[])).await.unwrap();
    let attempt = connect(&world, &app).await;
    assert_eq!(attempt.phase, Phase::Done, "{:?}", attempt.error);
    let id = attempt.connection_id.unwrap();
    let details = world.grapnel.connection(&id).unwrap();
    assert_eq!((details.summary.state, details.account), (State::Active, None));
    assert_eq!(details.tokens.unwrap().grant_type, GrantType::JwtBearer);
    assert!(details.refreshes_at.is_some());
    world.grapnel.refresh(&id).await.unwrap();
    let sent = server.received("/token");
    // RFC 7523 §2.1, with the client's ID instead of its authentication.
    let expected = [
        "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer",
        "scope=notes:read notes:write",
        "client_id=c1",
        "assertion=",
    ];
    assert_eq!((names(&sent[0]), names(&sent[1])), (expected.map(str::to_owned).to_vec(), names(&sent[0])));
    let (header, claims) = assertion(&sent[0]);
    assert_eq!(header["alg"], "ES256");
    let url = format!("{}/token", server.origin);
    assert_eq!((&claims["iss"], &claims["sub"], &claims["aud"]), (&json!("c1"), &json!("c1"), &json!(url)));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 120);
    assert!(claims.get("scope").is_none());
    assert_ne!(assertion(&sent[1]).1["jti"], claims["jti"], "each request has its own assertion");
    let value = world.grapnel.token(&id, std::time::Duration::ZERO).await.unwrap().value;
    assert_eq!(value.expose_secret(), "token-2-of-the-account");
}

#[tokio::test]
async fn an_account_can_act_for_someone_with_a_providers_own_audience() {
    let server = Scripted::start().await;
    server.on("/token", [token(1)]);
    let world = World::new();
    let own = [
        ("assertion_subject", "ada@example.com"),
        ("assertion_audience", "login.example.com"),
        ("assertion_scope", "claim"),
        ("assertion_lifetime", "60"),
        ("client_auth", "none"),
    ];
    let app = world.grapnel.add_app(new_app(&server, &own)).await.unwrap();
    assert_eq!(connect(&world, &app).await.phase, Phase::Done);
    let sent = &server.received("/token")[0];
    assert_eq!(names(sent), ["grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion="]);
    let (_, claims) = assertion(sent);
    assert_eq!((&claims["sub"], &claims["aud"]), (&json!("ada@example.com"), &json!("login.example.com")));
    assert_eq!(claims["scope"], "notes:read notes:write");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 60);
}

/// A computer whose clock is ten minutes wrong signs once more, with the server's time.
#[tokio::test]
async fn a_wrong_clock_is_corrected_for_the_server() {
    let server = Scripted::start().await;
    let world = World::new();
    let now = jiff::Timestamp::now() + SignedDuration::from_mins(10);
    let date = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).unwrap();
    let refused = Reply::json(400, r#"{"error":"invalid_grant"}"#).header("date", &date);
    server.on("/token", [refused, token(1)]);
    let app = world.grapnel.add_app(new_app(&server, &[])).await.unwrap();
    let attempt = connect(&world, &app).await;
    assert_eq!(attempt.phase, Phase::Done, "{:?}", attempt.error);
    let sent = server.received("/token");
    assert_eq!(assertion(&sent[1]).1["iat"].as_i64(), Some(now.as_second()));
}

#[tokio::test]
async fn a_refused_assertion_says_what_to_do() {
    let server = Scripted::start().await;
    server.on("/token", [Reply::json(400, r#"{"error":"invalid_grant","error_description":"no consent"}"#)]);
    let world = World::new();
    let app = world.grapnel.add_app(new_app(&server, &[])).await.unwrap();
    let error = connect(&world, &app).await.error.unwrap();
    assert!(error.hint.as_ref().unwrap().contains("assertion_subject"), "{error:?}");
    assert_eq!(server.received("/token").len(), 1);
    for (key, value) in [("assertion_lifetime", "7200"), ("assertion_audience", "tokenurl")] {
        let error = world.grapnel.add_app(new_app(&server, &[(key, value)])).await.unwrap_err();
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some(key)));
    }
}

/// A key file as Google's console writes it, with a new key.
fn key_file(token_uri: &str) -> (String, String) {
    let key = SigningKey::generate(KeyAlgorithm::Rs256).unwrap().expose_secret().to_owned();
    let file = json!({
        "type": "service_account",
        "project_id": "notes",
        "private_key_id": "0123456789abcdef",
        "private_key": key,
        "client_email": "robot@notes.iam.example",
        "client_id": "1234567890",
        "token_uri": token_uri,
    });
    (file.to_string(), key)
}

#[tokio::test]
async fn a_key_file_becomes_an_app_whose_key_is_in_the_vault() {
    let server = Scripted::start().await;
    server.on("/token", [token(1)]);
    let world = World::new();
    let (file, key) = key_file(&format!("{}/token", server.origin));
    let import = read_apps(&file, None, None).unwrap();
    assert_eq!(import.format, ImportFormat::ServiceAccount);
    let imported = import.apps.into_iter().next().unwrap();
    let shown = serde_json::to_string(&imported.preview).unwrap();
    let secret = &key.lines().nth(3).unwrap()[..40];
    assert!(!shown.contains(secret) && shown.contains("robot@notes.iam.example"), "{shown}");
    assert!(imported.preview.missing.is_empty(), "{:?}", imported.preview.missing);
    let mut new = imported.app;
    new.scopes = vec!["notes:read".into()];
    let app = world.grapnel.add_app(new).await.unwrap();
    assert!(!serde_json::to_string(&app).unwrap().contains(secret));
    let attempt = connect(&world, &app).await;
    assert_eq!(attempt.phase, Phase::Done, "{:?}", attempt.error);
    let (header, claims) = assertion(&server.received("/token")[0]);
    assert_eq!((&header["alg"], &header["kid"]), (&json!("RS256"), &json!("0123456789abcdef")));
    assert_eq!((&claims["iss"], &claims["scope"]), (&json!("robot@notes.iam.example"), &json!("notes:read")));
    assert!(claims.get("sub").is_none());
    for file in std::fs::read_dir(world.home.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
        assert!(!bytes.windows(40).any(|part| part == secret.as_bytes()));
    }
}

#[test]
fn an_incomplete_key_file_names_what_is_missing() {
    let (file, _) = key_file("https://id.example/token");
    let mut file: Value = serde_json::from_str(&file).unwrap();
    file["client_email"] = json!("");
    let error = read_apps(&file.to_string(), None, None).err().unwrap();
    assert_eq!(error.message, "The key file has no client_email.");
}
