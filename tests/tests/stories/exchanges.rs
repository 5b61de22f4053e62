//! The exchanges with a provider: a sign-in whose token request fails shows the response; the Requests tab has a
//! refresh that failed and the one that succeeded, and an activity entry leads to the one that it tells about.

use grapnel_sandbox::{Endpoint, Fault};
use grapnel_tests::keyring::Keyring;
use grapnel_tests::page::Role;
use grapnel_tests::scene::Scene;
use grapnel_tests::story::Pictures;
use grapnel_tests::{Result, ensure};

#[tokio::test]
async fn a_failed_exchange_is_seen_and_then_fixed() -> Result<()> {
    let scene = Scene::set("exchanges", Keyring::Unlocked, Pictures::OfFailure).await?;
    let window = scene.step("An app is added", scene.open_with_app()).await?;
    let page = window.page();
    let faults = scene.sandbox().faults();
    scene
        .step("A refused token request is shown with its response, beside the sign-in", async {
            faults.set(Endpoint::TokenExchange, Fault::UnknownError, 1)?;
            scene.connect(&page).await?.authorize().await?;
            page.says("Response 400").await?;
            page.says("mercury_in_retrograde").await?;
            let code = scene.last_code()?;
            ensure!(!page.source().await?.contains(&code), "the page has the authorization code");
            Ok(())
        })
        .await?;
    scene
        .step("Once it is fixed, the sign-in succeeds", async {
            page.press(Role::Button, "Try again").await?;
            scene.consent().await?.authorize().await?;
            page.says("Active. Expires in").await
        })
        .await?;
    scene
        .step("A refresh that the provider could not answer is in the Requests tab", async {
            faults.set(Endpoint::TokenRefresh, Fault::ServerError(503), 1)?;
            page.press(Role::Button, "Refresh now").await?;
            page.press(Role::Tab, "Requests").await?;
            page.press_about(Role::Button, "Token refresh").await?;
            page.says("503 Service Unavailable").await?;
            page.says("refresh_token").await?;
            scene.shows_no_secret(&page).await
        })
        .await?;
    scene
        .step("The entry of the next refresh leads to its exchange", async {
            page.press(Role::Button, "Refresh now").await?;
            page.press(Role::Tab, "Activity").await?;
            page.says("Refreshed because you asked.").await?;
            page.press_about(Role::Button, "Show exchange").await?;
            page.says("200 OK").await?;
            page.says("access_token").await?;
            scene.shows_no_secret(&page).await
        })
        .await?;
    scene.find_no_secret()
}
