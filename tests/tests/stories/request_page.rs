//! The Requests tab: a request is sent with the connection's token, its response is folded and searched, and the
//! history keeps both until it is cleared.

use grapnel_tests::keyring::Keyring;
use grapnel_tests::page::{Page, Role};
use grapnel_tests::scene::Scene;
use grapnel_tests::story::Pictures;
use grapnel_tests::{Result, ensure};

const PROJECT: &str = "The Lantern Street Chronicle";
const SENT: &str = "GET project/list";

#[tokio::test]
async fn a_request_is_sent_read_and_kept_in_the_history() -> Result<()> {
    let scene = Scene::set("request-page", Keyring::Unlocked, Pictures::OfFailure).await?;
    let window = scene.step("An app is added", scene.open_with_app()).await?;
    let page = window.page();
    scene
        .step("It is connected", async {
            let consent = scene.connect(&page).await?;
            consent.choose(&[PROJECT]).await?;
            consent.authorize().await?;
            page.says("Active. Expires in").await
        })
        .await?;
    scene
        .step("A known endpoint is chosen and sent, and the response is shown", async {
            page.press(Role::Tab, "Requests").await?;
            page.fill("Path", "project/l").await?;
            page.press_about(Role::Option, "project/list").await?;
            page.press(Role::Button, "Send").await?;
            page.says("200 OK").await?;
            page.says(PROJECT).await
        })
        .await?;
    scene
        .step("What the response contains is folded, and a search opens it", async {
            page.press(Role::Button, "Fold all").await?;
            page.says_no_more(PROJECT).await?;
            page.fill("Search response", "lantern street").await?;
            page.says("1 of ").await?;
            page.says(PROJECT).await
        })
        .await?;
    scene.step("The page shows no secret", scene.shows_no_secret(&page)).await?;
    let window = scene
        .step("Grapnel is killed and started again", async {
            window.kill();
            scene.grapnel_is_gone().await?;
            scene.open_grapnel().await
        })
        .await?;
    let page = window.page();
    scene
        .step("The history opens the request with its response", async {
            page.press(Role::Tab, "Requests").await?;
            ensure!(!page.text().await?.contains("200 OK"), "a response is shown before it is opened");
            page.press_about(Role::Button, SENT).await?;
            page.says("200 OK").await?;
            page.says(PROJECT).await?;
            ensure!(page.value("Path").await? == "project/list", "another path");
            Ok(())
        })
        .await?;
    scene.step("The history is cleared", cleared(&page)).await?;
    scene.find_no_secret()
}

async fn cleared(page: &Page) -> Result<()> {
    page.press(Role::Button, "Clear…").await?;
    page.press(Role::Button, "Clear").await?;
    page.says("No requests yet.").await?;
    page.says_no_more("200 OK").await
}
