//! Invalid input in the form, in a callback and in a provider's reply. Each is reported with its own message, and
//! nothing is lost.

use grapnel_sandbox::{Endpoint, Fault};
use grapnel_tests::keyring::Keyring;
use grapnel_tests::page::{Page, Role};
use grapnel_tests::scene::{CALLBACK, Scene};
use grapnel_tests::story::Pictures;
use grapnel_tests::{Result, ensure};

const REFUSED: &str = "Rejected an unexpected sign-in response";
const ACTIVE: &str = "Active. Expires in";

#[tokio::test]
async fn invalid_input_is_reported_and_loses_nothing() -> Result<()> {
    let scene = Scene::set("bad-input", Keyring::Unlocked, Pictures::OfFailure).await?;
    let window = scene.open_grapnel().await?;
    let page = window.page();
    page.press(Role::Button, "Add your own app").await?;
    in_the_form(&scene, &page).await?;
    a_wrong_secret(&scene, &page).await?;
    in_a_callback(&scene, &page).await?;
    in_a_reply(&scene, &page).await?;
    scene.step("No secret is left anywhere by all this", async { scene.find_no_secret() }).await
}

async fn in_the_form(scene: &Scene, page: &Page) -> Result<()> {
    let right = scene.form();
    let client_id = |text: &str| right.clone().with("Client ID", text);
    let token_address = |text: &str| right.clone().with("Token URL", text);
    for (form, told) in [
        (client_id(""), "This field is required."),
        (token_address("https://provider.example/to ken"), "The address has a space in it."),
        (token_address("http://provider.example/token"), "Enter an https:// URL."),
        (token_address("provider"), "Enter an https:// URL."),
    ] {
        scene
            .step(&format!("In the form: {told}"), async {
                form.fill(page).await?;
                page.send().await?;
                page.says(told).await?;
                form.is_kept(page).await
            })
            .await?;
    }
    Ok(())
}

async fn a_wrong_secret(scene: &Scene, page: &Page) -> Result<()> {
    scene
        .step("A wrong client secret", async {
            scene.form().with("Client secret", "not-the-secret-of-this-app").add(page).await?;
            scene.connect(page).await?.authorize().await?;
            page.find(Role::Heading, "Sign-in failed").await?;
            page.says("does not accept the client ID or the client secret").await?;
            page.press(Role::Button, "Close").await?;
            page.says("Not connected.").await
        })
        .await
}

async fn in_a_callback(scene: &Scene, page: &Page) -> Result<()> {
    let consent = scene
        .step("Another app, with the right secret, waits for an answer", async {
            page.press(Role::Button, "Add app").await?;
            scene.form().called("Right app").add(page).await?;
            scene.connect(page).await
        })
        .await?;
    for (forged, told) in [
        ("code=forged&state=forged", "belongs to none of Grapnel’s sign-ins"),
        ("code=forged", "without a state"),
        ("state=forged", "neither a code nor an error"),
        ("code=one&code=two&state=forged", "more than once"),
    ] {
        scene
            .step(&format!("A forged callback {told}"), async {
                scene.desktop().open(&format!("{CALLBACK}?{forged}"))?;
                refused(page, told).await?;
                page.says("Waiting for you in the browser").await
            })
            .await?;
    }
    scene
        .step("An error that no specification knows", async {
            let answer =
                format!("{}?error=mercury_in_retrograde&state={}", consent.redirect_uri(), consent.state());
            scene.desktop().open(&answer)?;
            page.find(Role::Heading, "The provider answered with an error").await?;
            page.says("Grigora (this computer) refused, with the error “mercury_in_retrograde”.").await
        })
        .await?;
    let consent = scene
        .step("Try again connects", async {
            page.press(Role::Button, "Try again").await?;
            let consent = scene.consent().await?;
            consent.authorize().await?;
            page.says(ACTIVE).await?;
            Ok(consent)
        })
        .await?;
    scene
        .step("The same callback once more", async {
            let again =
                format!("{}?code={}&state={}", consent.redirect_uri(), scene.last_code()?, consent.state());
            scene.desktop().open(&again)?;
            refused(page, "for a sign-in that was already answered").await?;
            page.says(ACTIVE).await
        })
        .await
}

/// Waits for the notice, and dismisses it.
async fn refused(page: &Page, told: &str) -> Result<()> {
    page.says(REFUSED).await?;
    page.says(told).await?;
    page.press(Role::Button, "Dismiss").await?;
    page.says_no_more(REFUSED).await
}

async fn in_a_reply(scene: &Scene, page: &Page) -> Result<()> {
    let faults = scene.sandbox().faults();
    let mut next = scene
        .step("The connection is to be authorized again", async {
            page.press(Role::Button, "More actions").await?;
            page.press(Role::Option, "Reconnect").await?;
            scene.consent().await
        })
        .await?;
    for (fault, told) in [
        (Fault::Html, "a web page (HTML) instead of JSON"),
        (Fault::Empty, ", with status 200, was empty."),
        (Fault::CutOff, "its answer did not arrive whole"),
        (Fault::Oversized, "larger than 1 MiB, and was not read further"),
        (Fault::UnknownError, "refused, with status 400 and the error “mercury_in_retrograde”"),
    ] {
        next = scene
            .step(&format!("A reply: {told}"), async {
                faults.set(Endpoint::TokenExchange, fault, 1)?;
                next.authorize().await?;
                page.find(Role::Heading, "Sign-in failed").await?;
                page.says(told).await?;
                let text = page.text().await?;
                ensure!(text.contains("Active, "), "the connection was lost");
                page.press(Role::Button, "Try again").await?;
                scene.consent().await
            })
            .await?;
    }
    scene
        .step("Without a fault it is connected again, as one connection", async {
            next.authorize().await?;
            page.find(Role::Tab, "Overview").await?;
            page.says(ACTIVE).await?;
            let text = page.text().await?;
            ensure!(text.matches("Active, ").count() == 1, "there are several");
            Ok(())
        })
        .await
}
