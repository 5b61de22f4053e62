//! The redirect methods other than the deep link: loopback, and pasting.

use grapnel_core::Grapnel;
use grapnel_core::app::{App, NewApp};
use grapnel_core::authorize::SignInRequest;
use grapnel_model::attempt::{Attempt, Phase};
use grapnel_model::error::Code;
use grapnel_model::redirect::RedirectMethod;
use grapnel_model::secret::ExposeSecret;

use crate::support::world::{World, end_of};

async fn app(world: &World, redirect: &str) -> App {
    world.grapnel.add_app(NewApp { redirect: redirect.into(), ..world.new_app() }).await.unwrap()
}

async fn start(world: &World, app: &App) -> Attempt {
    world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await.unwrap()
}

/// Sends a request as a browser does, except for what is given; returns the last status, URL and page.
async fn get(address: &str, host: Option<&str>) -> (u16, url::Url, String) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.get(address);
    let request = host.into_iter().fold(request, |request, host| request.header("host", host));
    let reply = request.send().await.unwrap();
    (reply.status().as_u16(), reply.url().clone(), reply.text().await.unwrap())
}

#[tokio::test]
async fn a_callback_arrives_on_a_free_port() {
    let world = World::new();
    let app = app(&world, "loopback").await;
    assert_eq!(app.redirect_method, RedirectMethod::Loopback);
    let mut events = world.grapnel.events();
    let attempt = start(&world, &app).await;
    let callback = world.visit(&attempt.id).await;
    let (status, address, page) = get(callback.expose_secret(), None).await;
    assert_eq!(status, 200);
    assert!(
        page.contains("You can close this page") && page.contains("Signed in to Grigora (this computer) as "),
        "{page}"
    );
    assert!(address.query().is_none() && address.path().ends_with("/done"), "{address}");
    assert_eq!(end_of(&mut events, &attempt.id).await.phase, Phase::Done);
    assert!(world.sandbox.departures().is_empty());
}

#[tokio::test]
async fn only_the_right_host_path_and_method_are_accepted() {
    let world = World::new();
    let app = app(&world, "loopback").await;
    let attempt = start(&world, &app).await;
    let address = &attempt.redirect_uri;
    assert_eq!(get(&format!("{address}?code=c&state=s"), Some("evil.example")).await.0, 421);
    assert_eq!(get(&address.replace("/callback", "/other"), None).await.0, 404);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    assert_eq!(client.put(address).send().await.unwrap().status().as_u16(), 405);
    let (status, _, page) = get(address, None).await;
    assert!(status == 200 && page.contains("location.hash") && page.contains("paste it into Grapnel"));
    assert_eq!(get(&format!("{address}?code=c&state=forged"), None).await.0, 400);
    assert_eq!(world.grapnel.attempt(&attempt.id).unwrap().phase, Phase::Waiting);
    // It still listens for the genuine callback.
    let mut events = world.grapnel.events();
    let callback = world.visit(&attempt.id).await;
    get(callback.expose_secret(), None).await;
    assert_eq!(end_of(&mut events, &attempt.id).await.phase, Phase::Done);
}

#[tokio::test]
async fn a_port_in_use_is_reported() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let world = World::new();
    let app = app(&world, &format!("http://127.0.0.1:{port}/callback")).await;
    let error = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await.unwrap_err();
    assert_eq!(error.code, Code::PortTaken);
    assert!(error.message.contains(&port.to_string()));
    drop(taken);
    let attempt = start(&world, &app).await;
    assert_eq!(attempt.redirect_uri, format!("http://127.0.0.1:{port}/callback"));
}

#[tokio::test]
async fn a_restarted_program_listens_again() {
    let mut world = World::new();
    let app = app(&world, "loopback").await;
    let attempt = start(&world, &app).await;
    let callback = world.visit(&attempt.id).await;
    // The first process ends, and its port becomes free some time later.
    let elsewhere = tempfile::tempdir().unwrap();
    world.grapnel = Grapnel::with(elsewhere.path(), world.keyring.clone(), world.clock.clone()).unwrap();
    let port = url::Url::parse(&attempt.redirect_uri).unwrap().port().unwrap();
    while tokio::net::TcpListener::bind(("127.0.0.1", port)).await.is_err() {
        tokio::task::yield_now().await;
    }
    world.start_again();
    let mut events = world.grapnel.events();
    while reqwest::get(callback.expose_secret()).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(end_of(&mut events, &attempt.id).await.phase, Phase::Done);
}

#[tokio::test]
async fn the_callback_url_can_be_pasted() {
    let world = World::new();
    let app = app(&world, "deep-link").await;
    let other = start(&world, &app).await;
    let attempt = start(&world, &app).await;
    let callback = world.visit(&attempt.id).await;
    let foreign = world.visit(&other.id).await;
    let error = world.grapnel.paste_callback(&attempt.id, &foreign).await.unwrap_err();
    assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some("pasted")));
    assert_eq!(world.grapnel.attempt(&attempt.id).unwrap().phase, Phase::Waiting);
    let (_, query) = callback.expose_secret().split_once('?').unwrap();
    for part in [query.to_owned(), format!("?{query}")] {
        let error = world.grapnel.paste_callback(&attempt.id, &part.into()).await.unwrap_err();
        assert_eq!(error.message, "That is only a part of the address.");
    }
    assert_eq!(world.grapnel.attempt(&attempt.id).unwrap().phase, Phase::Waiting);
    let pasted = format!("\n {} ", callback.expose_secret());
    world.grapnel.paste_callback(&attempt.id, &pasted.into()).await.unwrap();
    assert_eq!(world.grapnel.connections().unwrap().len(), 1);
    assert_eq!(world.grapnel.attempt(&other.id).unwrap().phase, Phase::Waiting);
}

#[tokio::test]
async fn an_unusable_redirect_uri_is_refused() {
    let world = World::new();
    for redirect in
        ["loopback:80", "loopback:99999", "http://app.example/cb", "https://app.example/#x", "pigeon"]
    {
        let new = NewApp { redirect: redirect.into(), ..world.new_app() };
        assert_eq!(
            world.grapnel.add_app(new).await.unwrap_err().field.as_deref(),
            Some("redirect"),
            "{redirect}"
        );
    }
    let own = app(&world, "https://app.example/cb").await;
    assert_eq!(own.redirect_method, RedirectMethod::Paste);
}
