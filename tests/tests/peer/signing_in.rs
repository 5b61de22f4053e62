//! Signing in over loopback and with a private-use scheme, with a client secret and without.

use grapnel_core::authorize::SignInRequest;
use grapnel_model::attempt::Phase;
use grapnel_model::connection::State;
use grapnel_model::secret::ExposeSecret;
use grapnel_tests::{Context, Result};

use crate::browser::{self, Person};
use crate::server::Client;
use crate::world::{SCOPES, STAY, World};

/// Signs a client in, and checks the connection.
async fn signs_in(client: impl Fn(&World) -> Client, own: &[(&str, &str)]) -> Result<()> {
    let mut world = World::new().await?;
    let client = client(&world);
    let app = world.add_app(&client, SCOPES, &[own, &[STAY]].concat()).await?;
    let id = world.connect(&app).await?;
    let details = world.grapnel.connection(&id)?;
    assert_eq!(details.summary.state, State::Active);
    assert_eq!(details.error, None);
    assert_eq!(details.deviations, []);
    let account = details.account.context("no account")?;
    assert_eq!((account.id.as_str(), account.name.as_str()), (browser::ACCOUNT, "Ada Peer"));
    assert_eq!(account.email.as_deref(), Some("ada@example.org"));
    let mut scopes = details.authorization.context("not introspected")?.scopes;
    scopes.sort();
    assert_eq!(scopes, ["email", "offline_access", "openid", "profile"]);
    assert!(details.scopes.missing.is_empty(), "{:?}", details.scopes);
    assert_eq!(details.claims, None, "the token is opaque");
    let tokens = details.tokens.context("no tokens")?;
    assert!(tokens.refresh.is_some() && details.summary.expires_at.is_some());
    let token = world.grapnel.token(&id, std::time::Duration::ZERO).await?.value;
    assert_eq!(token.expose_secret(), world.server.issued("access_token").await?);
    assert_eq!(world.server.refusals().await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn a_client_with_a_secret_signs_in() -> Result<()> {
    signs_in(|world| world.server.confidential.clone(), &[]).await
}

#[tokio::test]
async fn the_client_secret_can_be_sent_in_the_body() -> Result<()> {
    signs_in(|world| world.server.confidential.clone(), &[("client_auth", "body")]).await
}

#[tokio::test]
async fn a_public_client_signs_in_with_pkce() -> Result<()> {
    signs_in(|world| world.server.public.clone(), &[]).await
}

#[tokio::test]
async fn a_callback_is_accepted_over_a_private_use_scheme() -> Result<()> {
    let world = World::new().await?;
    let app = world
        .add_app_back_by("dev.grapnel.desktop:/oauth/callback", &world.server.public, SCOPES, &[STAY])
        .await?;
    let attempt = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await?;
    let link = world.grapnel.attempt_link(&attempt.id).await?;
    let callback = browser::visit(&world.server.issuer, &link, Person::SignsInAndAgrees).await?;
    assert!(callback.expose_secret().starts_with("dev.grapnel.desktop:/oauth/callback?"));
    world.grapnel.receive_callback(&callback).await?;
    assert_eq!(world.grapnel.attempt(&attempt.id)?.phase, Phase::Done);
    assert_eq!(world.server.refusals().await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn an_unknown_scope_is_reported_as_missing() -> Result<()> {
    let world = World::new().await?;
    let app = world.add_app(&world.server.confidential, "openid no:such:scope", &[]).await?;
    let id = world.connect(&app).await?;
    assert_eq!(world.grapnel.connection(&id)?.scopes.missing, ["no:such:scope"]);
    Ok(())
}
