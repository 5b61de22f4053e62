//! Client authentication by a JWT, and pushed authorization requests: sign-in, refresh, introspection and revocation.

use std::time::Duration;

use grapnel_core::app::{App, NewApp};
use grapnel_core::authorize::SignInRequest;
use grapnel_model::connection::State;
use grapnel_model::error::Code;
use grapnel_model::revocation::Revocation;
use grapnel_model::secret::ExposeSecret;
use grapnel_tests::{Context, Result};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::server::Client;
use crate::world::{SCOPES, STAY, World};

/// Registers a native client with these members (RFC 7591); returns what the server answers.
pub(crate) async fn register(world: &World, own: &Value) -> Result<Value> {
    let mut client = json!({
        "application_type": "native",
        "redirect_uris": ["http://127.0.0.1/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    });
    let members = client.as_object_mut().context("members")?;
    members.extend(own.as_object().context("members")?.clone());
    let asking = reqwest::Client::builder().no_proxy().build()?;
    let request =
        asking.post(format!("{}/reg", world.server.issuer)).header("content-type", "application/json");
    let answer = request.body(client.to_string()).send().await?.text().await?;
    Ok(serde_json::from_str(&answer)?)
}

/// An app with a private key that Grapnel made, whose public half is registered as a person does it.
pub(crate) async fn app_with_key(
    world: &World,
    alg: &str,
    own: &[(&str, &str)],
    registered: &Value,
) -> Result<App> {
    let unknown = Client { id: "not-registered-yet".into(), secret: None };
    let key = [("client_auth", "private_key_jwt"), ("client_key_alg", alg), STAY];
    let app = world.add_app(&unknown, SCOPES, &[&key, own].concat()).await?;
    let keys: Value = serde_json::from_str(&world.grapnel.public_key(&app.id).await?)?;
    let mut members = json!({
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": alg,
        "jwks": keys,
    });
    members.as_object_mut().context("members")?.extend(registered.as_object().context("members")?.clone());
    let client = register(world, &members).await?;
    let id = client["client_id"].as_str().with_context(|| format!("not registered: {client}"))?;
    let app_id = app.id.clone();
    Ok(world.grapnel.change_app(&app_id, NewApp { client_id: id.to_owned(), ..app.into() }).await?)
}

/// Signs in, refreshes and disconnects; every request of the client is accepted.
async fn lives(world: World, app: &App) -> Result<()> {
    let id = world.connect(app).await?;
    let details = world.grapnel.connection(&id)?;
    assert_eq!(details.summary.state, State::Active);
    assert!(details.authorization.is_some(), "not introspected");
    let before = world.grapnel.token(&id, Duration::ZERO).await?.value;
    world.grapnel.refresh(&id).await?;
    let after = world.grapnel.token(&id, Duration::ZERO).await?.value;
    assert!(before.expose_secret() != after.expose_secret(), "not refreshed");
    let disconnected = world.grapnel.disconnect(&id).await?;
    assert_eq!(disconnected.revocation, Revocation::Done);
    assert_eq!(world.server.refusals().await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn a_client_with_a_private_key_of_each_algorithm_lives() -> Result<()> {
    for alg in ["ES256", "RS256", "PS256", "EdDSA"] {
        let world = World::new().await?;
        let app = app_with_key(&world, alg, &[], &json!({})).await?;
        lives(world, &app).await.with_context(|| alg.to_owned())?;
    }
    Ok(())
}

/// The server takes no JWT from the future, and none that has expired.
#[tokio::test]
async fn a_clock_that_is_ten_minutes_off_does_no_harm() -> Result<()> {
    for off in [10, -10].map(SignedDuration::from_mins) {
        let world = World::new().await?;
        world.clock.advance(off);
        let app = app_with_key(&world, "ES256", &[], &json!({})).await?;
        let id = world.connect(&app).await.with_context(|| format!("{off}"))?;
        world.grapnel.refresh(&id).await.with_context(|| format!("{off}"))?;
        assert_eq!(world.grapnel.disconnect(&id).await?.revocation, Revocation::Done);
    }
    Ok(())
}

#[tokio::test]
async fn the_clients_jwt_can_be_for_the_token_url() -> Result<()> {
    let world = World::new().await?;
    let app = app_with_key(&world, "ES256", &[("assertion_audience", "token_url")], &json!({})).await?;
    lives(world, &app).await
}

#[tokio::test]
async fn a_client_secret_signs_the_clients_jwt() -> Result<()> {
    let world = World::new().await?;
    let client = register(&world, &json!({ "token_endpoint_auth_method": "client_secret_jwt" })).await?;
    let text = |member: &str| client[member].as_str().map(str::to_owned);
    let client = Client { id: text("client_id").context("no ID")?, secret: text("client_secret") };
    let app = world.add_app(&client, SCOPES, &[("client_auth", "secret_jwt"), STAY]).await?;
    lives(world, &app).await
}

#[tokio::test]
async fn a_client_that_must_push_its_requests_signs_in() -> Result<()> {
    let world = World::new().await?;
    let must = json!({ "require_pushed_authorization_requests": true });
    let app = app_with_key(&world, "ES256", &[("par", "true")], &must).await?;
    let attempt = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await?;
    let link = world.grapnel.attempt_link(&attempt.id).await?;
    let link = link.expose_secret();
    assert!(link.contains("request_uri=") && !link.contains("code_challenge"), "{link}");
    world.grapnel.cancel_attempt(&attempt.id)?;
    lives(world, &app).await
}

#[tokio::test]
async fn a_client_that_must_sign_its_requests_signs_in() -> Result<()> {
    let must = json!({ "require_signed_request_object": true, "request_object_signing_alg": "ES256" });
    for par in ["false", "true"] {
        let world = World::new().await?;
        let app = app_with_key(&world, "ES256", &[("jar", "true"), ("par", par)], &must).await?;
        let attempt = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await?;
        let link = world.grapnel.attempt_link(&attempt.id).await?;
        let link = link.expose_secret();
        assert!(!link.contains("code_challenge"), "{link}");
        assert_eq!(link.contains("request="), par == "false", "{link}");
        world.grapnel.cancel_attempt(&attempt.id)?;
        lives(world, &app).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_public_client_pushes_its_requests() -> Result<()> {
    let world = World::new().await?;
    let app = world.add_app(&world.server.public.clone(), SCOPES, &[("par", "true"), STAY]).await?;
    lives(world, &app).await
}

#[tokio::test]
async fn a_pushed_request_that_is_refused_says_why_and_opens_no_browser() -> Result<()> {
    let world = World::new().await?;
    let app =
        app_with_key(&world, "ES256", &[("par", "true"), ("authorize.prompt", "none login")], &json!({}))
            .await?;
    let error = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await.unwrap_err();
    assert_eq!(error.code, Code::ProviderError, "{error:?}");
    assert!(error.message.contains("invalid_request"), "{error:?}");
    assert!(error.meaning.is_some_and(|meaning| meaning.contains("browser was not opened")));
    Ok(())
}

#[tokio::test]
async fn a_key_that_is_not_registered_is_told_with_what_to_do() -> Result<()> {
    let world = World::new().await?;
    let app = app_with_key(&world, "ES256", &[("par", "true")], &json!({})).await?;
    // The key is replaced here, and not at the server.
    let removed = [("client_key".to_owned(), None)].into();
    world.grapnel.change_app(&app.id, NewApp { secrets: removed, ..app.clone().into() }).await?;
    let error = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await.unwrap_err();
    assert_eq!(error.code, Code::InvalidClient, "{error:?}");
    assert!(error.hint.is_some_and(|hint| hint.contains("grapnel app key")));
    Ok(())
}
