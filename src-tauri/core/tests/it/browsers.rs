//! Which browser opens the sign-in page of a connection.

use grapnel_core::authorize::SignInRequest;
use grapnel_model::error::Code;
use grapnel_model::settings::Settings;

use crate::support::world::{BROWSER, World, again};

fn usual(world: &World, browser: &str) {
    let settings = Settings { browser: browser.into(), ..Settings::default() };
    world.grapnel.change_settings(settings).unwrap();
}

/// Programs of this system, in the place of browsers.
const USUAL: &str = if cfg!(windows) { "hostname" } else { "env" };
const OTHER: &str = if cfg!(windows) { "find" } else { "cat" };

#[tokio::test]
async fn the_browser_is_the_connections_or_the_settings_or_the_systems() {
    let world = World::new();
    let id = world.connect().await;
    let of = || world.grapnel.browser(&id).unwrap();
    assert_eq!(of(), "");
    usual(&world, USUAL);
    assert_eq!(of(), USUAL);
    world.grapnel.set_browser(&id, &format!(" {BROWSER} ")).unwrap();
    assert_eq!((of().as_str(), world.second_start().browser(&id).unwrap()), (BROWSER, of()));

    let error = world.grapnel.set_browser(&id, "firefox 'work").unwrap_err();
    assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some("browser")));
    assert_eq!(of(), BROWSER);
    world.grapnel.set_browser(&id, "").unwrap();
    assert_eq!(of(), USUAL);
}

#[tokio::test]
async fn a_browser_chosen_for_a_sign_in_is_stored_with_its_connection() {
    let world = World::new();
    usual(&world, USUAL);
    let (attempt, callback) = world.attempt().await;
    let of = |id| world.grapnel.attempt_browser(id).unwrap();
    assert_eq!(of(&attempt.id), USUAL);
    world.grapnel.choose_browser(&attempt.id, Some("firefox 'work")).unwrap_err();
    assert_eq!(world.grapnel.choose_browser(&attempt.id, Some(BROWSER)).unwrap(), None);
    assert_eq!(of(&attempt.id), BROWSER);
    // A browser that fails to open is not stored.
    let before = world.grapnel.choose_browser(&attempt.id, Some(OTHER)).unwrap();
    world.grapnel.choose_browser(&attempt.id, before.as_deref()).unwrap();
    world.grapnel.receive_callback(&callback).await.unwrap();
    let connection = world.grapnel.connections().unwrap().pop().unwrap();
    assert_eq!(world.grapnel.connection(&connection.id).unwrap().browser, BROWSER);

    let app = connection.app_id;
    let second = world.grapnel.start_attempt(&app, &again(&connection.id)).await.unwrap();
    assert_eq!(of(&second.id), BROWSER);
    let other = world.grapnel.start_attempt(&app, &SignInRequest::default()).await.unwrap();
    assert_eq!(of(&other.id), USUAL, "another account may need another profile");

    world.grapnel.choose_browser(&second.id, Some("")).unwrap();
    assert_eq!(of(&second.id), USUAL);
    assert_eq!(world.grapnel.browser(&connection.id).unwrap(), BROWSER, "until it is done");
    let callback = world.visit(&second.id).await;
    world.grapnel.receive_callback(&callback).await.unwrap();
    assert_eq!(world.grapnel.browser(&connection.id).unwrap(), USUAL);
}
