//! Signed authorization responses (JARM), in the query and as a posted form.

use grapnel_core::authorize::SignInRequest;
use grapnel_model::attempt::Phase;
use grapnel_model::error::Code;
use grapnel_model::secret::ExposeSecret;
use grapnel_tests::{Context, Result};

use crate::browser::{self, Person};
use crate::world::{SCOPES, STAY, World};

#[tokio::test]
async fn a_signed_response_is_verified() -> Result<()> {
    let world = World::new().await?;
    for mode in ["jwt", "query.jwt"] {
        let own = [STAY, ("response_mode", mode)];
        let app = world.add_app(&world.server.public, SCOPES, &own).await?;
        let mut events = world.grapnel.events();
        let attempt = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await?;
        let link = world.grapnel.attempt_link(&attempt.id).await?;
        let callback = browser::visit(&world.server.issuer, &link, Person::SignsInAndAgrees).await?;
        let (_, query) = callback.expose_secret().split_once('?').context("no query")?;
        assert!(query.starts_with("response=ey") && !query.contains('&'), "{mode}");
        browser::come_home(&callback).await?;
        let attempt = crate::world::end_of(&mut events, &attempt.id).await?;
        assert_eq!(attempt.phase, Phase::Done, "{:?}", attempt.error);
        world.grapnel.remove_app_with_connections(&app.id).await?;
    }
    assert_eq!(world.server.refusals().await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn a_signed_denial_ends_the_sign_in() -> Result<()> {
    let world = World::new().await?;
    let app = world.add_app(&world.server.public, SCOPES, &[STAY, ("response_mode", "jwt")]).await?;
    let attempt = world.attempt(&app.id, Person::GoesBack).await?;
    assert_eq!(attempt.phase, Phase::Denied);
    assert_eq!(attempt.error.context("no error")?.code, Code::AccessDenied);
    Ok(())
}
