//! Tokens that are not for userinfo: of plain OAuth, and for a resource (RFC 8707), which are JWTs.

use grapnel_model::connection::State;
use grapnel_tests::{Context, Result};

use crate::browser;
use crate::world::{NOTES, RESOURCE, STAY, World};

#[tokio::test]
async fn a_token_for_a_resource_is_a_jwt_whose_claims_are_verified() -> Result<()> {
    let world = World::new().await?;
    let app = world.add_app(&world.server.confidential, NOTES, &[STAY, RESOURCE]).await?;
    let id = world.connect(&app).await?;
    let details = world.grapnel.connection(&id)?;
    let claims = details.claims.context("no claims")?;
    assert!(claims.is_verified);
    let claim = |name: &str| claims.fields.iter().find(|one| one.name == name).map(|one| one.value.as_str());
    assert_eq!(claim("iss"), Some(world.server.issuer.as_str()));
    assert_eq!(claim("aud"), Some(RESOURCE.1));
    assert_eq!(details.summary.state, State::Active);
    assert!(details.tokens.context("no tokens")?.refresh.is_some());
    Ok(())
}

/// Such a token is valid at the resource only (RFC 8707): userinfo and introspection refuse it, which is no error of
/// the connection.
#[tokio::test]
async fn a_token_for_a_resource_causes_no_error() -> Result<()> {
    let world = World::new().await?;
    let app = world.add_app(&world.server.confidential, NOTES, &[STAY, RESOURCE]).await?;
    let id = world.connect(&app).await?;
    let details = world.grapnel.connection(&id)?;
    assert_eq!(details.error, None);
    assert_eq!(details.account.context("the claims name it")?.id, browser::ACCOUNT);
    Ok(())
}

/// Userinfo is requested without `openid` too, since some servers reply. A refusal (OpenID Connect Core §5.3) is no
/// error of the connection.
#[tokio::test]
async fn plain_oauth_causes_no_error() -> Result<()> {
    let world = World::new().await?;
    let app = world.add_app(&world.server.confidential, "offline_access", &[STAY]).await?;
    let id = world.connect(&app).await?;
    let details = world.grapnel.connection(&id)?;
    assert_eq!(details.error, None);
    assert_eq!(details.authorization.context("not introspected")?.scopes, ["offline_access"]);
    let refused = "userinfo.error: insufficient_scope (access token missing openid scope)";
    assert_eq!(world.server.refusals().await?, [refused]);
    Ok(())
}
