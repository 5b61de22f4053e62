//! Token lifetimes that the response does not state completely, and the notification before a new sign-in is due.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use grapnel_core::clock::Clock;
use grapnel_model::connection::ExpirySource;
use grapnel_model::secret::ExposeSecret;
use jiff::{SignedDuration, Timestamp};

use crate::support::keep_alive::keep_alive;
use crate::support::scripted_server::{Reply, Scripted, sign_in};
use crate::support::world::World;

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn jwt(end: Timestamp) -> String {
    let claims = format!(r#"{{"sub":"1","exp":{}}}"#, end.as_second());
    format!("eyJhbGciOiJFUzUxMiJ9.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims))
}

#[tokio::test]
async fn without_expires_in_the_exp_claim_is_the_expiry() {
    let (world, server) = (World::new(), Scripted::start().await);
    let (first, second) =
        (jwt(world.clock.now() + SignedDuration::from_secs(30)), jwt(world.clock.now() + DAY));
    let grant =
        |token: &str| Reply::json(200, format!(r#"{{"access_token":"{token}","refresh_token":"r"}}"#));
    server.on("/token", [grant(&first), grant(&second)]);
    let app = world.grapnel.add_app(server.new_app(&[])).await.unwrap();
    let id = sign_in(&world.grapnel, &app).await.unwrap();
    assert_eq!(
        world.grapnel.connection(&id).unwrap().tokens.unwrap().expiry_source,
        ExpirySource::TokenClaim
    );
    world.clock.advance(SignedDuration::from_secs(40));
    assert_eq!(world.grapnel.token(&id, Duration::ZERO).await.unwrap().value.expose_secret(), second);
    // A longer `min_valid` causes a refresh.
    world.clock.advance(SignedDuration::from_hours(23));
    let asked = server.received("/token").len();
    world.grapnel.token(&id, Duration::from_secs(7_200)).await.unwrap();
    assert_eq!(server.received("/token").len(), asked + 1);
}

#[tokio::test]
async fn introspection_supplies_an_opaque_tokens_expiry() {
    let (world, server) = (World::new(), Scripted::start().await);
    let end = world.clock.now() + SignedDuration::from_secs(90);
    server.on("/token", [Reply::json(200, r#"{"access_token":"opaque-one","refresh_token":"r"}"#)]);
    server.on("/introspect", [Reply::json(200, format!(r#"{{"active":true,"exp":{}}}"#, end.as_second()))]);
    let url = format!("{}/introspect", server.origin);
    let app = world.grapnel.add_app(server.new_app(&[("introspection_url", &url)])).await.unwrap();
    let id = sign_in(&world.grapnel, &app).await.unwrap();
    let held = world.grapnel.connection(&id).unwrap().tokens.unwrap();
    assert_eq!(
        (held.expires_at.unwrap().as_second(), held.expiry_source),
        (end.as_second(), ExpirySource::Introspection)
    );
    world.clock.advance(SignedDuration::from_secs(100));
    server.on("/token", [Reply::json(200, r#"{"access_token":"opaque-two","refresh_token":"r"}"#)]);
    assert_eq!(world.grapnel.token(&id, Duration::ZERO).await.unwrap().value.expose_secret(), "opaque-two");
    let held = world.grapnel.connection(&id).unwrap().tokens.unwrap();
    assert!(held.expires_at.is_some(), "the next token lives as long, as far as is known");
}

#[tokio::test]
async fn a_refresh_token_that_expires_first_is_used_in_time() {
    let (world, server) = (World::new(), Scripted::start().await);
    let grant =
        r#"{"access_token":"one-token","refresh_token":"r","expires_in":3600,"refresh_expires_in":40}"#;
    server.on("/token", [Reply::json(200, grant)]);
    let app = world.grapnel.add_app(server.new_app(&[])).await.unwrap();
    let id = sign_in(&world.grapnel, &app).await.unwrap();
    let _keeper = keep_alive(&world);
    world.clock.settled().await;
    world.clock.advance(SignedDuration::from_secs(35));
    world.clock.settled().await;
    let held = world.grapnel.connection(&id).unwrap().tokens.unwrap();
    assert_eq!(held.refresh_count, 1);
    assert!(held.refresh_expires_at.unwrap() > world.clock.now());
}

#[tokio::test]
async fn shrinking_lifetimes_cause_no_refresh_loop() {
    let (world, server) = (World::new(), Scripted::start().await);
    let grant = |life: u32| {
        let body = format!(
            r#"{{"access_token":"one-token","refresh_token":"r","expires_in":{life},"refresh_expires_in":{life}}}"#
        );
        Reply::json(200, body)
    };
    server.on("/token", [90, 60, 40, 25, 21, 10, 5, 3, 1].map(grant));
    let app = world.grapnel.add_app(server.new_app(&[])).await.unwrap();
    sign_in(&world.grapnel, &app).await.unwrap();
    let _keeper = keep_alive(&world);
    for _ in 0..60 {
        world.clock.advance(SignedDuration::from_secs(5));
        tokio::task::yield_now().await;
    }
    let asked = server.received("/token").len();
    assert!(asked <= 7, "{asked} in five minutes");
}

#[tokio::test]
async fn a_due_sign_in_is_notified_days_before_and_once() {
    let (world, server) = (World::new(), Scripted::start().await);
    let grant =
        |rest: &str| Reply::json(200, format!(r#"{{"access_token":"one-token","expires_in":{rest}}}"#));
    server.on(
        "/token",
        [grant("5184000"), grant(r#"3600,"refresh_token":"r","refresh_token_expires_in":5184000"#)],
    );
    let app = world.grapnel.add_app(server.new_app(&[])).await.unwrap();
    let alone = sign_in(&world.grapnel, &app).await.unwrap();
    let rotating = sign_in(&world.grapnel, &app).await.unwrap();
    let told = || {
        world.grapnel.take_pending_notifications().unwrap().into_iter().map(|one| one.id).collect::<Vec<_>>()
    };
    assert!(told().is_empty());
    world.clock.advance(DAY * 54);
    // The same refresh token keeps its expiry.
    server.on("/token", [grant(r#"3600,"refresh_token":"r","refresh_token_expires_in":518400"#)]);
    world.grapnel.refresh(&rotating).await.unwrap();
    for id in [&alone, &rotating] {
        let due = world.grapnel.connection(id).unwrap().summary.sign_in_due.unwrap();
        let left = world.clock.now().duration_until(due);
        assert!((DAY * 5..=DAY * 6).contains(&left), "{left:#}");
    }
    let mut news = told();
    news.sort();
    let mut both = [alone.clone(), rotating.clone()];
    both.sort();
    assert_eq!(news, both);
    assert!(told().is_empty(), "told twice");
    world.grapnel.refresh(&rotating).await.unwrap();
    assert!(told().is_empty(), "told again after a refresh");
    assert!(
        world.second_start().take_pending_notifications().unwrap().is_empty(),
        "told again after a start"
    );
}
