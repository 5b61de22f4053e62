//! A provider that allows https redirect URIs only: the browser ends at a URL without a server, and the person pastes
//! it into Grapnel.

use grapnel_tests::consent::Consent;
use grapnel_tests::keyring::Keyring;
use grapnel_tests::page::{Page, Role};
use grapnel_tests::sandbox_provider::NOBODY;
use grapnel_tests::scene::Scene;
use grapnel_tests::story::Pictures;
use grapnel_tests::wait::until;
use grapnel_tests::{Result, ensure, sign_in};

const ACTIVE: &str = "Active. Expires in";
const WAITING: &str = "Waiting, in the browser";
const PASTED: &str = "Redirect URL";

#[tokio::test]
async fn a_pasted_callback_finishes_the_sign_in() -> Result<()> {
    let scene = Scene::set("paste", Keyring::Unlocked, Pictures::OfFailure).await?;
    let form =
        |name: &str| scene.form().back("Paste manually").with("Your HTTPS redirect URI", NOBODY).called(name);
    let window =
        scene.step("An app with an https address is added", scene.open_with(&form("First app"))).await?;
    let page = window.page();
    let (_, first) = agree(&scene, &page).await?;
    scene
        .step("Another one is added as well, while the first waits", async {
            page.press(Role::Button, "Add app").await?;
            form("Second app").add(&page).await
        })
        .await?;
    let (consent, second) = agree(&scene, &page).await?;
    what_is_pasted_wrongly(&scene, &page, &consent, &first).await?;
    scene
        .step("The second sign-in’s own address connects it", async {
            paste(&page, &second).await?;
            page.find(Role::Heading, "Second app").await?;
            page.says(ACTIVE).await
        })
        .await?;
    scene
        .step("The first one still waits, and its address connects it", async {
            page.press_about(Role::Button, "First app").await?;
            page.says(WAITING).await?;
            paste(&page, &first).await?;
            page.find(Role::Heading, "First app").await?;
            page.says(ACTIVE).await
        })
        .await?;
    scene.check("The window shows no secret", scene.shows_no_secret(&page)).await?;
    sign_in::look_back(&scene).await
}

/// Signs in in the browser, and copies its last URL.
async fn agree(scene: &Scene, page: &Page) -> Result<(Consent, String)> {
    scene
        .step("The browser ends where nobody answers, and its address can be copied", async {
            let consent = scene.connect(page).await?;
            page.says("Then copy the URL from the browser’s address bar").await?;
            consent.authorize().await?;
            let address = until("the browser to end there", async || {
                let address = consent.page().address().await?;
                Ok(address.starts_with(NOBODY).then_some(address))
            })
            .await?;
            ensure!(address.contains("code="), "the address has no code");
            page.says(WAITING).await?;
            Ok((consent, address))
        })
        .await
}

async fn what_is_pasted_wrongly(scene: &Scene, page: &Page, consent: &Consent, another: &str) -> Result<()> {
    let sign_in_page = format!("{}/oauth/authorize?state={}", scene.origin()?, consent.state());
    let forged = format!("{NOBODY}?code=forged&state=forged");
    for (pasted, told) in [
        (
            "gri_ac_1234",
            "That is not an address. A code alone is not enough: without the state, Grapnel cannot tell which sign-in \
             it belongs to.",
        ),
        (&sign_in_page, "That address carries neither a code nor an error."),
        (&forged, "That address answers no sign-in of this Grapnel."),
        (another, "That address answers another sign-in."),
    ] {
        scene
            .step(&format!("Pasted wrongly: {told}"), async {
                paste(page, pasted).await?;
                page.says(told).await?;
                let waiting = page.text().await?.matches(WAITING).count();
                ensure!(waiting == 2, "of the two sign-ins {waiting} wait");
                Ok(())
            })
            .await?;
    }
    ensure!(!page.has(Role::Tab, "Overview").await?, "a connection is shown");
    Ok(())
}

async fn paste(page: &Page, text: &str) -> Result<()> {
    page.fill(PASTED, text).await?;
    page.press(Role::Button, "Use this URL").await
}
