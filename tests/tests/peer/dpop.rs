//! Tokens that are bound to a key of the connection (DPoP), at a server that demands its nonce in each proof.

use std::time::Duration;

use grapnel_core::Grapnel;
use grapnel_core::api_request::{ApiRequest, RequestBody, Waiting};
use grapnel_core::app::App;
use grapnel_core::archive::{Export, Import};
use grapnel_core::authorize::SignInRequest;
use grapnel_model::access_token::AccessTokenType;
use grapnel_model::attempt::Phase;
use grapnel_model::id::ConnectionId;
use grapnel_model::revocation::Revocation;
use grapnel_model::secret::ExposeSecret;
use grapnel_tests::{Context, Result};
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::json;

use crate::browser::{self, Person};
use crate::client_authentication::{app_with_key, register};
use crate::server::Client;
use crate::world::{SCOPES, STAY, World, end_of};

const BOUND: (&str, &str) = ("dpop", "required");

/// A public client that must bind its tokens, and its app.
async fn public_app(world: &World) -> Result<(Client, App)> {
    let must = json!({ "token_endpoint_auth_method": "none", "dpop_bound_access_tokens": true });
    let client = register(world, &must).await?;
    let id = client["client_id"].as_str().context("no ID")?.to_owned();
    let client = Client { id, secret: None };
    let app = world.add_app(&client, SCOPES, &[BOUND, STAY]).await?;
    Ok((client, app))
}

/// The status of the server's userinfo endpoint for a request of a person.
pub(crate) async fn call(grapnel: &Grapnel, id: &ConnectionId, issuer: &str) -> Result<StatusCode> {
    let api = grapnel.api(id, Vec::new());
    let url = api.resolve(&format!("{issuer}/me?page=1"))?;
    let body = RequestBody::Bytes(Vec::new().into());
    let request = ApiRequest { method: Method::GET, url, headers: HeaderMap::new(), body };
    let waiting =
        Waiting { response: Duration::from_secs(20), retry_after: Duration::ZERO, on_retry: &|_, _| () };
    Ok(api.send(request, &waiting).await?.status())
}

/// The thumbprint of the key that a connection's access token is bound to.
fn thumbprint(grapnel: &Grapnel, id: &ConnectionId) -> Result<String> {
    let tokens = grapnel.connection(id)?.tokens.context("no tokens")?;
    tokens.dpop.context("a bearer token")
}

/// What the server refused other than for want of its nonce.
async fn refusals(world: World) -> Result<Vec<String>> {
    let all = world.server.refusals().await?;
    Ok(all.into_iter().filter(|one| !one.contains("use_dpop_nonce")).collect())
}

/// Account, request, refresh and revocation.
async fn lives(world: World, id: &ConnectionId) -> Result<()> {
    let issuer = world.server.issuer.clone();
    assert_eq!(world.grapnel.connection(id)?.account.context("no account")?.id, browser::ACCOUNT);
    assert_eq!(call(&world.grapnel, id, &issuer).await?, StatusCode::OK);
    let key = thumbprint(&world.grapnel, id)?;
    let before = world.grapnel.token(id, Duration::ZERO).await?;
    assert_eq!(before.token_type, AccessTokenType::Dpop);
    world.grapnel.refresh(id).await?;
    let after = world.grapnel.token(id, Duration::ZERO).await?;
    assert!(before.value.expose_secret() != after.value.expose_secret(), "not refreshed");
    assert_eq!(thumbprint(&world.grapnel, id)?, key, "the key stays");
    assert_eq!(call(&world.grapnel, id, &issuer).await?, StatusCode::OK);
    assert_eq!(world.grapnel.disconnect(id).await?.revocation, Revocation::Done);
    assert_eq!(refusals(world).await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn a_public_client_with_bound_tokens_lives() -> Result<()> {
    let world = World::new().await?;
    let (_, app) = public_app(&world).await?;
    let attempt = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await?;
    let link = world.grapnel.attempt_link(&attempt.id).await?;
    assert!(link.expose_secret().contains("dpop_jkt="));
    world.grapnel.cancel_attempt(&attempt.id)?;
    let id = world.connect(&app).await?;
    lives(world, &id).await
}

/// The FAPI 2.0 Security Profile with DPoP: pushed requests, `private_key_jwt`, bound tokens.
#[tokio::test]
async fn a_client_by_fapi_2_lives() -> Result<()> {
    let world = World::new().await?;
    let must = json!({ "require_pushed_authorization_requests": true, "dpop_bound_access_tokens": true });
    let app = app_with_key(&world, "ES256", &[("par", "true"), BOUND], &must).await?;
    let id = world.connect(&app).await?;
    lives(world, &id).await
}

#[tokio::test]
async fn a_device_and_a_service_get_bound_tokens() -> Result<()> {
    let world = World::new().await?;
    let client = world.server.public.clone();
    let app = world.add_app(&client, SCOPES, &[("grant_type", "device_code"), BOUND]).await?;
    let mut events = world.grapnel.events();
    let attempt = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await?;
    let prompt = world.grapnel.device_prompt(&attempt.id).await?;
    browser::approve(&prompt.link.context("no link")?, Person::SignsInAndAgrees).await?;
    world.clock.advance(jiff::SignedDuration::from_secs(12));
    let attempt = end_of(&mut events, &attempt.id).await?;
    let id = attempt.connection_id.with_context(|| format!("{:?}", attempt.error))?;
    thumbprint(&world.grapnel, &id)?;

    let service = world.server.service.clone();
    let app = world.add_app(&service, "notes:read", &[("grant_type", "client_credentials"), BOUND]).await?;
    let attempt = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await?;
    let attempt = end_of(&mut events, &attempt.id).await?;
    assert_eq!(attempt.phase, Phase::Done, "{:?}", attempt.error);
    let id = attempt.connection_id.context("no connection")?;
    let key = thumbprint(&world.grapnel, &id)?;
    world.grapnel.refresh(&id).await?;
    assert_eq!(thumbprint(&world.grapnel, &id)?, key);
    Ok(())
}

/// What was stolen is of no use: neither the access token alone, nor the refresh token of a public client.
#[tokio::test]
async fn stolen_tokens_are_useless() -> Result<()> {
    let mut world = World::new().await?;
    let (client, app) = public_app(&world).await?;
    let id = world.connect(&app).await?;
    let refresh_token = world.server.issued("refresh_token").await?;
    let form = [("grant_type", "refresh_token"), ("refresh_token", &refresh_token)];
    let (status, reply) = world.ask(&client, "/token", &form).await?;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{reply}");
    let token = world.grapnel.token(&id, Duration::ZERO).await?.value;
    let asking = reqwest::Client::builder().no_proxy().build()?;
    for scheme in ["Bearer", "DPoP"] {
        let request = asking.get(format!("{}/me", world.server.issuer));
        let header = format!("{scheme} {}", token.expose_secret());
        let response = request.header(header::AUTHORIZATION, header).send().await?;
        assert!(response.status().is_client_error(), "{scheme}: {}", response.status());
    }
    Ok(())
}

/// Token and proof, as a person's own program sends them.
#[tokio::test]
async fn a_proof_for_a_program_is_accepted_for_its_request_only() -> Result<()> {
    let world = World::new().await?;
    let (_, app) = public_app(&world).await?;
    let id = world.connect(&app).await?;
    let api = world.grapnel.api(&id, Vec::new());
    let (url, me) =
        (api.resolve(&format!("{}/me", world.server.issuer))?, format!("{}/me", world.server.issuer));
    let asking = reqwest::Client::builder().no_proxy().build()?;
    let mut nonce = None;
    for (method, expected) in [
        // Without the nonce, which the answer has.
        (Method::GET, StatusCode::UNAUTHORIZED),
        (Method::GET, StatusCode::OK),
        (Method::POST, StatusCode::UNAUTHORIZED),
    ] {
        let proven = api.prove(&method, &url, None, (nonce.as_deref(), Duration::ZERO)).await?;
        let token = format!("DPoP {}", proven.token.value.expose_secret());
        let request =
            asking.get(&me).header(header::AUTHORIZATION, token).header("dpop", proven.proof.expose_secret());
        let response = request.send().await?;
        assert_eq!(response.status(), expected, "{method}");
        let new = response.headers().get("dpop-nonce").map(|value| value.to_str().map(str::to_owned));
        nonce = new.transpose()?.or(nonce);
    }
    let elsewhere =
        api.prove(&Method::GET, &"https://evil.example/me".parse()?, None, (None, Duration::ZERO)).await;
    assert_eq!(elsewhere.unwrap_err().field.as_deref(), Some("url"));
    Ok(())
}

#[tokio::test]
async fn an_archive_carries_the_key() -> Result<()> {
    let (world, other) = (World::new().await?, World::new().await?);
    let (_, app) = public_app(&world).await?;
    let id = world.connect(&app).await?;
    let home = tempfile::tempdir()?;
    let (file, passphrase) = (home.path().join("a.age"), "harbour lamp eleven moss");
    let export = Export {
        file: file.clone(),
        passphrase: passphrase.into(),
        with_tokens: true,
        moves: true,
        force: false,
    };
    world.grapnel.export(export).await?;
    assert!(world.grapnel.connection(&id)?.tokens.is_none());
    let archive = other.grapnel.open_archive(&file, &passphrase.into()).await?;
    other.grapnel.import(&archive, Import { with_tokens: true, dry_run: false }).await?;
    assert_eq!(call(&other.grapnel, &id, &world.server.issuer).await?, StatusCode::OK);
    other.grapnel.refresh(&id).await?;
    assert_eq!(call(&other.grapnel, &id, &world.server.issuer).await?, StatusCode::OK);
    Ok(())
}
