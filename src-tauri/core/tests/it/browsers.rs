//! Which browser opens the pages of a connection.

use grapnel_core::authorize::Wanted;
use grapnel_core::error::Code;
use grapnel_core::settings::Settings;

use crate::world::{World, again};

fn usual(world: &World, browser: &str) {
    let settings = Settings { browser: browser.into(), ..Settings::default() };
    world.grapnel.change_settings(settings).unwrap();
}

#[tokio::test]
async fn a_connection_has_its_own_or_the_one_that_is_set_for_all_or_the_systems() {
    let world = World::new();
    let id = world.connect().await;
    let of = || world.grapnel.browser(&id).unwrap();
    assert_eq!(of(), "");
    usual(&world, "chromium");
    assert_eq!(of(), "chromium");
    world.grapnel.set_browser(&id, " firefox -P work ").unwrap();
    assert_eq!((of().as_str(), world.second_start().browser(&id).unwrap()), ("firefox -P work", of()));

    let error = world.grapnel.set_browser(&id, "firefox 'work").unwrap_err();
    assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some("browser")));
    assert_eq!(of(), "firefox -P work");
    world.grapnel.set_browser(&id, "").unwrap();
    assert_eq!(of(), "chromium");
}

#[tokio::test]
async fn what_is_chosen_for_a_sign_in_is_kept_by_the_connection_that_comes_of_it() {
    let world = World::new();
    usual(&world, "chromium");
    let (attempt, callback) = world.attempt().await;
    let of = |id| world.grapnel.attempt_browser(id).unwrap();
    assert_eq!(of(&attempt.id), "chromium");
    world.grapnel.choose_browser(&attempt.id, Some("firefox 'work")).unwrap_err();
    assert_eq!(world.grapnel.choose_browser(&attempt.id, Some("firefox -P work")).unwrap(), None);
    assert_eq!(of(&attempt.id), "firefox -P work");
    // One that opened nothing is taken back.
    let before = world.grapnel.choose_browser(&attempt.id, Some("/no/such/program")).unwrap();
    world.grapnel.choose_browser(&attempt.id, before.as_deref()).unwrap();
    world.grapnel.receive_callback(&callback).await.unwrap();
    let connection = world.grapnel.connections().unwrap().pop().unwrap();
    assert_eq!(world.grapnel.connection(&connection.id).unwrap().browser, "firefox -P work");

    let app = connection.app_id;
    let second = world.grapnel.start_attempt(&app, &again(&connection.id)).await.unwrap();
    assert_eq!(of(&second.id), "firefox -P work");
    let other = world.grapnel.start_attempt(&app, &Wanted::default()).await.unwrap();
    assert_eq!(of(&other.id), "chromium", "another account may need another profile");

    world.grapnel.choose_browser(&second.id, Some("")).unwrap();
    assert_eq!(of(&second.id), "chromium");
    assert_eq!(world.grapnel.browser(&connection.id).unwrap(), "firefox -P work", "until it is done");
    let callback = world.visit(&second.id).await;
    world.grapnel.receive_callback(&callback).await.unwrap();
    assert_eq!(world.grapnel.browser(&connection.id).unwrap(), "chromium");
}
