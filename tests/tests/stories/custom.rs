//! A provider without a profile, configured by its issuer, and all that its metadata announces.

use grapnel_sandbox::ProviderId;
use grapnel_tests::form::open_step;
use grapnel_tests::page::Role;
use grapnel_tests::scene::Scene;
use grapnel_tests::{Result, ensure, sign_in};

const SCOPES: &str = "openid profile email notes:read notes:write";

#[tokio::test]
async fn a_provider_is_configured_by_its_issuer_alone() -> Result<()> {
    let scene = Scene::at(ProviderId::Custom, "custom").await?;
    let issuer = scene.origin()?.to_owned();
    let window = scene.step("Grapnel opens", scene.open_grapnel()).await?;
    let page = window.page();
    scene
        .step("The issuer tells its addresses", async {
            page.press(Role::Button, "Add your own app").await?;
            page.press(Role::Choice, "Another provider").await?;
            page.fill("Issuer", &issuer).await?;
            page.press(Role::Button, "Discover").await?;
            page.says("Found ").await?;
            page.press_about(Role::Disclosure, "Endpoints").await?;
            let token_address = page.value("Token URL").await?;
            ensure!(token_address == format!("{issuer}/token"), "the token address is {token_address:?}");
            Ok(())
        })
        .await?;
    scene
        .step("The endpoints are tested, without credentials", async {
            page.press(Role::Button, "Test").await?;
            page.says("refused the test as a token endpoint does").await?;
            page.says_one_of(&["were reached"]).await?;
            // What a person may try and a client never sends.
            scene.sandbox().departures().clear();
            Ok(())
        })
        .await?;
    scene
        .step("Step by step, the app is added, and its scopes are picked from those announced", async {
            page.press(Role::Button, "Next").await?;
            page.says("Redirect method").await?;
            page.press(Role::Button, "Next").await?;
            scene.form().fill(&page).await?;
            open_step(&page, "Scopes").await?;
            page.says("supported by the issuer").await?;
            for scope in SCOPES.split(' ') {
                page.tick(scope).await?;
            }
            scene.form().with("Scopes", SCOPES).is_kept(&page).await?;
            page.send().await?;
            page.find(Role::Button, "Connect").await?;
            Ok(())
        })
        .await?;
    scene
        .step("One scope is left out in the browser, and the connection is active", async {
            let consent = scene.connect(&page).await?;
            consent.page().tick_only(&["Know", "See your", "Read your"]).await?;
            consent.authorize().await?;
            page.find(Role::Tab, "Overview").await?;
            page.says("Active. Expires in").await
        })
        .await?;
    scene
        .step("The window tells who it is, by userinfo, and what was granted, by introspection", async {
            for words in [
                "Ines Marchetti",
                "ines@harbour.example",
                "5 requested, 4 granted, 1 missing",
                "Last checked",
            ] {
                page.says(words).await?;
            }
            Ok(())
        })
        .await?;
    sign_in::refresh(&scene, &page).await?;
    scene.check("The window shows no secret", scene.shows_no_secret(&page)).await?;
    sign_in::look_back(&scene).await?;
    scene
        .step("Disconnect has the permission taken back at the provider", async {
            page.press(Role::Button, "More actions").await?;
            page.press(Role::Option, "Disconnect…").await?;
            page.press(Role::Button, "Disconnect").await?;
            page.says("Access revoked at").await?;
            let left = scene.sandbox().grants(ProviderId::Custom).issued();
            ensure!(left.access_tokens_live + left.refresh_tokens_live == 0, "{left:?}");
            Ok(())
        })
        .await
}
