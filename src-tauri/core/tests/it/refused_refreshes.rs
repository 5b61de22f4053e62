//! Refused refreshes: an invalid refresh token needs a new sign-in, at once or after repetitions; a valid one keeps
//! working.

use std::time::Duration;

use grapnel_core::app::NewApp;
use grapnel_model::connection::State;
use grapnel_model::error::Code;
use grapnel_model::id::ConnectionId;
use grapnel_model::secret::{ExposeSecret, SecretInput};
use jiff::SignedDuration;

use crate::support::scripted_server::{Reply, Scripted, sign_in};
use crate::support::world::World;

const GRANT: &str =
    r#"{"access_token":"first-token","token_type":"bearer","refresh_token":"r1","expires_in":3600}"#;

/// A connection whose refreshes get these responses from now on.
async fn connected(values: &[(&str, &str)]) -> (World, Scripted, ConnectionId) {
    let (world, server) = (World::new(), Scripted::start().await);
    server.on("/token", [Reply::json(200, GRANT)]);
    let new = NewApp { client_secret: Some(SecretInput("a-wrong-secret".into())), ..server.new_app(values) };
    let app = world.grapnel.add_app(new).await.unwrap();
    let id = sign_in(&world.grapnel, &app).await.unwrap();
    (world, server, id)
}

fn state(world: &World, id: &ConnectionId) -> State {
    world.grapnel.connection(id).unwrap().summary.state
}

#[tokio::test]
async fn each_error_code_for_an_invalid_refresh_token_is_final() {
    let (world, server, id) = connected(&[]).await;
    let refusals = [
        (400, r#"{"error":"invalid_grant"}"#),
        (200, r#"{"error":"bad_refresh_token","error_description":"expired"}"#),
        (400, r#"{"error":"bad_refresh_token"}"#),
        (400, r#"{"error":"interaction_required","suberror":"token_expired"}"#),
        (400, r#"{"error":"login_required"}"#),
        (400, r#"{"error":"consent_required"}"#),
        (400, r#"{"error":"invalid_refresh_token"}"#),
        (400, r#"{"error":"refresh_token_expired"}"#),
        (200, r#"{"ok":false,"error":"token_revoked"}"#),
        (400, r#"{"error":"token_expired"}"#),
        (401, r#"{"error":"invalid_token"}"#),
        (400, r#"{"message":"Invalid refresh token"}"#),
        (400, r#"{"error":{"code":"InvalidGrant","message":"gone"}}"#),
    ];
    for (status, body) in refusals {
        server.on("/token", [Reply::json(status, body)]);
        let error = world.grapnel.refresh(&id).await.unwrap_err();
        assert_eq!(
            (error.code, state(&world, &id)),
            (Code::ReconnectNeeded, State::ReconnectNeeded),
            "{body}"
        );
        assert!(error.message.contains(&format!("status {status}")), "{}", error.message);
        // The known failure is returned without another request.
        let asked = server.received("/token").len();
        world.clock.advance(SignedDuration::from_hours(2));
        assert_eq!(world.grapnel.token(&id, Duration::ZERO).await.unwrap_err().code, Code::ReconnectNeeded);
        assert_eq!(server.received("/token").len(), asked);
        server.on("/token", [Reply::json(200, GRANT)]);
        world.grapnel.refresh(&id).await.unwrap();
    }
    let challenge = r#"Bearer error="invalid_token""#;
    server.on("/token", [Reply::new(401, "text/plain", "no").header("WWW-Authenticate", challenge)]);
    assert_eq!(world.grapnel.refresh(&id).await.unwrap_err().code, Code::ReconnectNeeded);
}

#[tokio::test]
async fn an_unknown_refusal_is_final_when_repeated() {
    let odd = [
        Reply::json(400, ""),
        Reply::new(401, "text/plain", "Unauthorized"),
        Reply::new(403, "text/html", "<h1>Forbidden</h1>"),
        Reply::json(410, "{}"),
        Reply::json(400, r#"{"error":"mercury_in_retrograde"}"#),
        Reply::json(400, r#"{"error":{"message":"Session has expired","code":190}}"#),
    ];
    for reply in odd {
        let (world, server, id) = connected(&[]).await;
        // An unavailable server in between does not count.
        let down = Reply::json(503, "");
        server.on("/token", [reply.clone(), reply.clone(), down, reply]);
        for _ in 0..3 {
            let error = world.grapnel.refresh(&id).await.unwrap_err();
            assert_eq!(state(&world, &id), State::Retrying, "{}", error.message);
            assert_eq!(
                world.grapnel.token(&id, Duration::ZERO).await.unwrap().value.expose_secret(),
                "first-token"
            );
        }
        let error = world.grapnel.refresh(&id).await.unwrap_err();
        assert_eq!((error.code, state(&world, &id)), (Code::ReconnectNeeded, State::ReconnectNeeded));
        assert!(error.message.contains("status 4"), "{}", error.message);
    }
}

#[tokio::test]
async fn an_unknown_refusal_is_final_once_the_access_token_has_expired() {
    let (world, server, id) = connected(&[]).await;
    server.on("/token", [Reply::json(400, "")]);
    world.clock.advance(SignedDuration::from_hours(2));
    let error = world.grapnel.token(&id, Duration::ZERO).await.unwrap_err();
    assert_eq!((error.code, state(&world, &id)), (Code::ReconnectNeeded, State::ReconnectNeeded));
}

#[tokio::test]
async fn an_unavailable_provider_is_never_a_refusal() {
    let (world, server, id) = connected(&[]).await;
    world.clock.advance(SignedDuration::from_hours(2));
    for status in [408, 425, 429, 500, 502, 503, 504] {
        server.on("/token", [Reply::json(status, "")]);
        for _ in 0..4 {
            world.grapnel.refresh(&id).await.unwrap_err();
            assert_eq!(state(&world, &id), State::Retrying, "{status}");
        }
    }
}

#[tokio::test]
async fn a_refused_client_is_retried_once_the_app_is_corrected() {
    let (world, server, id) = connected(&[]).await;
    server.on("/token", [Reply::json(401, r#"{"error":"invalid_client"}"#)]);
    let error = world.grapnel.refresh(&id).await.unwrap_err();
    assert_eq!((error.code, state(&world, &id)), (Code::InvalidClient, State::ReconnectNeeded));
    world.clock.advance(SignedDuration::from_hours(2));
    let asked = server.received("/token").len();
    assert_eq!(world.grapnel.token(&id, Duration::ZERO).await.unwrap_err().code, Code::InvalidClient);
    assert_eq!(server.received("/token").len(), asked, "nothing changed that could help");

    let app = world.grapnel.apps().unwrap().pop().unwrap();
    let new = |name: &str, secret: Option<&str>| NewApp {
        name: name.into(),
        client_secret: secret.map(|secret| SecretInput(secret.into())),
        ..server.new_app(&[])
    };
    world.grapnel.change_app(&app.id, new("Another name", None)).await.unwrap();
    assert_eq!(state(&world, &id), State::ReconnectNeeded, "a name says nothing to the provider");
    world.grapnel.change_app(&app.id, new("Another name", Some("the-right-secret"))).await.unwrap();
    assert_eq!(state(&world, &id), State::Expired);
    server.on("/token", [Reply::json(200, GRANT.replace("first", "second"))]);
    let token = world.grapnel.token(&id, Duration::ZERO).await.unwrap().value;
    assert_eq!(token.expose_secret(), "second-token");
}

#[tokio::test]
async fn a_refused_scope_is_final_for_a_refresh() {
    let (world, server, id) = connected(&[]).await;
    for code in ["invalid_scope", "invalid_target"] {
        server.on("/token", [Reply::json(400, format!(r#"{{"error":"{code}"}}"#))]);
        let error = world.grapnel.refresh(&id).await.unwrap_err();
        assert_eq!((error.code, state(&world, &id)), (Code::ReconnectNeeded, State::ReconnectNeeded));
        assert!(error.hint.unwrap().contains("scopes and resource"));
    }
}

#[tokio::test]
async fn the_loser_of_a_rotation_race_records_nothing() {
    let (world, server, id) = connected(&[]).await;
    let other = world.second_start();
    let second = Reply::json(200, GRANT.replace("first", "second").replace("r1", "r2"));
    server.on("/token", [second, Reply::json(400, r#"{"error":"invalid_request"}"#)]);
    let (one, two) = tokio::join!(
        world.grapnel.token(&id, Duration::from_secs(86_400)),
        other.token(&id, Duration::from_secs(86_400)),
    );
    for token in [one.unwrap(), two.unwrap()] {
        assert!(["first-token", "second-token"].contains(&token.value.expose_secret()));
    }
    world.clock.advance(SignedDuration::from_mins(59));
    server.on(
        "/token",
        [
            Reply::json(200, GRANT.replace("first", "third")),
            Reply::json(400, r#"{"error":"invalid_request"}"#),
        ],
    );
    let minute = Duration::from_secs(120);
    let (one, two) = tokio::join!(world.grapnel.token(&id, minute), other.token(&id, minute));
    assert_eq!(
        (one.unwrap().value.expose_secret(), two.unwrap().value.expose_secret()),
        ("third-token", "third-token")
    );
    assert_eq!(world.grapnel.connection(&id).unwrap().error, None);
}

#[tokio::test]
async fn repeated_failures_share_one_counted_entry() {
    let (world, server, id) = connected(&[]).await;
    server.on("/token", [Reply::json(503, "")]);
    world.clock.advance(SignedDuration::from_hours(2));
    for _ in 0..3 {
        world.grapnel.token(&id, Duration::ZERO).await.unwrap_err();
        world.clock.advance(SignedDuration::from_hours(1));
    }
    let told = world.grapnel.activity(Some(&id), None).unwrap();
    let failed: Vec<&str> =
        told.iter().map(|one| one.text.as_str()).filter(|text| text.contains("503")).collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(failed[0].contains("3 attempts have failed"), "{failed:?}");
}
