//! The grants without a callback: a code entered on another device, with its QR code shown, and an app that connects as
//! itself.

use grapnel_sandbox::{ProviderId, custom};
use grapnel_tests::form::{Form, open_step};
use grapnel_tests::page::{Page, Role};
use grapnel_tests::scene::Scene;
use grapnel_tests::{Result, ensure, sign_in};

/// Adds an app of this grant, whose provider is found by its issuer.
async fn add(scene: &Scene, page: &Page, grant: &str) -> Result<()> {
    let issuer = scene.origin()?.to_owned();
    page.press(Role::Button, "Add your own app").await?;
    page.press(Role::Choice, "Another provider").await?;
    page.fill("Issuer", &issuer).await?;
    page.press(Role::Button, "Discover").await?;
    page.says("Found ").await?;
    page.select("Grant type", grant).await?;
    // What this grant does not need is not asked for.
    open_step(page, "Register").await?;
    page.says("This grant type has no redirect URI").await?;
    Form::of("Another provider")
        .with("Client ID", custom::CLIENT_ID)
        .with("Client secret", custom::CLIENT_SECRET)
        .with("Scopes", "notes:read")
        .fill(page)
        .await?;
    page.send().await
}

#[tokio::test]
async fn a_code_is_entered_on_another_device() -> Result<()> {
    let scene = Scene::at(ProviderId::Custom, "device").await?;
    let window = scene.step("Grapnel opens", scene.open_grapnel()).await?;
    let page = window.page();
    scene
        .step(
            "An app of the device grant is added, without a redirect URI",
            add(&scene, &page, "Device code: you enter a code on any device"),
        )
        .await?;
    scene
        .step("The window shows the code large, its address, a QR code and how long it is valid", async {
            page.press(Role::Button, "Get a code").await?;
            page.says("Waiting for your approval").await?;
            page.says("The code expires in").await?;
            let source = page.source().await?;
            ensure!(source.contains("aria-label=\"QR code for http://127.0.0.1"), "there is no QR code");
            Ok(())
        })
        .await?;
    scene
        .step("In the browser, the code is filled in, and access is approved", async {
            page.press(Role::Button, "Open in browser").await?;
            let there = scene.opened(custom::DEVICE_PATH).await?;
            there.press(Role::Button, "Authorize").await?;
            there.says("Device connected").await
        })
        .await?;
    scene
        .step("The connection is active", async {
            page.find(Role::Tab, "Overview").await?;
            page.says("Active. Expires in").await
        })
        .await?;
    sign_in::refresh(&scene, &page).await?;
    scene
        .step("A token for another service is derived, kept and copied", async {
            page.press(Role::Tab, "Token").await?;
            page.press(Role::Button, "Get a token for another service").await?;
            page.fill("Audience", "elsewhere").await?;
            page.press(Role::Button, "Get and copy").await?;
            page.says("invalid_target").await?;
            page.fill("Audience", "notes").await?;
            page.press(Role::Button, "Get and copy").await?;
            page.says("Copied. The clipboard is cleared in 45 seconds.").await?;
            page.find(Role::Button, "Copy the token for notes").await.map(drop)
        })
        .await?;
    scene
        .check("The window shows no secret", async {
            let (source, revealed) = (page.source().await?, scene.sandbox().revealed());
            ensure!(revealed.len() >= 5, "device code, authorization code and tokens were issued");
            ensure!(!revealed.iter().any(|secret| source.contains(&secret.value)), "a secret is shown");
            Ok(())
        })
        .await?;
    scene
        .step("The derived token is removed after a question", async {
            page.press(Role::Button, "Remove the token for notes").await?;
            page.press(Role::Button, "Remove token").await?;
            page.says_no_more(", access token").await
        })
        .await
}

#[tokio::test]
async fn an_app_connects_as_itself() -> Result<()> {
    let scene = Scene::at(ProviderId::Custom, "client-credentials").await?;
    let window = scene.step("Grapnel opens", scene.open_grapnel()).await?;
    let page = window.page();
    scene
        .step(
            "An app of the client credentials grant is added, without a redirect URI",
            add(&scene, &page, "Client credentials: the app itself, without a person"),
        )
        .await?;
    scene
        .step("It gets a token without a browser", async {
            page.press(Role::Button, "Request token").await?;
            page.find(Role::Tab, "Overview").await?;
            page.says("Active. Expires in").await?;
            page.says("no person signed in").await
        })
        .await?;
    scene
        .step("Refresh asks for another one", async {
            page.press(Role::Button, "Refresh now").await?;
            page.says("Refreshed because you asked").await?;
            let issued = scene.sandbox().grants(ProviderId::Custom).issued();
            ensure!((issued.access_tokens, issued.refresh_tokens) == (2, 0), "{issued:?}");
            Ok(())
        })
        .await
}
