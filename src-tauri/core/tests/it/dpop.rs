//! Tokens that are bound to a key (DPoP): what a server may do, and where the key is.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use grapnel_core::authorize::SignInRequest;
use grapnel_model::access_token::AccessTokenType;
use grapnel_model::connection::State;
use grapnel_model::derived_token::TokenTarget;
use grapnel_model::error::Code;
use grapnel_model::id::ConnectionId;
use grapnel_model::secret::{ExposeSecret, SecretString};

use crate::support::scripted_server::{Received, Reply, Scripted, callback_of, sign_in};
use crate::support::world::{World, again};

const BOUND: &str = r#"{"access_token":"at1","refresh_token":"rt1","token_type":"DPoP","expires_in":3600}"#;
const BEARER: &str =
    r#"{"access_token":"at1","refresh_token":"rt1","token_type":"Bearer","expires_in":3600}"#;

async fn signed_in(dpop: &str, grant: &str) -> (World, Scripted, grapnel_model::error::Result<ConnectionId>) {
    let (world, server) = (World::new(), Scripted::start().await);
    server.on("/token", [Reply::json(200, grant)]);
    let app = world.grapnel.add_app(server.new_app(&[("dpop", dpop)])).await.unwrap();
    let id = sign_in(&world.grapnel, &app).await;
    (world, server, id)
}

fn demand(nonce: &str) -> Reply {
    Reply::json(400, r#"{"error":"use_dpop_nonce"}"#).header("dpop-nonce", nonce)
}

#[tokio::test]
async fn a_server_that_binds_nothing_is_reported_or_refused() {
    let (world, _server, id) = signed_in("true", BEARER).await;
    let details = world.grapnel.connection(&id.unwrap()).unwrap();
    assert_eq!(details.tokens.unwrap().dpop, None);
    assert!(details.deviations.iter().any(|one| one.found.contains("not bound")), "{:?}", details.deviations);
    let (world, _server, refused) = signed_in("required", BEARER).await;
    let error = refused.unwrap_err();
    assert_eq!(error.code, Code::ProviderError);
    assert!(error.message.contains("did not bind"), "{error:?}");
    assert!(world.grapnel.connections().unwrap().is_empty());
}

#[tokio::test]
async fn a_bound_token_without_a_proof_is_refused_with_what_to_set() {
    let (_world, _server, refused) = signed_in("false", BOUND).await;
    assert!(refused.unwrap_err().hint.unwrap().contains("dpop=true"));
}

/// A demand for a nonce means that the refresh token was not used.
#[tokio::test]
async fn a_refresh_without_an_accepted_nonce_loses_nothing() {
    let (world, server, id) = signed_in("true", BOUND).await;
    let id = id.unwrap();
    let before = server.received("/token").len();
    server.on("/token", [demand("n1"), demand("n2")]);
    let error = world.grapnel.refresh(&id).await.unwrap_err();
    assert!(error.message.contains("another nonce"), "{error:?}");
    assert_eq!(server.received("/token").len(), before + 2);
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Retrying);
    // At the next try, the last nonce is accepted.
    server.on("/token", [Reply::json(200, BOUND.replace("at1", "at2"))]);
    world.grapnel.refresh(&id).await.unwrap();
    let sent = server.received("/token");
    let used = |form: Vec<(String, String)>| form.contains(&("refresh_token".into(), "rt1".into()));
    assert!(sent[before..].iter().all(|request| used(request.form()) && request.header("dpop").is_some()));
}

#[tokio::test]
async fn the_key_is_nowhere_in_the_clear_and_goes_with_the_tokens() {
    let (world, _server, id) = signed_in("true", BOUND).await;
    let id = id.unwrap();
    let stored = || {
        let data = rusqlite::Connection::open(world.home.path().join("grapnel.db")).unwrap();
        let of = |table: &str| {
            let sql = format!("SELECT count(*) FROM {table} WHERE sealed_dpop IS NOT NULL");
            data.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap()
        };
        (of("connection"), of("attempt"))
    };
    assert_eq!(stored(), (1, 0));
    let shown = serde_json::to_string(&world.grapnel.connection(&id).unwrap()).unwrap();
    assert!(!shown.contains("PRIVATE KEY"), "{shown}");
    for file in ["grapnel.db", "grapnel.db-wal"] {
        let content = std::fs::read(world.home.path().join(file)).unwrap_or_default();
        assert!(memchr::memmem::find(&content, b"PRIVATE KEY").is_none(), "{file}");
    }
    world.grapnel.disconnect(&id).await.unwrap();
    assert_eq!(stored(), (0, 0));
}

/// The public key that the proof of a request was made with.
fn key_of(request: &Received) -> serde_json::Value {
    let header = request.header("dpop").unwrap().split('.').next().unwrap();
    let header: serde_json::Value = serde_json::from_slice(&BASE64.decode(header).unwrap()).unwrap();
    header["jwk"].clone()
}

fn keys_at_token_endpoint(server: &Scripted) -> Vec<serde_json::Value> {
    server.received("/token").iter().map(key_of).collect()
}

/// The keys of a connection and of a sign-in that waits in the browser.
#[tokio::test]
async fn keys_outlive_a_restart_and_another_protection_of_the_vault() {
    let (mut world, server, id) = signed_in("true", BOUND).await;
    let id = id.unwrap();
    let app = world.grapnel.connection(&id).unwrap().summary.app_id;
    let waiting = world.grapnel.start_attempt(&app, &SignInRequest::default()).await.unwrap();
    let callback = callback_of(&world.grapnel, &waiting.id, "code=another-code").await;
    let link = world.grapnel.attempt_link(&waiting.id).await.unwrap();
    let link = url::Url::parse(link.expose_secret()).unwrap();
    let announced = link.query_pairs().find(|(name, _)| name == "dpop_jkt").unwrap().1.into_owned();

    let words = || SecretString::from("harbour lamp eleven moss");
    world.grapnel.protect_with_passphrase(&words()).await.unwrap();
    world.start_again();
    world.grapnel.unlock(&words()).await.unwrap();
    world.grapnel.refresh(&id).await.unwrap();
    world.grapnel.receive_callback(&callback).await.unwrap();
    let [signed_in, refreshed, another] = &keys_at_token_endpoint(&server)[..] else { panic!("not three") };
    assert_eq!(signed_in, refreshed);
    assert_ne!(signed_in, another, "each sign-in has its own key");
    let new = world.grapnel.attempt(&waiting.id).unwrap().connection_id.unwrap();
    assert_eq!(world.grapnel.connection(&new).unwrap().tokens.unwrap().dpop.unwrap(), announced);
}

#[tokio::test]
async fn another_account_that_replaces_one_brings_its_key() {
    let (world, server) = (World::new(), Scripted::start().await);
    let me = format!("{}/me", server.origin);
    server.on("/token", [Reply::json(200, BOUND)]);
    server.on("/me", [Reply::json(200, r#"{"sub":"ann"}"#), Reply::json(200, r#"{"sub":"bob"}"#)]);
    let new_app = server.new_app(&[("dpop", "true"), ("userinfo_url", &me)]);
    let app = world.grapnel.add_app(new_app).await.unwrap();
    let id = sign_in(&world.grapnel, &app).await.unwrap();
    let attempt = world.grapnel.start_attempt(&app.id, &again(&id)).await.unwrap();
    let callback = callback_of(&world.grapnel, &attempt.id, "code=another-code").await;
    world.grapnel.receive_callback(&callback).await.unwrap();
    assert_eq!(world.grapnel.replace_account(&attempt.id).await.unwrap(), id);
    world.grapnel.refresh(&id).await.unwrap();
    let [of_ann, of_bob, refreshed] = &keys_at_token_endpoint(&server)[..] else { panic!("not three") };
    assert_ne!(of_ann, of_bob);
    assert_eq!(of_bob, refreshed);
}

/// Otherwise an exchange would turn a bound token into one that anyone can use.
#[tokio::test]
async fn a_derived_token_is_asked_for_with_the_key_of_its_connection() {
    let (world, server, id) = signed_in("true", BOUND).await;
    let id = id.unwrap();
    let derived = r#"{"access_token":"narrow","token_type":"DPoP","expires_in":3600,
        "issued_token_type":"urn:ietf:params:oauth:token-type:access_token"}"#;
    server.on("/token", [Reply::json(200, derived)]);
    let target = TokenTarget { audiences: vec!["notes".into()], ..TokenTarget::default() };
    let wanted = (Duration::ZERO, false);
    for source in ["exchanged", "stored"] {
        let derived = world.grapnel.derived_token(&id, target.clone(), wanted).await.unwrap();
        assert_eq!(derived.token.token_type, AccessTokenType::Dpop, "{source}");
        assert!(derived.issued.is_bound, "{source}");
    }
    let [of_sign_in, of_exchange] = &keys_at_token_endpoint(&server)[..] else { panic!("not two") };
    assert_eq!(of_sign_in, of_exchange);

    let api = world.grapnel.api(&id, vec![server.origin.parse().unwrap()]);
    let url = format!("{}/notes", server.origin).parse().unwrap();
    let proven = api.prove(&http::Method::GET, &url, Some(target), (None, Duration::ZERO)).await.unwrap();
    let claims = proven.proof.expose_secret().split('.').nth(1).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&BASE64.decode(claims).unwrap()).unwrap();
    // The digest of `narrow` (RFC 9449 §4.2).
    let digest = BASE64.encode(digest(&SHA256, b"narrow"));
    assert_eq!(claims["ath"], digest);
}
