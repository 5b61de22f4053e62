//! OpenID Connect: the ID token at sign-in and refresh, how the account authenticates, and signing out.

use std::time::Duration;

use grapnel_core::authorize::{Authentication, SignInRequest};
use grapnel_model::account::Claims;
use grapnel_model::attempt::Phase;
use grapnel_model::error::Code;
use grapnel_model::secret::ExposeSecret;
use grapnel_tests::{Context, Result};

use crate::browser::Person;
use crate::world::{SCOPES, STAY, World};

fn claim<'c>(claims: &'c Claims, name: &str) -> Option<&'c str> {
    claims.fields.iter().find(|field| field.name == name).map(|field| field.value.as_str())
}

#[tokio::test]
async fn the_id_token_is_handed_out_and_refreshed() -> Result<()> {
    let world = World::new().await?;
    let app = world.add_app(&world.server.confidential, SCOPES, &[STAY]).await?;
    let id = world.connect(&app).await?;
    let id_token = async || world.grapnel.id_token(&id, Duration::ZERO).await;
    let first = id_token().await?;
    let claims = || -> Result<Claims> { world.grapnel.connection(&id)?.id_claims.context("no claims") };
    assert!(claims()?.is_verified, "{:?}", claims()?);

    let mut events = world.grapnel.events();
    world.grapnel.refresh(&id).await?;
    let second = id_token().await?;
    // Within one second, both have the same claims and the same signature.
    let tokens = world.grapnel.connection(&id)?.tokens.context("no tokens")?;
    let received = tokens.id_token.context("no ID token")?.received_at;
    assert_eq!((tokens.refresh_count, received), (1, tokens.issued_at), "it came with the refresh");
    assert!(second.expires_at >= first.expires_at);
    // The signature is verified with the account, after the refresh.
    while !claims()?.is_verified {
        events.recv().await?;
    }
    assert_eq!(world.grapnel.connection(&id)?.deviations, []);
    world.grapnel.idle().await;
    assert_eq!(world.server.refusals().await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn a_sign_in_asks_for_a_recent_authentication() -> Result<()> {
    let world = World::new().await?;
    let app = world.add_app(&world.server.public, "openid profile", &[]).await?;
    let authentication =
        Authentication { prompt: Some("login".into()), max_age: Some(60), ..Authentication::default() };
    let wanted = SignInRequest { authentication, ..SignInRequest::default() };
    let attempt = world.attempt_for(&app.id, &wanted, Person::SignsInAndAgrees).await?;
    assert_eq!((attempt.phase, attempt.error), (Phase::Done, None));
    let id = attempt.connection_id.context("no connection")?;
    let claims = world.grapnel.connection(&id)?.id_claims.context("no claims")?;
    assert!(claim(&claims, "auth_time").is_some(), "{claims:?}");

    // Nobody is signed in there, and nobody may be asked.
    let authentication = Authentication { prompt: Some("none".into()), ..Authentication::default() };
    let wanted = SignInRequest { authentication, ..SignInRequest::default() };
    let attempt = world.attempt_for(&app.id, &wanted, Person::SignsInAndAgrees).await?;
    let error = attempt.error.context("it succeeded")?;
    assert_eq!((attempt.phase, error.code), (Phase::Failed, Code::ProviderError));
    assert!(error.message.contains("(login_required)"), "{error}");
    Ok(())
}

#[tokio::test]
async fn the_page_to_sign_out_is_discovered_and_asks_the_person() -> Result<()> {
    let world = World::new().await?;
    let app = world.add_app(&world.server.public, "openid profile email", &[]).await?;
    let id = world.connect(&app).await?;
    let page = world.grapnel.end_session_url(&id)?;
    let start = format!("{}/session/end?client_id=public&logout_hint=", world.server.issuer);
    assert!(page.expose_secret().starts_with(&start), "{}", page.expose_secret());
    let client = reqwest::Client::builder().no_proxy().build()?;
    let shown = client.get(page.expose_secret()).send().await?;
    assert!(shown.status().is_success(), "{}", shown.status());
    assert!(shown.text().await?.contains("<form"), "it asks nothing");
    assert_eq!(world.server.refusals().await?, [""; 0]);
    Ok(())
}
