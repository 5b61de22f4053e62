//! Which browser opens the sign-in page of a connection.

use grapnel_core::authorize::SignInRequest;
use grapnel_model::error::Code;
use grapnel_model::settings::Settings;

use crate::support::world::{World, again};

fn usual(world: &World, browser: &str) {
    let settings = Settings { browser: browser.into(), ..Settings::default() };
    world.grapnel.change_settings(settings).unwrap();
}

#[tokio::test]
async fn the_browser_is_the_connections_or_the_settings_or_the_systems() {
    let world = World::new();
    let id = world.connect().await;
    let of = || world.grapnel.browser(&id).unwrap();
    assert_eq!(of(), "");
    usual(&world, "env");
    assert_eq!(of(), "env");
    world.grapnel.set_browser(&id, " sh -P work ").unwrap();
    assert_eq!((of().as_str(), world.second_start().browser(&id).unwrap()), ("sh -P work", of()));

    let error = world.grapnel.set_browser(&id, "firefox 'work").unwrap_err();
    assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some("browser")));
    assert_eq!(of(), "sh -P work");
    world.grapnel.set_browser(&id, "").unwrap();
    assert_eq!(of(), "env");
}

#[tokio::test]
async fn a_browser_chosen_for_a_sign_in_is_stored_with_its_connection() {
    let world = World::new();
    usual(&world, "env");
    let (attempt, callback) = world.attempt().await;
    let of = |id| world.grapnel.attempt_browser(id).unwrap();
    assert_eq!(of(&attempt.id), "env");
    world.grapnel.choose_browser(&attempt.id, Some("firefox 'work")).unwrap_err();
    assert_eq!(world.grapnel.choose_browser(&attempt.id, Some("sh -P work")).unwrap(), None);
    assert_eq!(of(&attempt.id), "sh -P work");
    // A browser that fails to open is not stored.
    let before = world.grapnel.choose_browser(&attempt.id, Some("cat")).unwrap();
    world.grapnel.choose_browser(&attempt.id, before.as_deref()).unwrap();
    world.grapnel.receive_callback(&callback).await.unwrap();
    let connection = world.grapnel.connections().unwrap().pop().unwrap();
    assert_eq!(world.grapnel.connection(&connection.id).unwrap().browser, "sh -P work");

    let app = connection.app_id;
    let second = world.grapnel.start_attempt(&app, &again(&connection.id)).await.unwrap();
    assert_eq!(of(&second.id), "sh -P work");
    let other = world.grapnel.start_attempt(&app, &SignInRequest::default()).await.unwrap();
    assert_eq!(of(&other.id), "env", "another account may need another profile");

    world.grapnel.choose_browser(&second.id, Some("")).unwrap();
    assert_eq!(of(&second.id), "env");
    assert_eq!(world.grapnel.browser(&connection.id).unwrap(), "sh -P work", "until it is done");
    let callback = world.visit(&second.id).await;
    world.grapnel.receive_callback(&callback).await.unwrap();
    assert_eq!(world.grapnel.browser(&connection.id).unwrap(), "env");
}
