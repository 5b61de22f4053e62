//! Authlib: the JWT bearer grant (RFC 7523 §2.1), with the key file that the server's operator hands out.

use std::time::Duration;

use grapnel_core::app::{App, read_apps};
use grapnel_core::authorize::SignInRequest;
use grapnel_model::attempt::{Attempt, Phase};
use grapnel_model::connection::State;
use grapnel_model::error::Code;
use grapnel_model::provider::GrantType;
use grapnel_model::secret::ExposeSecret;
use grapnel_tests::{Context, Result};
use jiff::SignedDuration;

use crate::server::Server;
use crate::world::{World, end_of};

async fn world() -> Result<World> {
    World::at(Server::start_python("assertion_server.py").await?)
}

/// An app from the key file, with changed values. The server wants the scopes as a parameter.
async fn add_app(world: &World, scope: &str, own: &[(&str, &str)]) -> Result<App> {
    let file = world.server.key_file.as_deref().context("no key file")?;
    let mut new = read_apps(file, None, None)?.apps.into_iter().next().context("no app")?.app;
    new.name = format!("{scope} {own:?}");
    new.scopes = vec![scope.to_owned()];
    let own = [("assertion_scope", "parameter")].iter().chain(own);
    new.overrides.extend(own.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    Ok(world.grapnel.add_app(new).await?)
}

async fn connect(world: &World, app: &App) -> Result<Attempt> {
    let mut events = world.grapnel.events();
    let attempt = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await?;
    assert_eq!(attempt.grant_type, GrantType::JwtBearer);
    end_of(&mut events, &attempt.id).await
}

#[tokio::test]
async fn a_service_account_connects_and_is_asked_for_anew() -> Result<()> {
    let mut world = world().await?;
    let app = add_app(&world, "notes:read", &[]).await?;
    let attempt = connect(&world, &app).await?;
    assert_eq!(attempt.phase, Phase::Done, "{:?}", attempt.error);
    let id = attempt.connection_id.context("no connection")?;
    let details = world.grapnel.connection(&id)?;
    assert_eq!((details.summary.state, details.error), (State::Active, None));
    assert!(details.scopes.missing.is_empty(), "{:?}", details.scopes);
    let issued = world.server.issued("access_token").await?;
    assert_eq!(world.grapnel.token(&id, Duration::ZERO).await?.value.expose_secret(), issued);
    world.grapnel.refresh(&id).await?;
    let renewed = world.server.issued("access_token").await?;
    assert_ne!(renewed, issued);
    assert_eq!(world.grapnel.token(&id, Duration::ZERO).await?.value.expose_secret(), renewed);
    assert_eq!(world.server.refusals().await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn a_service_account_acts_for_whom_it_may() -> Result<()> {
    let world = world().await?;
    let app = add_app(&world, "notes:read", &[("assertion_subject", "ada")]).await?;
    assert_eq!(connect(&world, &app).await?.phase, Phase::Done);
    for (subject, code) in [("eve", Code::InvalidGrant), ("bob", Code::InvalidClient)] {
        let app = add_app(&world, "notes:read", &[("assertion_subject", subject)]).await?;
        let attempt = connect(&world, &app).await?;
        assert_eq!(attempt.phase, Phase::Failed);
        assert_eq!(attempt.error.context("no error")?.code, code, "{subject}");
    }
    Ok(())
}

/// The server takes no assertion from the future, and none that has expired.
#[tokio::test]
async fn a_clock_that_is_ten_minutes_off_is_corrected() -> Result<()> {
    for off in [SignedDuration::from_mins(10), SignedDuration::from_mins(-10)] {
        let world = world().await?;
        world.clock.advance(off);
        let app = add_app(&world, "notes:read", &[]).await?;
        let attempt = connect(&world, &app).await?;
        assert_eq!(attempt.phase, Phase::Done, "{off}: {:?}", attempt.error);
        assert_eq!(world.server.refusals().await?.len(), 1, "{off}: the first assertion is refused");
    }
    Ok(())
}

#[tokio::test]
async fn a_wrong_audience_or_scope_is_refused() -> Result<()> {
    let world = world().await?;
    for (scope, own, code) in [
        ("notes:read", &[("assertion_audience", "https://other.example")][..], Code::InvalidGrant),
        ("payroll:read", &[], Code::ProviderError),
    ] {
        let app = add_app(&world, scope, own).await?;
        let attempt = connect(&world, &app).await?;
        assert_eq!(attempt.phase, Phase::Failed);
        assert_eq!(attempt.error.context("no error")?.code, code, "{scope}");
    }
    assert!(world.grapnel.connections()?.is_empty());
    Ok(())
}
