//! The person denies the authorization request, and then grants it.

use grapnel_tests::keyring::Keyring;
use grapnel_tests::page::Role;
use grapnel_tests::scene::Scene;
use grapnel_tests::story::Pictures;
use grapnel_tests::{Result, ensure};

#[tokio::test]
async fn a_denied_request_is_no_failure_and_can_be_repeated() -> Result<()> {
    let scene = Scene::set("denied", Keyring::Unlocked, Pictures::OfFailure).await?;
    let window = scene.step("An app is added", scene.open_with_app()).await?;
    let page = window.page();
    let consent = scene.step("The browser shows the consent page", scene.connect(&page)).await?;
    scene
        .step("Cancel is told as a no, and not as a failure", async {
            consent.cancel().await?;
            page.find(Role::Heading, "Access denied").await?;
            page.says("Access was denied at Grigora (this computer).").await?;
            page.says("Nothing changed, and no tokens were issued.").await?;
            ensure!(!page.text().await?.contains("failed"), "it says that something failed");
            scene.desktop().brings_to_front(window.process().pid).await
        })
        .await?;
    scene
        .step("There is no connection", async {
            ensure!(scene.sandbox().revealed().is_empty(), "a code was given out");
            ensure!(!page.has(Role::Tab, "Overview").await?, "a connection is shown");
            page.says("Denied").await
        })
        .await?;
    scene
        .step("Try again asks once more, and a yes connects", async {
            page.press(Role::Button, "Try again").await?;
            scene.consent().await?.authorize().await?;
            page.find(Role::Tab, "Overview").await?;
            page.says("Active. Expires in").await
        })
        .await
}
