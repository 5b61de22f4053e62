//! Disconnecting: the tokens are revoked at the server (RFC 7009).

use grapnel_model::connection::State;
use grapnel_model::revocation::Revocation;
use grapnel_model::secret::ExposeSecret;
use grapnel_tests::Result;

use crate::server::Client;
use crate::world::{NOTES, RESOURCE, SCOPES, STAY, World};

/// Disconnects, and checks the tokens' status at the server.
async fn disconnects(client: impl Fn(&World) -> Client) -> Result<()> {
    let mut world = World::new().await?;
    let client = client(&world);
    let app = world.add_app(&client, SCOPES, &[STAY]).await?;
    let id = world.connect(&app).await?;
    let access = world.grapnel.token(&id, std::time::Duration::ZERO).await?.value;
    let refresh = world.server.issued("refresh_token").await?;
    assert!(world.is_active(&client, access.expose_secret()).await?);
    assert!(world.is_active(&client, &refresh).await?);
    assert_eq!(world.grapnel.disconnect(&id).await?.revocation, Revocation::Done);
    assert!(!world.is_active(&client, access.expose_secret()).await?);
    assert!(!world.is_active(&client, &refresh).await?);
    assert_eq!(world.grapnel.connection(&id)?.summary.state, State::Disconnected);
    assert_eq!(world.server.refusals().await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn disconnecting_revokes_the_tokens() -> Result<()> {
    disconnects(|world| world.server.confidential.clone()).await
}

#[tokio::test]
async fn disconnecting_a_public_client_revokes_the_tokens() -> Result<()> {
    disconnects(|world| world.server.public.clone()).await
}

/// The server revokes the refresh token, and replies that a JWT cannot be revoked (RFC 7009 §2.2.1). This is no
/// failure, and no refresh is possible any more.
#[tokio::test]
async fn disconnecting_revokes_the_refresh_token_if_a_jwt_cannot_be_revoked() -> Result<()> {
    let mut world = World::new().await?;
    let client = world.server.confidential.clone();
    let app = world.add_app(&client, NOTES, &[STAY, RESOURCE]).await?;
    let id = world.connect(&app).await?;
    let refresh = world.server.issued("refresh_token").await?;
    let revocation = world.grapnel.disconnect(&id).await?.revocation;
    assert!(!world.is_active(&client, &refresh).await?);
    assert_eq!(revocation, Revocation::Done);
    Ok(())
}

#[tokio::test]
async fn disconnecting_from_an_unreachable_server_deletes_the_local_tokens() -> Result<()> {
    let world = World::new().await?;
    let app = world.add_app(&world.server.confidential, SCOPES, &[STAY]).await?;
    let id = world.connect(&app).await?;
    world.server.refusals().await?;
    assert_eq!(world.grapnel.disconnect(&id).await?.revocation, Revocation::Pending);
    let details = world.grapnel.connection(&id)?;
    assert_eq!((details.summary.state, details.tokens), (State::Disconnected, None));
    Ok(())
}
