//! Sign-ins that fail, and callbacks that are not accepted.

use grapnel_core::authorize::SignInRequest;
use grapnel_model::attempt::Phase;
use grapnel_model::error::Code;
use grapnel_model::event::Event;
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_tests::{Context, Result};

use crate::browser::{self, Person};
use crate::server::Client;
use crate::world::{SCOPES, STAY, World, end_of};

#[tokio::test]
async fn a_denied_request_is_reported() -> Result<()> {
    let world = World::new().await?;
    let app = world.add_app(&world.server.confidential, SCOPES, &[STAY]).await?;
    let attempt = world.attempt(&app.id, Person::GoesBack).await?;
    assert_eq!(attempt.phase, Phase::Denied);
    assert_eq!(attempt.error.context("no error")?.code, Code::AccessDenied);
    assert!(world.grapnel.connections()?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_wrong_client_secret_is_reported() -> Result<()> {
    let world = World::new().await?;
    let wrong = Client { secret: Some("not+the/secret".into()), ..world.server.confidential.clone() };
    let app = world.add_app(&wrong, SCOPES, &[STAY]).await?;
    let attempt = world.attempt(&app.id, Person::SignsInAndAgrees).await?;
    assert_eq!(attempt.phase, Phase::Failed);
    let error = attempt.error.context("no error")?;
    assert_eq!(error.code, Code::InvalidClient);
    assert!(!format!("{error:?}").contains("not+the"));
    assert!(world.grapnel.connections()?.is_empty());
    Ok(())
}

#[tokio::test]
async fn an_error_of_the_authorization_endpoint_is_reported() -> Result<()> {
    for (own, words) in [(("authorize.prompt", "none"), "login_required"), (("pkce", "never"), "PKCE")] {
        let world = World::new().await?;
        let app = world.add_app(&world.server.public, SCOPES, &[own]).await?;
        let attempt = world.attempt(&app.id, Person::SignsInAndAgrees).await?;
        assert_eq!(attempt.phase, Phase::Failed);
        let error = attempt.error.context("no error")?;
        assert_eq!(error.code, Code::ProviderError);
        assert!(error.message.contains(words), "{}", error.message);
    }
    Ok(())
}

#[tokio::test]
async fn a_callback_without_the_right_issuer_is_refused() -> Result<()> {
    let world = World::new().await?;
    let app = world.add_app(&world.server.confidential, SCOPES, &[STAY]).await?;
    let mut events = world.grapnel.events();
    let attempt = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await?;
    let link = world.grapnel.attempt_link(&attempt.id).await?;
    let callback = browser::visit(&world.server.issuer, &link, Person::SignsInAndAgrees).await?;
    for forged in ["&iss=https%3A%2F%2Fevil.example", ""] {
        browser::come_home(&with_iss(&callback, forged)?).await?;
        let refused = loop {
            if let Event::CallbackRefused(error) = events.recv().await? {
                break error;
            }
        };
        assert_eq!(refused.code, Code::CallbackInvalid);
        assert_eq!(world.grapnel.attempt(&attempt.id)?.phase, Phase::Waiting);
    }
    browser::come_home(&callback).await?;
    assert_eq!(end_of(&mut events, &attempt.id).await?.phase, Phase::Done);
    Ok(())
}

/// A callback with another value in place of its issuer.
fn with_iss(callback: &SecretString, other: &str) -> Result<SecretString> {
    let (before, iss) = callback.expose_secret().split_once("&iss=").context("it names no issuer")?;
    let after = iss.split_once('&').map(|(_, after)| format!("&{after}")).unwrap_or_default();
    Ok(format!("{before}{other}{after}").into())
}
