//! The device authorization grant: a person approves on the server's page, while Grapnel polls.

use grapnel_core::authorize::SignInRequest;
use grapnel_model::attempt::{Attempt, Phase};
use grapnel_model::connection::State;
use grapnel_model::id::AppId;
use grapnel_model::provider::GrantType;
use grapnel_model::revocation::Revocation;
use grapnel_model::secret::ExposeSecret;
use grapnel_tests::{Context, Result};
use jiff::SignedDuration;

use crate::browser::{self, Person};
use crate::server::Client;
use crate::world::{SCOPES, World, end_of};

/// Signs in by a code, and returns the end of the attempt.
async fn sign_in(world: &World, app: &AppId, wanted: &SignInRequest, person: Person) -> Result<Attempt> {
    let mut events = world.grapnel.events();
    let attempt = world.grapnel.start_attempt(app, wanted).await?;
    assert_eq!(attempt.grant_type, GrantType::DeviceCode);
    let prompt = world.grapnel.device_prompt(&attempt.id).await?;
    assert!(!prompt.qr_code.is_empty());
    // The first poll comes too early for the person.
    world.clock.advance(SignedDuration::from_secs(6));
    browser::approve(&prompt.link.context("no link")?, person).await?;
    world.clock.advance(SignedDuration::from_secs(12));
    end_of(&mut events, &attempt.id).await
}

/// From the code over a refresh to the revocation.
async fn goes_all_the_way(client: impl Fn(&World) -> Client) -> Result<()> {
    let world = World::new().await?;
    let client = client(&world);
    let app = world.add_app(&client, SCOPES, &[("grant_type", "device_code")]).await?;
    let attempt = sign_in(&world, &app.id, &SignInRequest::default(), Person::SignsInAndAgrees).await?;
    assert_eq!(attempt.phase, Phase::Done, "{:?}", attempt.error);
    let id = attempt.connection_id.context("no connection")?;
    let details = world.grapnel.connection(&id)?;
    assert_eq!((details.summary.state, details.error), (State::Active, None));
    assert_eq!(details.account.context("no account")?.id, browser::ACCOUNT);
    assert!(details.id_claims.context("no ID token")?.is_verified);
    world.grapnel.refresh(&id).await?;
    let tokens = world.grapnel.connection(&id)?.tokens.context("no tokens")?;
    assert_eq!((tokens.refresh_count, tokens.grant_type), (1, GrantType::DeviceCode));
    let token = world.grapnel.token(&id, std::time::Duration::ZERO).await?.value;
    assert!(world.is_active(&client, token.expose_secret()).await?);
    assert_eq!(world.grapnel.disconnect(&id).await?.revocation, Revocation::Done);
    assert!(!world.is_active(&client, token.expose_secret()).await?);
    Ok(())
}

#[tokio::test]
async fn a_client_with_a_secret_signs_in_by_a_code() -> Result<()> {
    goes_all_the_way(|world| world.server.confidential.clone()).await
}

#[tokio::test]
async fn a_public_client_signs_in_by_a_code() -> Result<()> {
    goes_all_the_way(|world| world.server.public.clone()).await
}

#[tokio::test]
async fn an_app_of_the_code_grant_signs_in_by_a_code() -> Result<()> {
    let world = World::new().await?;
    let app = world.add_app(&world.server.confidential, SCOPES, &[]).await?;
    let wanted = SignInRequest { by_device: true, ..SignInRequest::default() };
    let attempt = sign_in(&world, &app.id, &wanted, Person::SignsInAndAgrees).await?;
    assert_eq!(attempt.phase, Phase::Done, "{:?}", attempt.error);
    Ok(())
}

#[tokio::test]
async fn a_person_who_aborts_is_reported() -> Result<()> {
    let world = World::new().await?;
    let app = world.add_app(&world.server.public, SCOPES, &[("grant_type", "device_code")]).await?;
    let attempt = sign_in(&world, &app.id, &SignInRequest::default(), Person::GoesBack).await?;
    assert_eq!(attempt.phase, Phase::Denied, "{:?}", attempt.error);
    assert!(world.grapnel.connections()?.is_empty());
    Ok(())
}
