//! Tokens that are bound to a key (DPoP): what a server may do, and where the key is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use grapnel_core::app::NewApp;
use grapnel_core::authorize::SignInRequest;
use grapnel_model::access_token::AccessTokenType;
use grapnel_model::activity::Kind;
use grapnel_model::connection::State;
use grapnel_model::derived_token::TokenTarget;
use grapnel_model::error::Code;
use grapnel_model::id::ConnectionId;
use grapnel_model::secret::{ExposeSecret, SecretInput, SecretString};
use jiff::SignedDuration;

use crate::support::scripted_server::{Received, Reply, Scripted, callback_of, sign_in};
use crate::support::world::{World, again, end_of};

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

/// The access token of `at`, bound or not, with the refresh token of that number.
fn grant(kind: &str, number: u32) -> Reply {
    Reply::json(
        200,
        format!(
            r#"{{"access_token":"at{number}","refresh_token":"rt{number}","token_type":"{kind}","expires_in":3600}}"#
        ),
    )
}

/// A token that anyone could use never replaces a bound one, and the refresh token that came with it is not lost.
#[tokio::test]
async fn a_refresh_that_binds_nothing_is_refused_and_loses_no_refresh_token() {
    for (dpop, accept) in [("required", "dpop=true"), ("true", "dpop=false")] {
        let (world, server, id) = signed_in(dpop, BOUND).await;
        let id = id.unwrap();
        server.on("/token", [grant("Bearer", 2)]);
        let error = world.grapnel.refresh(&id).await.unwrap_err();
        assert_eq!(error.code, Code::ReconnectNeeded, "{dpop}");
        assert!(error.hint.unwrap().contains(accept), "{dpop}");
        let details = world.grapnel.connection(&id).unwrap();
        assert_eq!(details.summary.state, State::ReconnectNeeded);
        assert!(details.tokens.unwrap().dpop.is_some());
        let refused = world.grapnel.activity(Some(&id), None).unwrap().remove(0);
        assert_eq!(refused.kind, Kind::RefreshRefused);
        // The bound token is handed out until it expires, and the other one is not.
        let token = world.grapnel.token(&id, Duration::ZERO).await.unwrap();
        assert_eq!((token.value.expose_secret(), token.token_type), ("at1", AccessTokenType::Dpop));
        world.clock.advance(SignedDuration::from_hours(2));
        assert_eq!(world.grapnel.token(&id, Duration::ZERO).await.unwrap_err().code, Code::ReconnectNeeded);
        // Asked once more, the provider gets the refresh token that it gave last.
        server.on("/token", [grant("DPoP", 3)]);
        world.grapnel.refresh(&id).await.unwrap();
        let sent = server.received("/token").pop().unwrap();
        assert!(sent.form().contains(&("refresh_token".into(), "rt2".into())), "{sent:?}");
        let details = world.grapnel.connection(&id).unwrap();
        assert_eq!((details.summary.state, details.error), (State::Active, None));
        assert_eq!(world.grapnel.token(&id, Duration::ZERO).await.unwrap().value.expose_secret(), "at3");
    }
}

#[tokio::test]
async fn a_bearer_token_of_the_client_itself_does_not_replace_its_bound_one() {
    let (world, server) = (World::new(), Scripted::start().await);
    server.on("/token", [grant("DPoP", 1)]);
    let own = [("dpop", "required"), ("grant_type", "client_credentials"), ("authorize_url", "")];
    let new_app =
        NewApp { client_secret: Some(SecretInput("the-secret-of-the-app".into())), ..server.new_app(&own) };
    let app = world.grapnel.add_app(new_app).await.unwrap();
    let mut events = world.grapnel.events();
    let attempt = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await.unwrap();
    let id = end_of(&mut events, &attempt.id).await.connection_id.unwrap();
    server.on("/token", [grant("Bearer", 2)]);
    assert_eq!(world.grapnel.refresh(&id).await.unwrap_err().code, Code::ReconnectNeeded);
    let token = world.grapnel.token(&id, Duration::ZERO).await.unwrap();
    assert_eq!((token.value.expose_secret(), token.token_type), ("at1", AccessTokenType::Dpop));
}

#[tokio::test]
async fn an_exchange_that_binds_nothing_is_refused_if_the_app_requires_it() {
    let target = || TokenTarget { audiences: vec!["notes".into()], ..TokenTarget::default() };
    let wanted = (Duration::ZERO, false);
    for (dpop, is_refused) in [("required", true), ("true", false)] {
        let (world, server, id) = signed_in(dpop, BOUND).await;
        let id = id.unwrap();
        server.on("/token", [grant("Bearer", 2)]);
        let derived = world.grapnel.derived_token(&id, target(), wanted).await;
        assert_eq!(
            derived.err().map(|error| error.message.contains("did not bind")),
            is_refused.then_some(true)
        );
        let listed = world.grapnel.connection(&id).unwrap().derived_tokens;
        assert_eq!(listed[0].issued.is_none(), is_refused);
    }
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

/// The algorithm of a key on the curve P-256 (RFC 5480 §2.1.1), in DER.
const P256: &[u8] = &[
    0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
    0x01, 0x07,
];

/// All files of the data directory.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files_below(&path));
        } else {
            all.push(path);
        }
    }
    all
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
    drop(world.grapnel.idle().await);
    // The version and the algorithm of each P-256 key in PKCS#8 (RFC 5208 §5), in each form that it could have.
    let document = [&[0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13][..], P256].concat();
    let encoded = base64::prelude::BASE64_STANDARD.encode(&document);
    assert!(encoded.starts_with("MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEH"), "{encoded}");
    let forms = [document, encoded[..32].into(), BASE64.encode(P256)[..16].into(), b"PRIVATE KEY".to_vec()];
    let is_in_the_clear =
        |content: &[u8]| forms.iter().any(|form| memchr::memmem::find(content, form).is_some());
    assert!(is_in_the_clear(
        grapnel_oauth::dpop::DpopKey::generate().unwrap().text().expose_secret().as_bytes()
    ));
    assert!(!is_in_the_clear(shown.as_bytes()), "{shown}");
    let files = files_below(world.home.path());
    assert!(files.iter().any(|file| file.ends_with("grapnel.db")), "{files:?}");
    for file in files {
        assert!(!is_in_the_clear(&std::fs::read(&file).unwrap_or_default()), "{}", file.display());
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
