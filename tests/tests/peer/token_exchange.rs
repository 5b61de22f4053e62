//! idpyoidc: token exchange (RFC 8693), from the sign-in to a new token when the kept one has expired.

use std::time::Duration;

use grapnel_core::authorize::SignInRequest;
use grapnel_core::token_exchange::DerivedToken;
use grapnel_model::attempt::Phase;
use grapnel_model::connection::State;
use grapnel_model::derived_token::{TokenTarget, TokenType};
use grapnel_model::error::{Code, Result as Answer};
use grapnel_model::id::ConnectionId;
use grapnel_model::revocation::Revocation;
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_tests::{Context, Result};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::server::{Client, Server};
use crate::world::World;

const MINUTE: Duration = Duration::from_secs(60);

async fn world() -> Result<World> {
    World::at(Server::start_python("exchange_server.py").await?)
}

/// Signs in; the server asks the person nothing.
async fn connect(world: &World, client: &Client) -> Result<ConnectionId> {
    let scopes = "notes:read notes:write offline_access";
    let app = world.add_app_back_by("https://app.example/callback", client, scopes, &[]).await?;
    let attempt = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await?;
    let link = world.grapnel.attempt_link(&attempt.id).await?;
    let answered = Browser::new()?.send(reqwest::Method::GET, link.expose_secret(), None).await?;
    let callback = answered.headers().get(http::header::LOCATION).context("the server does not redirect")?;
    world.grapnel.paste_callback(&attempt.id, &SecretString::from(callback.to_str()?)).await?;
    let attempt = world.grapnel.attempt(&attempt.id)?;
    assert_eq!(attempt.phase, Phase::Done, "{:?}", attempt.error);
    attempt.connection_id.context("no connection")
}

fn target(audience: &str, scope: &str) -> TokenTarget {
    let some = |value: &str| if value.is_empty() { Vec::new() } else { vec![value.to_owned()] };
    TokenTarget { audiences: some(audience), scopes: some(scope), ..TokenTarget::default() }
}

async fn derive(world: &World, id: &ConnectionId, target: TokenTarget) -> Answer<DerivedToken> {
    world.grapnel.derived_token(id, target, (MINUTE, false)).await
}

fn value(derived: &DerivedToken) -> String {
    derived.token.value.expose_secret().to_owned()
}

/// What the server tells the service about a token for it.
async fn told(world: &World, token: &str) -> Result<Value> {
    Ok(world.ask(&world.server.service, "/introspection", &[("token", token)]).await?.1)
}

#[tokio::test]
async fn a_narrower_token_is_kept_and_renewed() -> Result<()> {
    let world = world().await?;
    let id = connect(&world, &world.server.confidential).await?;
    let own = world.grapnel.token(&id, Duration::ZERO).await?.value;
    let first = derive(&world, &id, target("notes", "notes:read")).await?;
    assert_eq!(first.issued.scopes, ["notes:read"]);
    assert_eq!(first.issued.token_type.as_deref(), Some(TokenType::AccessToken.identifier()));
    assert!(first.issued.is_bearer);
    assert_ne!(value(&first), own.expose_secret());
    let about = told(&world, &value(&first)).await?;
    assert_eq!((&about["active"], &about["scope"]), (&json!(true), &json!("notes:read")), "{about}");
    assert_eq!(about["aud"], json!(["notes"]), "{about}");

    let again = derive(&world, &id, target("notes", "notes:read")).await?;
    assert_eq!(value(&again), value(&first), "the kept token");
    let other = derive(&world, &id, target("", "notes:write")).await?;
    assert_ne!(value(&other), value(&first));

    // The server lets the new token end with the connection's. A computer whose time is later asks for both anew.
    world.clock.advance(SignedDuration::from_mins(9) + SignedDuration::from_secs(30));
    let renewed = derive(&world, &id, target("notes", "notes:read")).await?;
    assert_ne!(value(&renewed), value(&first));
    assert_eq!(told(&world, &value(&renewed)).await?["active"], true);
    assert_eq!(world.server.refusals().await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn what_the_server_does_not_exchange_is_explained() -> Result<()> {
    let world = world().await?;
    let id = connect(&world, &world.server.confidential).await?;
    let refused = derive(&world, &id, target("payroll", "notes:read")).await.err().context("exchanged")?;
    assert_eq!(refused.code, Code::ProviderError);
    assert!(refused.message.contains("invalid_target"), "{refused:?}");
    let resources = vec!["https://payroll.example/".to_owned()];
    let elsewhere = TokenTarget { resources, ..target("", "notes:read") };
    let refused = derive(&world, &id, elsewhere).await.err().context("exchanged")?;
    assert!(refused.message.contains("invalid_target"), "{refused:?}");
    let refused = derive(&world, &id, target("notes", "payroll:read")).await.err().context("exchanged")?;
    assert!(refused.message.contains("invalid_scope"), "{refused:?}");
    // None of it harms the connection.
    assert_eq!(world.grapnel.connection(&id)?.summary.state, State::Active);
    derive(&world, &id, target("notes", "notes:read")).await?;
    Ok(())
}

/// The server's second client may not exchange tokens.
#[tokio::test]
async fn a_client_that_may_not_exchange_keeps_its_token() -> Result<()> {
    let world = world().await?;
    let id = connect(&world, &world.server.public).await?;
    let refused = derive(&world, &id, target("notes", "notes:read")).await.err().context("exchanged")?;
    assert_eq!(refused.code, Code::ProviderError, "{refused:?}");
    world.grapnel.token(&id, Duration::ZERO).await?;
    assert_eq!(world.grapnel.connection(&id)?.summary.state, State::Active);
    Ok(())
}

#[tokio::test]
async fn disconnecting_revokes_the_derived_token_too() -> Result<()> {
    let world = world().await?;
    let id = connect(&world, &world.server.confidential).await?;
    let derived = value(&derive(&world, &id, target("notes", "notes:read")).await?);
    assert_eq!(told(&world, &derived).await?["active"], true);
    assert_eq!(world.grapnel.disconnect(&id).await?.revocation, Revocation::Done);
    assert_eq!(told(&world, &derived).await?["active"], false);
    assert_eq!(world.server.refusals().await?, [""; 0]);
    Ok(())
}
