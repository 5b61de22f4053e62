//! The Grid: a choice of identity providers, ticked scopes, and a token without a known expiry.

use grapnel_sandbox::{ProviderId, SecretKind};
use grapnel_tests::form::open_step;
use grapnel_tests::page::Role;
use grapnel_tests::scene::Scene;
use grapnel_tests::{Context, Result, ensure};

#[tokio::test]
async fn ticked_scopes_are_granted_with_a_token_without_expiry() -> Result<()> {
    let scene = Scene::at(ProviderId::TheGrid, "the-grid").await?;
    let window = scene
        .step("The form offers identity providers, and scopes with what they mean", async {
            let window = scene.open_grapnel().await?;
            let page = window.page();
            page.press(Role::Button, "Add your own app").await?;
            let scopes = ["content_management", "website_management"];
            let form = scene.form().selecting("Identity provider", "GitHub").ticking(&scopes);
            form.fill(&page).await?;
            open_step(&page, "Scopes").await?;
            page.says("Manage your sites and publish to them").await?;
            form.send(&page).await?;
            Ok(window)
        })
        .await?;
    let page = window.page();
    scene
        .step("The consent page has the choice already, and asks for these scopes alone", async {
            let consent = scene.connect(&page).await?;
            consent.page().says("You logged in with GitHub.").await?;
            consent.page().says("content_management").await?;
            let text = consent.page().text().await?;
            ensure!(text.contains("website_management") && !text.contains("payment"), "{text}");
            consent.authorize().await
        })
        .await?;
    scene
        .step("The connection is good until it is refused, and says what then is to be done", async {
            page.find(Role::Tab, "Overview").await?;
            page.says("No expiry given. Valid until the provider rejects it; then reconnect.").await?;
            page.says("No refresh token.").await?;
            page.says("Ines Marchetti").await?;
            ensure!(!page.has(Role::Button, "Refresh now").await?, "it offers a refresh");
            Ok(())
        })
        .await?;
    scene
        .step("Browse lists the sites, and the items of one, more than the API gives at a time", async {
            page.press(Role::Tab, "Browse").await?;
            page.says("Northwind Bakery").await?;
            page.press_about(Role::Button, "Harbour Coffee Roasters").await?;
            page.press(Role::Button, "Items").await?;
            page.says("180 items").await
        })
        .await?;
    scene.check("The window shows no secret", scene.shows_no_secret(&page)).await?;
    scene
        .step("When The Grid refuses the token, the window asks to reconnect", async {
            let revealed = scene.sandbox().revealed();
            let token =
                revealed.into_iter().rfind(|one| one.kind == SecretKind::AccessToken).context("a token")?;
            scene.sandbox().grants(ProviderId::TheGrid).revoke(&token.value);
            page.press(Role::Button, "Reload").await?;
            page.says("Reconnect needed").await?;
            page.press(Role::Tab, "Overview").await?;
            page.find(Role::Button, "Reconnect").await?;
            Ok(())
        })
        .await?;
    scene
        .check("No secret is in any file, log, argument list or environment", async {
            scene.find_no_secret()
        })
        .await
}
