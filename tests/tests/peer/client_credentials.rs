//! The client credentials grant: a token of the service itself, asked for anew.

use grapnel_core::authorize::SignInRequest;
use grapnel_model::attempt::{Attempt, Phase};
use grapnel_model::connection::State;
use grapnel_model::error::Code;
use grapnel_model::id::AppId;
use grapnel_model::provider::GrantType;
use grapnel_model::revocation::Revocation;
use grapnel_model::secret::ExposeSecret;
use grapnel_tests::{Context, Result};
use jiff::SignedDuration;

use crate::server::Client;
use crate::world::{World, end_of};

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

async fn connect(world: &World, app: &AppId) -> Result<Attempt> {
    let mut events = world.grapnel.events();
    let attempt = world.grapnel.start_attempt(app, &SignInRequest::default()).await?;
    end_of(&mut events, &attempt.id).await
}

/// From the first token over its expiry to its revocation.
#[tokio::test]
async fn a_service_connects_renews_and_disconnects() -> Result<()> {
    let mut world = World::new().await?;
    let client = world.server.service.clone();
    let resource = ("resource", "http://127.0.0.1/notes");
    for own in [&[GRANT][..], &[GRANT, resource]] {
        let app = world.add_app(&client, "notes:read", own).await?;
        let attempt = connect(&world, &app.id).await?;
        assert_eq!(attempt.phase, Phase::Done, "{:?}", attempt.error);
        let id = attempt.connection_id.context("no connection")?;
        let details = world.grapnel.connection(&id)?;
        assert_eq!((details.summary.state, details.account, details.error), (State::Active, None, None));
        let tokens = details.tokens.context("no tokens")?;
        assert_eq!((tokens.grant_type, tokens.refresh.is_none()), (GrantType::ClientCredentials, true));
        let first = world.grapnel.token(&id, std::time::Duration::ZERO).await?.value;
        // Past its end, which this server counts by its own clock: the next caller gets another one.
        world.clock.advance(SignedDuration::from_mins(11));
        assert_eq!(world.grapnel.connection(&id)?.summary.state, State::Expired);
        let second = world.grapnel.token(&id, std::time::Duration::ZERO).await?.value;
        assert_ne!(first.expose_secret(), second.expose_secret());
        assert_eq!(world.grapnel.connection(&id)?.summary.state, State::Active);
        let is_jwt = second.expose_secret().split('.').count() == 3;
        assert_eq!(is_jwt, own.len() == 2);
        if !is_jwt {
            assert_eq!(second.expose_secret(), {
                world.server.issued("client_credentials").await?;
                world.server.issued("client_credentials").await?
            });
            assert!(world.is_active(&client, second.expose_secret()).await?);
        }
        assert_eq!(world.grapnel.disconnect(&id).await?.revocation, Revocation::Done);
        if !is_jwt {
            assert!(!world.is_active(&client, second.expose_secret()).await?);
        }
        world.grapnel.remove_app_with_connections(&app.id).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_wrong_secret_and_a_client_that_may_not_are_reported() -> Result<()> {
    let world = World::new().await?;
    let wrong = Client { secret: Some("not-the-secret".into()), ..world.server.service.clone() };
    for (client, code) in
        [(wrong, Code::InvalidClient), (world.server.confidential.clone(), Code::ProviderError)]
    {
        let app = world.add_app(&client, "notes:read", &[GRANT]).await?;
        let attempt = connect(&world, &app.id).await?;
        assert_eq!(attempt.phase, Phase::Failed);
        assert_eq!(attempt.error.context("no error")?.code, code, "{}", client.id);
    }
    assert!(world.grapnel.connections()?.is_empty());
    Ok(())
}
