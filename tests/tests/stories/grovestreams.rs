//! GroveStreams: parameters in the URL fragment, which only scripts read; and a sign-in without a browser.

use grapnel_sandbox::{ProviderId, Switch, grovestreams};
use grapnel_tests::consent::Consent;
use grapnel_tests::page::{Page, Role};
use grapnel_tests::scene::{BY_PORT, Scene};
use grapnel_tests::{Result, ensure, sign_in};

const ACTIVE: &str = "Active. Expires in";

#[tokio::test]
async fn request_and_callback_can_be_in_the_fragment() -> Result<()> {
    let scene = Scene::at(ProviderId::GroveStreams, "grovestreams").await?;
    for switch in [Switch::GroveStreamsFragment, Switch::GroveStreamsOauthNames] {
        scene.sandbox().switches().set(switch, true);
    }
    let form = scene.form().back(BY_PORT).with("User ID", grovestreams::USER_UID);
    let form = form.with("Email", grovestreams::EMAIL);
    let window =
        scene.step("An app is added, with the person’s email and user id", scene.open_with(&form)).await?;
    let page = window.page();
    let consent = scene
        .step("The page’s script reads the request from the fragment, and the email is filled in", async {
            let consent = scene.connect(&page).await?;
            let email = consent.page().value("Email").await?;
            ensure!(email == grovestreams::EMAIL, "the email is {email:?}");
            Ok(consent)
        })
        .await?;
    scene
        .step("The answer comes in the fragment, and the closing page hands it on", async {
            sign_in_on(&consent).await?;
            consent.page().says("You can close this page.").await?;
            let address = consent.page().address().await?;
            ensure!(
                !address.contains("oauthCode") && !address.contains('#'),
                "the code is still in the address"
            );
            page.find(Role::Tab, "Overview").await?;
            page.says(ACTIVE).await?;
            page.says("Ines Marchetti").await
        })
        .await?;
    scene
        .step("Browse lists the organizations", async {
            page.press(Role::Tab, "Browse").await?;
            page.says("Harbour Coffee Roasters").await?;
            page.says("You own it").await
        })
        .await?;
    without_scripts(&scene, &page).await?;
    scene.check("The window shows no secret", scene.shows_no_secret(&page)).await?;
    sign_in::look_back(&scene).await
}

async fn sign_in_on(consent: &Consent) -> Result<()> {
    consent.page().fill("Password", grovestreams::PASSWORD).await?;
    consent.authorize().await
}

async fn without_scripts(scene: &Scene, page: &Page) -> Result<()> {
    let address = scene
        .step("Without scripts nobody hands it on, and the page says what to do", async {
            page.press(Role::Button, "More actions").await?;
            page.press(Role::Option, "Reconnect").await?;
            let consent = scene.consent().await?;
            consent.page().turn_scripts_off().await?;
            sign_in_on(&consent).await?;
            consent
                .page()
                .says("If this page stays, copy its whole address from the address bar and paste it into Grapnel.")
                .await?;
            consent.page().address().await
        })
        .await?;
    scene
        .step("Its address, pasted, connects", async {
            page.press(Role::Disclosure, "Paste the URL instead").await?;
            page.fill("Redirect URL", &address).await?;
            page.press(Role::Button, "Use this URL").await?;
            page.find(Role::Tab, "Overview").await?;
            page.says(ACTIVE).await
        })
        .await
}

#[tokio::test]
async fn email_and_password_are_used_once() -> Result<()> {
    const WRONG: &str = "not-the-password-of-ines";
    let scene = Scene::at(ProviderId::GroveStreams, "grovestreams-password").await?;
    let window = scene.step("An app is added", scene.open_with_app()).await?;
    let page = window.page();
    scene
        .step("Without a browser: the window warns, and says what a wrong password means", async {
            page.press(Role::Button, "Sign in with email and password instead").await?;
            page.says("sends your email and password to 127.0.0.1 once and stores neither").await?;
            enter(&page, WRONG).await?;
            page.says("did not accept email and password").await
        })
        .await?;
    scene
        .step("The right one connects, and no browser was opened", async {
            enter(&page, grovestreams::PASSWORD).await?;
            page.find(Role::Tab, "Overview").await?;
            page.says(ACTIVE).await?;
            page.says("Signed in.").await?;
            let browsers = scene.desktop().processes();
            ensure!(!browsers.iter().any(|seen| seen.line().contains("chromium")), "a browser runs");
            Ok(())
        })
        .await?;
    scene
        .check("The password is nowhere, and neither is the wrong one", async {
            ensure!(!page.source().await?.contains(grovestreams::PASSWORD), "the window has it");
            scene.find_nothing_of(&[("password", grovestreams::PASSWORD), ("wrong password", WRONG)])
        })
        .await?;
    sign_in::look_back(&scene).await
}

async fn enter(page: &Page, password: &str) -> Result<()> {
    page.fill("Email", grovestreams::EMAIL).await?;
    page.fill("Password", password).await?;
    page.press(Role::Button, "Sign in").await
}
