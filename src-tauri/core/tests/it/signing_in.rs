//! A sign-in from its start to the connection.

use std::collections::HashSet;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use grapnel_core::authorize::SignInRequest;
use grapnel_model::attempt::Phase;
use grapnel_model::connection::State;
use grapnel_model::error::Code;
use grapnel_model::secret::ExposeSecret;
use grapnel_sandbox::{Consent, grigora};
use jiff::SignedDuration;

use crate::support::scripted_server::{Reply, Scripted, callback_of};
use crate::support::world::{World, again, end_of};

#[tokio::test]
async fn a_sign_in_creates_a_connection_with_its_account() {
    let world = World::new();
    let mut events = world.grapnel.events();
    let (attempt, callback) = world.attempt().await;
    world.grapnel.receive_callback(&callback).await.unwrap();
    let attempt = end_of(&mut events, &attempt.id).await;
    assert_eq!(attempt.phase, Phase::Done);

    let details = world.grapnel.connection(attempt.connection_id.as_ref().unwrap()).unwrap();
    assert_eq!(details.summary.state, State::Active);
    assert_eq!(details.summary.name, "Acme");
    assert_eq!(details.scopes.granted, grigora::SCOPES);
    assert!(!details.project_ids.is_empty());
    let account = details.account.unwrap();
    assert!(account.email.unwrap().contains('@') && !account.name.is_empty());
    assert_eq!(details.application.unwrap().display_name, grigora::APP_NAME);
    assert_eq!(details.authorization.unwrap().project_ids, details.project_ids);
    let held = details.tokens.unwrap();
    assert!(held.access.prefix.starts_with("gri_at_") && held.refresh.unwrap().prefix.starts_with("gri_rt_"));
    assert_eq!(held.expires_at.unwrap(), held.issued_at + SignedDuration::from_hours(1));
    assert_eq!(details.error, None);
    assert!(details.deviations.is_empty());
    assert!(world.sandbox.departures().is_empty(), "{:?}", world.sandbox.departures().all());
}

#[tokio::test]
async fn an_app_can_have_many_connections() {
    let world = World::new();
    world.connect().await;
    world.connect().await;
    let names: Vec<_> = world.grapnel.connections().unwrap().into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["Acme", "Acme 2"]);
}

#[tokio::test]
async fn a_reconnect_updates_the_connection() {
    let world = World::new();
    let id = world.connect().await;
    let app = world.grapnel.apps().unwrap().pop().unwrap();
    let before = world.grapnel.connection(&id).unwrap().tokens.unwrap();
    let attempt = world.grapnel.start_attempt(&app.id, &again(&id)).await.unwrap();
    let callback = world.visit(&attempt.id).await;
    world.grapnel.receive_callback(&callback).await.unwrap();
    let after = world.grapnel.connection(&id).unwrap().tokens.unwrap();
    assert_ne!(before.access.fingerprint, after.access.fingerprint);
    assert_eq!(world.grapnel.connections().unwrap().len(), 1);
}

#[tokio::test]
async fn a_denial_is_not_a_failure() {
    let world = World::new();
    world.sandbox.set_grigora_consent(Consent::Cancel);
    let mut events = world.grapnel.events();
    let (attempt, callback) = world.attempt().await;
    assert_eq!(world.grapnel.receive_callback(&callback).await.unwrap_err().code, Code::AccessDenied);
    let attempt = end_of(&mut events, &attempt.id).await;
    assert_eq!(attempt.phase, Phase::Denied);
    insta::assert_json_snapshot!(attempt.error);
    let came = |attempt: &grapnel_model::attempt::Attempt| {
        attempt.exchange[1]
            .parameters
            .iter()
            .map(|one| format!("{}={}", one.name, one.value))
            .collect::<Vec<_>>()
    };
    assert_eq!(came(&attempt)[0], "error=access_denied");
    assert!(!came(&attempt).iter().any(|one| one.starts_with("code=")));
    assert_eq!(came(&world.grapnel.attempt(&attempt.id).unwrap()), came(&attempt));
    assert!(world.grapnel.connections().unwrap().is_empty());
}

#[tokio::test]
async fn a_wrong_secret_is_reported() {
    let world = World::new();
    let mut new = world.new_app();
    new.client_secret = Some(grapnel_model::secret::SecretInput("not-the-secret".into()));
    world.grapnel.add_app(new).await.unwrap();
    let (_, callback) = world.attempt().await;
    let error = world.grapnel.receive_callback(&callback).await.unwrap_err();
    assert_eq!(error.code, Code::InvalidClient);
    insta::assert_json_snapshot!(error);
}

#[tokio::test]
async fn an_expired_code_is_reported() {
    let world = World::new();
    let (_, callback) = world.attempt().await;
    world.sandbox.clock().advance(std::time::Duration::from_secs(601));
    let error = world.grapnel.receive_callback(&callback).await.unwrap_err();
    insta::assert_json_snapshot!(error);
}

#[tokio::test]
async fn the_callback_can_start_the_program() {
    let mut world = World::new();
    let (_, callback) = world.attempt().await;
    world.start_again();
    assert_eq!(world.grapnel.attempts().unwrap().len(), 1);
    world.grapnel.receive_callback(&callback).await.unwrap();
    assert_eq!(world.grapnel.connections().unwrap().len(), 1);
}

#[tokio::test]
async fn requested_projects_are_in_the_authorization_request() {
    let world = World::new();
    let mut new = world.new_app();
    new.projects = vec!["proj_1".into(), " proj_2 ".into()];
    let app = world.grapnel.add_app(new).await.unwrap();
    let attempt = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await.unwrap();
    let link = world.grapnel.attempt_link(&attempt.id).await.unwrap();
    assert!(link.expose_secret().contains("project_ids=proj_1%2Cproj_2"));
}

#[tokio::test]
async fn an_attempt_ends_when_cancelled_or_timed_out() {
    let mut world = World::new();
    let (cancelled, _) = world.attempt().await;
    let mut events = world.grapnel.events();
    world.grapnel.cancel_attempt(&cancelled.id).unwrap();
    assert_eq!(end_of(&mut events, &cancelled.id).await.phase, Phase::Cancelled);
    assert_eq!(world.grapnel.attempt_link(&cancelled.id).await.unwrap_err().code, Code::CallbackLate);

    let (forgotten, _) = world.attempt().await;
    world.pass(SignedDuration::from_mins(11));
    // The timer of the first process still sleeps for ten minutes; a process that starts later finds it overdue.
    world.start_again();
    let mut events = world.grapnel.events();
    assert_eq!(end_of(&mut events, &forgotten.id).await.phase, Phase::TimedOut);
}

#[tokio::test]
async fn a_connection_cannot_be_reconnected_through_another_app() {
    let world = World::new();
    let id = world.connect().await;
    let new = grapnel_core::app::NewApp { name: "Other".into(), ..world.new_app() };
    let other = world.grapnel.add_app(new).await.unwrap();
    assert_eq!(world.grapnel.start_attempt(&other.id, &again(&id)).await.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn removing_an_app_cancels_its_waiting_attempts() {
    let world = World::new();
    let (attempt, _) = world.attempt().await;
    let mut events = world.grapnel.events();
    world.grapnel.remove_app(&attempt.app_id).unwrap();
    assert_eq!(end_of(&mut events, &attempt.id).await.phase, Phase::Cancelled);
}

/// RFC 7636 §4.2: BASE64URL-ENCODE(SHA256(ASCII(code_verifier))).
fn s256(verifier: &str) -> String {
    BASE64.encode(digest(&SHA256, verifier.as_bytes()))
}

#[tokio::test]
async fn the_challenge_is_s256_of_the_verifier_that_the_exchange_sends() {
    // Appendix B.
    assert_eq!(
        s256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    );
    let (world, server) = (World::new(), Scripted::start().await);
    server.on("/token", [Reply::json(200, r#"{"access_token":"one-token","expires_in":3600}"#)]);
    let app = world.grapnel.add_app(server.new_app(&[])).await.unwrap();
    let mut verifiers = HashSet::new();
    for _ in 0..2 {
        let attempt = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await.unwrap();
        let link = world.grapnel.attempt_link(&attempt.id).await.unwrap();
        let link = url::Url::parse(link.expose_secret()).unwrap();
        let sent: Vec<(String, String)> =
            link.query_pairs().into_owned().filter(|(name, _)| name.starts_with("code_challenge")).collect();
        let callback = callback_of(&world.grapnel, &attempt.id, "code=k").await;
        world.grapnel.receive_callback(&callback).await.unwrap();
        let exchange = server.received("/token").pop().unwrap().form();
        let verifier = &exchange.iter().find(|(name, _)| name == "code_verifier").unwrap().1;
        let [challenge, method] = sent.try_into().unwrap();
        assert_eq!(method, ("code_challenge_method".into(), "S256".into()));
        assert_eq!(challenge, ("code_challenge".into(), s256(verifier)));
        // 256 bits of randomness (§7.1), in characters that §4.1 allows.
        assert!((43..=128).contains(&verifier.len()), "{verifier}");
        assert!(verifier.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)), "{verifier}");
        assert!(verifiers.insert(verifier.clone()), "it is never the same");
    }
}
