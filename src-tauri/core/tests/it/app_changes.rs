//! Editing apps: secrets stored for one host are not sent to another.

use std::net::TcpListener;

use grapnel_core::app::{App, NewApp};
use grapnel_core::authorize::SignInRequest;
use grapnel_model::attempt::Phase;
use grapnel_model::connection::State;
use grapnel_model::error::Code;
use grapnel_model::provider::ProfileFile;
use grapnel_model::secret::SecretInput;
use grapnel_sandbox::{Consent, Options, ProviderId, Sandbox, grigora};

use crate::support::world::{World, again};

/// The form as submitted without changes.
fn unchanged(app: &App) -> NewApp {
    NewApp::from(app.clone())
}

/// The app with every endpoint moved to another host.
fn elsewhere(world: &World, app: &App, origin: &str) -> NewApp {
    let here = world.sandbox.url(world.provider).unwrap();
    let overrides = app.overrides.iter().map(|(key, value)| (key.clone(), value.replace(here, origin)));
    NewApp { overrides: overrides.collect(), ..unchanged(app) }
}

#[tokio::test]
async fn unchanged_values_stay_and_every_redirect_uri_is_parsed_again() {
    let world = World::new();
    let app = world.add_app().await;
    for redirect in ["loopback", "loopback:4321", "https://acme.example/callback", "deep-link"] {
        let new = NewApp { redirect: redirect.into(), ..unchanged(&app) };
        let changed = world.grapnel.change_app(&app.id, new).await.unwrap();
        assert_eq!(world.grapnel.change_app(&app.id, unchanged(&changed)).await.unwrap(), changed);
    }
    let new = NewApp { name: "Acme sites".into(), scopes: vec!["cms".into()], ..unchanged(&app) };
    let changed = world.grapnel.change_app(&app.id, new).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.has_secret), ("Acme sites", true));
    let told: Vec<String> =
        world.grapnel.activity(None, None).unwrap().into_iter().map(|entry| entry.text).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn invalid_values_change_nothing() {
    let world = World::new();
    world.add_app().await;
    let other = world.grapnel.add_app(NewApp { name: "Other".into(), ..world.new_app() }).await.unwrap();
    let before = world.grapnel.apps().unwrap();
    let refused = [
        NewApp { name: "ACME".into(), ..unchanged(&other) },
        NewApp { provider: "thegrid".into(), ..unchanged(&other) },
        NewApp { client_id: String::new(), ..unchanged(&other) },
        NewApp { client_secret: Some(SecretInput("".into())), ..unchanged(&other) },
        elsewhere(&world, &other, "https://elsewhere.example"),
    ];
    let mut told = Vec::new();
    for new in refused {
        let error = world.grapnel.change_app(&other.id, new).await.unwrap_err();
        told.push(format!(
            "[{}] {} {}",
            error.field.unwrap(),
            error.message,
            error.meaning.unwrap_or_default()
        ));
    }
    insta::assert_snapshot!(told.join("\n"));
    assert_eq!(world.grapnel.apps().unwrap(), before);
}

#[tokio::test]
async fn a_changed_host_gets_no_secret_of_the_old_one() {
    let world = World::new();
    let id = world.connect().await;
    let app = world.grapnel.apps().unwrap().pop().unwrap();
    let thief = TcpListener::bind("127.0.0.1:0").unwrap();
    thief.set_nonblocking(true).unwrap();
    let mut moved = elsewhere(&world, &app, &format!("http://{}", thief.local_addr().unwrap()));
    moved.client_secret = Some(SecretInput("meant-for-there".into()));
    world.grapnel.change_app(&app.id, moved).await.unwrap();

    assert_eq!(world.grapnel.connections().unwrap()[0].state, State::ReconnectNeeded);
    for failed in [
        world.grapnel.refresh(&id).await.unwrap_err(),
        world.grapnel.projects(&id).await.unwrap_err(),
        world.grapnel.connection(&id).unwrap().error.unwrap(),
    ] {
        assert_eq!(failed.code, Code::ReconnectNeeded, "{failed:?}");
        assert!(failed.message.contains("127.0.0.1"), "{failed:?}");
    }

    // With the old endpoints, everything works as before.
    let secret = Some(SecretInput(grigora::CLIENT_SECRET.into()));
    world.grapnel.change_app(&app.id, NewApp { client_secret: secret, ..unchanged(&app) }).await.unwrap();
    assert_eq!(world.grapnel.connections().unwrap()[0].state, State::Active);
    world.grapnel.refresh(&id).await.unwrap();
    world.grapnel.projects(&id).await.unwrap();

    let moved = elsewhere(&world, &app, &format!("http://{}", thief.local_addr().unwrap()));
    let secret = Some(SecretInput("meant-for-there".into()));
    world.grapnel.change_app(&app.id, NewApp { client_secret: secret, ..moved }).await.unwrap();
    world.grapnel.disconnect(&id).await.unwrap();
    assert_eq!(thief.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

/// The endpoints of a sign-in, and the one that receives a password, are protected like those that receive tokens.
#[tokio::test]
async fn authorization_and_login_endpoints_are_protected_too() {
    let world = World::of(ProviderId::GroveStreams);
    let id = world.connect().await;
    let app = world.grapnel.apps().unwrap().pop().unwrap();
    for key in ["authorize_url", "login_url"] {
        let mut new = unchanged(&app);
        new.overrides.insert(key.into(), "http://localhost:9/x".into());
        let error = world.grapnel.change_app(&app.id, new).await.unwrap_err();
        assert_eq!(error.field.as_deref(), Some("client_secret"), "{key}");
        assert!(error.meaning.unwrap().contains("localhost"), "{key}");
    }
    let mut new = unchanged(&app);
    new.overrides.insert("login_url".into(), "http://localhost:9/x".into());
    new.client_secret = Some(SecretInput("meant-for-there".into()));
    let moved = world.grapnel.change_app(&app.id, new).await.unwrap();
    assert_eq!(
        (moved.provider_name.as_str(), moved.login_host.as_deref()),
        ("GroveStreams (this computer)", Some("localhost"))
    );
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::ReconnectNeeded);
}

#[tokio::test]
async fn a_new_sign_in_works_with_the_new_host() {
    let world = World::new();
    let id = world.connect().await;
    let app = world.grapnel.apps().unwrap().pop().unwrap();
    let options = Options::only(ProviderId::Grigora);
    let second = Sandbox::start(Options { consent: Consent::Authorize, reveal: true, ..options }).unwrap();
    let secret = Some(SecretInput(grigora::CLIENT_SECRET.into()));
    let moved = elsewhere(&world, &app, second.url(ProviderId::Grigora).unwrap());
    world.grapnel.change_app(&app.id, NewApp { client_secret: secret, ..moved }).await.unwrap();

    let world = World { sandbox: second, ..world };
    let attempt = world.grapnel.start_attempt(&app.id, &again(&id)).await.unwrap();
    let callback = world.visit(&attempt.id).await;
    world.grapnel.receive_callback(&callback).await.unwrap();
    assert_eq!(world.grapnel.connections().unwrap()[0].state, State::Active);
    world.grapnel.refresh(&id).await.unwrap();
    world.grapnel.projects(&id).await.unwrap();
}

#[tokio::test]
async fn changing_an_app_cancels_its_waiting_sign_ins() {
    let world = World::new();
    let app = world.add_app().await;
    let attempt = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await.unwrap();
    world.grapnel.change_app(&app.id, unchanged(&app)).await.unwrap();
    assert_eq!(world.grapnel.attempt(&attempt.id).unwrap().phase, Phase::Waiting);
    let new = NewApp { redirect: "loopback".into(), ..unchanged(&app) };
    world.grapnel.change_app(&app.id, new).await.unwrap();
    assert_eq!(world.grapnel.attempt(&attempt.id).unwrap().phase, Phase::Cancelled);
}

#[tokio::test]
async fn an_app_from_a_profile_file_sends_the_same_requests() {
    for provider in [ProviderId::Grigora, ProviderId::Grindery, ProviderId::TheGrid, ProviderId::GroveStreams]
    {
        let world = World::of(provider);
        let app = world.add_app().await;
        let text = world.grapnel.profile_of(&app.id).unwrap().write().unwrap();
        assert!(!text.contains(&app.client_id) || app.client_id.is_empty(), "{text}");
        let ProfileFile { provider, scopes, values, .. } = ProfileFile::read(&text).unwrap();
        let new = NewApp { name: "Second".into(), provider, scopes, overrides: values, ..world.new_app() };
        let second = world.grapnel.add_app(new).await.unwrap();
        assert_eq!(second.overrides, app.overrides);
    }
}
