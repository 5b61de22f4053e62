//! Clients that Grapnel registers (RFC 7591), reads, updates and deletes (RFC 7592), and what happens if the provider
//! deletes one.

use std::time::Duration;

use grapnel_core::app::{NewApp, RegisteredApp, RegistrationRequest};
use grapnel_core::authorize::SignInRequest;
use grapnel_model::connection::State;
use grapnel_model::error::{Code, NextStep, Result as GrapnelResult};
use grapnel_model::revocation::Revocation;
use grapnel_model::secret::ExposeSecret;
use grapnel_tests::{Context, Result};

use crate::browser::Person;
use crate::world::{SCOPES, STAY, World};

/// An app whose client is to be registered with this client authentication.
async fn register(world: &World, method: Option<&str>, scopes: &str) -> GrapnelResult<RegisteredApp> {
    let found = world.grapnel.discover(&world.server.issuer).await?;
    let mut overrides = found.values;
    overrides.insert(STAY.0.into(), STAY.1.into());
    let app = NewApp {
        name: "Registered".into(),
        provider: "custom".into(),
        redirect: "loopback".into(),
        scopes: scopes.split(' ').map(str::to_owned).collect(),
        overrides,
        ..NewApp::default()
    };
    let auth_method = method.map(str::to_owned).or(found.registration.auth_method);
    world.grapnel.register_app(RegistrationRequest { app, auth_method, initial_access_token: None }).await
}

#[tokio::test]
async fn a_client_of_each_authentication_is_registered_and_lives() -> Result<()> {
    for (method, has_secret) in [
        (None, false),
        (Some("client_secret_basic"), true),
        (Some("client_secret_post"), true),
        (Some("client_secret_jwt"), true),
        (Some("private_key_jwt"), false),
    ] {
        let mut world = World::new().await?;
        let registered = register(&world, method, SCOPES).await.with_context(|| format!("{method:?}"))?;
        assert_eq!((registered.changes.as_slice(), registered.notes.as_slice()), (&[][..], &[][..]));
        let app = registered.app;
        assert_eq!(world.server.told("client.registered").await?, app.client_id);
        assert_eq!(app.has_secret, has_secret, "{method:?}");
        let registration = app.registration.clone().context("no registration")?;
        assert_eq!(registration.auth_method, method.unwrap_or("none"), "a native app is a public client");
        let id = world.connect(&app).await.with_context(|| format!("{method:?}"))?;
        let before = world.grapnel.token(&id, Duration::ZERO).await?.value;
        world.grapnel.refresh(&id).await?;
        let after = world.grapnel.token(&id, Duration::ZERO).await?.value;
        assert!(before.expose_secret() != after.expose_secret(), "not refreshed");
        assert_eq!(world.grapnel.disconnect(&id).await?.revocation, Revocation::Done);
        assert_eq!(world.server.refusals().await?, [""; 0], "{method:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_registration_is_read_compared_and_updated() -> Result<()> {
    let world = World::new().await?;
    let app = register(&world, Some("client_secret_basic"), SCOPES).await?.app;
    assert_eq!(world.grapnel.registration(&app.id).await?.changes, []);
    let new = NewApp { redirect: "deep-link".into(), ..app.clone().into() };
    let changed = world.grapnel.change_app(&app.id, new).await?;
    let read = world.grapnel.registration(&app.id).await?;
    let [change] = read.changes.as_slice() else { panic!("{:?}", read.changes) };
    assert_eq!(change.member, "redirect_uris");
    assert_eq!((&change.asked, &change.registered), (&changed.redirect_uri, &app.redirect_uri));
    assert!(read.notes[0].contains("did not register the app’s redirect URI"), "{:?}", read.notes);

    let updated = world.grapnel.update_registration(&app.id).await?;
    assert_eq!((updated.changes.as_slice(), updated.notes.as_slice()), (&[][..], &[][..]));
    assert_eq!(world.grapnel.registration(&app.id).await?.changes, []);
    assert_eq!(updated.app.client_id, app.client_id);
    assert!(updated.app.has_secret);
    // The client still authenticates after it.
    let back = NewApp { redirect: "loopback".into(), ..updated.app.into() };
    let app = world.grapnel.change_app(&app.id, back).await?;
    world.grapnel.update_registration(&app.id).await?;
    world.connect(&app).await?;
    Ok(())
}

#[tokio::test]
async fn a_refused_registration_says_why_and_leaves_nothing() -> Result<()> {
    let world = World::new().await?;
    let error = register(&world, None, "openid no-such-scope").await.unwrap_err();
    assert_eq!(error.code, Code::ProviderError, "{error:?}");
    assert!(error.message.contains("invalid_client_metadata"), "{error:?}");
    assert!(error.message.contains("scope must only contain"), "{error:?}");
    assert!(error.meaning.is_some_and(|meaning| meaning.contains("nothing was stored")));
    assert_eq!(world.grapnel.apps()?, []);
    Ok(())
}

#[tokio::test]
async fn removing_an_app_deletes_its_client() -> Result<()> {
    let mut world = World::new().await?;
    let app = register(&world, None, SCOPES).await?.app;
    world.connect(&app).await?;
    let (removed, stays) = world.grapnel.remove_app_and_client(&app.id).await?;
    assert_eq!((removed.connections, removed.revocation, stays), (1, Revocation::Done, None));
    assert_eq!(world.server.told("client.deleted").await?, app.client_id);
    assert_eq!(world.grapnel.apps()?, []);
    Ok(())
}

#[tokio::test]
async fn a_client_that_the_provider_deleted_is_registered_anew() -> Result<()> {
    let mut world = World::new().await?;
    let app = register(&world, None, SCOPES).await?.app;
    let id = world.connect(&app).await?;
    let asking = reqwest::Client::builder().no_proxy().build()?;
    let delete = format!("{}/operator/delete?client={}", world.server.issuer, app.client_id);
    assert_eq!(asking.get(delete).send().await?.status(), 204);

    for error in [
        world.grapnel.refresh(&id).await.unwrap_err(),
        world.grapnel.registration(&app.id).await.unwrap_err(),
    ] {
        assert_eq!((error.code, error.next_step), (Code::InvalidClient, Some(NextStep::RegisterAnew)));
        assert!(error.hint.is_some_and(|hint| hint.contains("grapnel app registration")));
    }
    let renewed = world.grapnel.renew_registration(&app.id, None).await?.app;
    assert_eq!((&renewed.id, &renewed.name), (&app.id, &app.name));
    assert!(renewed.client_id != app.client_id);
    let details = world.grapnel.connection(&id)?;
    assert_eq!(details.summary.state, State::ReconnectNeeded);

    let again = SignInRequest { again: Some(id.clone()), ..SignInRequest::default() };
    let attempt = world.attempt_for(&app.id, &again, Person::SignsInAndAgrees).await?;
    assert_eq!(attempt.connection_id.as_ref(), Some(&id), "{:?}", attempt.error);
    assert_eq!(world.grapnel.connection(&id)?.summary.state, State::Active);
    world.grapnel.refresh(&id).await?;
    world.server.told("client.registered").await?;
    assert_eq!(world.server.told("client.registered").await?, renewed.client_id);
    Ok(())
}
