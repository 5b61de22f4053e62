//! Django OAuth Toolkit: the device authorization grant, and the code grant with PKCE, at a whole server by other
//! authors.

use std::time::Duration;

use grapnel_core::app::App;
use grapnel_core::authorize::SignInRequest;
use grapnel_model::attempt::{Attempt, Phase};
use grapnel_model::connection::State;
use grapnel_model::error::Code;
use grapnel_model::id::ConnectionId;
use grapnel_model::provider::GrantType;
use grapnel_model::revocation::Revocation;
use grapnel_model::secret::ExposeSecret;
use grapnel_tests::{Context, Result};
use jiff::SignedDuration;

use crate::browser::{self, Person};
use crate::django_pages;
use crate::server::{Client, Server};
use crate::world::{World, end_of};

const SCOPES: &str = "openid notes:read";

async fn world() -> Result<World> {
    World::at(Server::start_python("django_server.py").await?)
}

/// An app for the device grant. The server's metadata names the grant, but not the endpoint.
async fn device_app(world: &World, client: &Client) -> Result<App> {
    let endpoint = format!("{}/device-authorization/", world.server.issuer);
    let own = [("grant_type", "device_code"), ("device_authorization_url", endpoint.as_str())];
    world.add_app(client, SCOPES, &own).await
}

async fn sign_in_by_code(world: &World, app: &App, person: Person) -> Result<Attempt> {
    let mut events = world.grapnel.events();
    let attempt = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await?;
    let prompt = world.grapnel.device_prompt(&attempt.id).await?;
    // The first poll comes too early for the person.
    world.clock.advance(SignedDuration::from_secs(6));
    django_pages::visit(&world.server.issuer, &prompt.link.context("no link")?, person).await?;
    world.clock.advance(SignedDuration::from_secs(12));
    end_of(&mut events, &attempt.id).await
}

async fn sign_in_by_browser(world: &World, app: &App, person: Person) -> Result<Attempt> {
    let mut events = world.grapnel.events();
    let attempt = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await?;
    let link = world.grapnel.attempt_link(&attempt.id).await?;
    let callback = django_pages::visit(&world.server.issuer, link.expose_secret(), person).await?;
    browser::come_home(&callback.context("the browser did not leave the server")?).await?;
    end_of(&mut events, &attempt.id).await
}

/// Checks a new connection, refreshes it twice, and revokes its tokens.
async fn lives(world: &World, attempt: Attempt, grant: GrantType) -> Result<()> {
    assert_eq!(attempt.phase, Phase::Done, "{:?}", attempt.error);
    let id = attempt.connection_id.context("no connection")?;
    let details = world.grapnel.connection(&id)?;
    assert_eq!((details.summary.state, details.error), (State::Active, None));
    assert!(details.scopes.missing.is_empty(), "{:?}", details.scopes);
    let first = token(world, &id).await?;
    assert!(is_active(world, &first).await?);
    for count in 1..=2 {
        world.grapnel.refresh(&id).await?;
        let tokens = world.grapnel.connection(&id)?.tokens.context("no tokens")?;
        assert_eq!((tokens.refresh_count, tokens.grant_type), (count, grant));
    }
    let last = token(world, &id).await?;
    assert_ne!(first, last);
    assert!(!is_active(world, &first).await?, "the server ends the old token at a refresh");
    assert!(is_active(world, &last).await?);
    assert_eq!(world.grapnel.disconnect(&id).await?.revocation, Revocation::Done);
    assert!(!is_active(world, &last).await?);
    Ok(())
}

async fn token(world: &World, id: &ConnectionId) -> Result<String> {
    Ok(world.grapnel.token(id, Duration::ZERO).await?.value.expose_secret().to_owned())
}

async fn is_active(world: &World, token: &str) -> Result<bool> {
    let client = world.server.confidential.clone();
    let (_, reply) = world.ask(&client, "/introspect/", &[("token", token)]).await?;
    reply["active"].as_bool().with_context(|| format!("not an introspection: {reply}"))
}

#[tokio::test]
async fn a_public_client_signs_in_by_a_device_code_and_lives() -> Result<()> {
    let world = world().await?;
    let app = device_app(&world, &world.server.public).await?;
    let attempt = sign_in_by_code(&world, &app, Person::SignsInAndAgrees).await?;
    lives(&world, attempt, GrantType::DeviceCode).await?;
    assert_eq!(world.server.refusals().await?, [""; 0]);
    Ok(())
}

/// The server's device authorization endpoint wants the client ID in the body, even beside HTTP Basic.
#[tokio::test]
async fn a_client_with_a_secret_signs_in_by_a_device_code_and_lives() -> Result<()> {
    let world = world().await?;
    let app = device_app(&world, &world.server.confidential).await?;
    let attempt = sign_in_by_code(&world, &app, Person::SignsInAndAgrees).await?;
    lives(&world, attempt, GrantType::DeviceCode).await?;
    assert_eq!(world.server.refusals().await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn a_person_who_denies_the_device_is_reported() -> Result<()> {
    let world = world().await?;
    let app = device_app(&world, &world.server.public).await?;
    let attempt = sign_in_by_code(&world, &app, Person::GoesBack).await?;
    assert_eq!(attempt.phase, Phase::Denied, "{:?}", attempt.error);
    assert!(world.grapnel.connections()?.is_empty());
    Ok(())
}

/// The server hands out a code all the same, and refuses the poll after the person has agreed.
#[tokio::test]
async fn a_client_of_another_grant_gets_no_tokens() -> Result<()> {
    let world = world().await?;
    let app = device_app(&world, &world.server.service).await?;
    let attempt = sign_in_by_code(&world, &app, Person::SignsInAndAgrees).await?;
    assert_eq!(attempt.phase, Phase::Failed);
    assert_eq!(attempt.error.context("no error")?.code, Code::InvalidClient);
    assert!(world.grapnel.connections()?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_public_client_signs_in_with_pkce_and_lives() -> Result<()> {
    let world = world().await?;
    let app = world.add_app(&world.server.service, SCOPES, &[]).await?;
    let attempt = sign_in_by_browser(&world, &app, Person::SignsInAndAgrees).await?;
    lives(&world, attempt, GrantType::AuthorizationCode).await?;
    let attempt = sign_in_by_browser(&world, &app, Person::GoesBack).await?;
    assert_eq!(attempt.phase, Phase::Denied, "{:?}", attempt.error);
    assert_eq!(world.server.refusals().await?, [""; 0]);
    Ok(())
}
