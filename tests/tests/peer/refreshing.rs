//! Refreshing: the server rotates the refresh token, and detects the reuse of an old one.

use grapnel_core::authorize::SignInRequest;
use grapnel_model::attempt::Phase;
use grapnel_model::connection::State;
use grapnel_model::error::Code;
use grapnel_tests::{Context, Result};

use crate::browser::Person;
use crate::server::Client;
use crate::world::{SCOPES, STAY, World};

/// Refreshes, and checks the previous tokens.
async fn refreshes(client: impl Fn(&World) -> Client) -> Result<()> {
    let mut world = World::new().await?;
    let client = client(&world);
    let app = world.add_app(&client, SCOPES, &[STAY]).await?;
    let id = world.connect(&app).await?;
    let old = world.server.issued("refresh_token").await?;
    let before = world.grapnel.connection(&id)?.tokens.context("no tokens")?;
    world.grapnel.refresh(&id).await?;
    let after = world.grapnel.connection(&id)?;
    let tokens = after.tokens.context("no tokens")?;
    assert_eq!(tokens.refresh_count, 1);
    assert_ne!(tokens.access, before.access);
    assert_ne!(tokens.refresh, before.refresh);
    assert_eq!((after.summary.state, after.error), (State::Active, None));
    assert!(after.scopes.missing.is_empty(), "{:?}", after.scopes);

    world.grapnel.refresh(&id).await?;
    assert_eq!(world.grapnel.connection(&id)?.tokens.context("no tokens")?.refresh_count, 2);
    world.grapnel.idle().await;

    // A thief who uses the first refresh token gets nothing, and the server revokes the grant.
    let form = [("grant_type", "refresh_token"), ("refresh_token", old.as_str())];
    let (status, reply) = world.ask(&client, "/token", &form).await?;
    assert_eq!((status.as_u16(), reply["error"].as_str()), (400, Some("invalid_grant")));
    let refused = world.grapnel.refresh(&id).await.map_err(|error| error.code);
    assert_eq!(refused, Err(Code::ReconnectNeeded));
    assert_eq!(world.grapnel.connection(&id)?.summary.state, State::ReconnectNeeded);

    let again = SignInRequest { again: Some(id.clone()), ..SignInRequest::default() };
    assert_eq!(world.attempt_for(&app.id, &again, Person::SignsInAndAgrees).await?.phase, Phase::Done);
    let details = world.grapnel.connection(&id)?;
    assert_eq!((details.summary.state, details.error), (State::Active, None));
    Ok(())
}

#[tokio::test]
async fn a_refresh_of_a_client_with_a_secret_rotates() -> Result<()> {
    refreshes(|world| world.server.confidential.clone()).await
}

#[tokio::test]
async fn a_refresh_of_a_public_client_rotates() -> Result<()> {
    refreshes(|world| world.server.public.clone()).await
}

/// A request for `offline_access` sends `prompt=consent` (OpenID Connect Core §11) without a setting.
#[tokio::test]
async fn offline_access_is_requested_with_a_consent_prompt() -> Result<()> {
    let world = World::new().await?;
    let app = world.add_app(&world.server.confidential, SCOPES, &[]).await?;
    let id = world.connect(&app).await?;
    let details = world.grapnel.connection(&id)?;
    assert_eq!(details.scopes.missing, [""; 0]);
    assert!(details.tokens.context("no tokens")?.refresh.is_some());
    Ok(())
}
