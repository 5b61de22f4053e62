//! Grindery: no registered app, sign-in with a wallet, a JWT access token, and workspaces with tokens of their own.

use grapnel_sandbox::{ProviderId, SecretKind};
use grapnel_tests::form::open_step;
use grapnel_tests::page::Role;
use grapnel_tests::scene::Scene;
use grapnel_tests::{Result, ensure, sign_in};

/// The wallet that the sign-in page selects by default.
const WALLET: &str = "eip155:1:0x5a3f1c09be27d4a86e10f97c3b82d56407ea91cd";

#[tokio::test]
async fn a_wallet_signs_in_and_sees_its_workspaces() -> Result<()> {
    let scene = Scene::at(ProviderId::Grindery, "grindery").await?;
    let window = scene
        .step("The form asks for no client, because Grindery knows none", async {
            let window = scene.open_grapnel().await?;
            window.page().press(Role::Button, "Add your own app").await?;
            scene.form().fill(&window.page()).await?;
            open_step(&window.page(), "Register").await?;
            window.page().says("No registration is needed: Grindery has no apps.").await?;
            open_step(&window.page(), "Credentials").await?;
            window.page().says("Grindery has no client ID and no client secret.").await?;
            ensure!(!window.page().has_field("Client ID").await?, "it asks for a client ID");
            window.page().send().await?;
            Ok(window)
        })
        .await?;
    let page = window.page();
    scene
        .step("A cancel there is not told, and the window says so; it can be cancelled here", async {
            let sign_in = scene.connect(&page).await?;
            page.says("Grindery doesn’t report cancellations. If you cancel there, cancel here too.").await?;
            sign_in.cancel().await?;
            sign_in.page().says("You cancelled the sign-in").await?;
            page.press(Role::Button, "Cancel").await?;
            page.says("Nothing changed, and no tokens were issued.").await
        })
        .await?;
    scene
        .step("The second time the wallet signs, and the connection is active", async {
            page.press(Role::Button, "Try again").await?;
            scene.consent().await?.authorize().await?;
            page.find(Role::Tab, "Overview").await?;
            page.says("Active. Expires in").await
        })
        .await?;
    scene
        .step(
            "The window tells whose wallet it is, and what the token says, verified by Grindery’s keys",
            async {
                page.says("ines@harbour.example").await?;
                page.says(WALLET).await?;
                page.press(Role::Tab, "Token").await?;
                page.says("urn:grindery:orchestrator").await?;
                page.says("verified").await?;
                ensure!(!page.text().await?.contains("not verified"), "the token is not verified");
                Ok(())
            },
        )
        .await?;
    scene
        .step("Browse lists the workspaces, and the workflows of one", async {
            page.press(Role::Tab, "Browse").await?;
            page.says("Northwind Bakery").await?;
            page.press_about(Role::Button, "Harbour Coffee").await?;
            page.says("ws-harbour").await?;
            page.press(Role::Button, "Workflows").await?;
            page.says("Loyalty token for each order").await?;
            page.says("Payroll").await
        })
        .await?;
    scene
        .step("A refresh keeps the refresh token", async {
            page.press(Role::Button, "Refresh now").await?;
            page.press(Role::Tab, "Overview").await?;
            page.says("Refreshed once.").await?;
            let refresh_tokens = scene.sandbox().grants(ProviderId::Grindery).issued().refresh_tokens;
            ensure!(refresh_tokens == 1, "there are {refresh_tokens} refresh tokens");
            Ok(())
        })
        .await?;
    scene
        .check("Each workspace came with a live token, and the window shows none", async {
            let revealed = scene.sandbox().revealed();
            let tokens = revealed.iter().filter(|one| one.kind == SecretKind::AccessToken).count();
            ensure!(tokens >= 5, "of the wallet’s two and the workspaces’ three tokens there are {tokens}");
            scene.shows_no_secret(&page).await
        })
        .await?;
    sign_in::look_back(&scene).await
}
