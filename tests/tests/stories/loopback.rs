//! A provider that does not allow custom schemes: the callback arrives over loopback.

use std::net::{TcpListener, TcpStream};

use grapnel_tests::form::open_step;
use grapnel_tests::keyring::Keyring;
use grapnel_tests::page::{Page, Role};
use grapnel_tests::scene::{BY_PORT, Scene};
use grapnel_tests::story::Pictures;
use grapnel_tests::wait::until;
use grapnel_tests::{Context, Result, ensure, sign_in};

const ACTIVE: &str = "Active. Expires in";

#[tokio::test]
async fn a_callback_arrives_over_loopback() -> Result<()> {
    let scene = Scene::set("loopback", Keyring::Unlocked, Pictures::OfFailure).await?;
    let form = scene.form().back(BY_PORT);
    let window =
        scene.step("An app is added whose answers come to any free port", scene.open_with(&form)).await?;
    let page = window.page();
    let consent = scene
        .step("The browser shows the consent page, and the window tells where it listens", async {
            let consent = scene.connect(&page).await?;
            page.says("The browser is redirected to 127.0.0.1").await?;
            Ok(consent)
        })
        .await?;
    let address = scene
        .step("Authorize leads to a page that needs no script and says that it may be closed", async {
            consent.page().turn_scripts_off().await?;
            consent.authorize().await?;
            may_be_closed(consent.page()).await
        })
        .await?;
    scene
        .step("The window comes to the front, and the connection is active", async {
            page.find(Role::Tab, "Overview").await?;
            page.says(ACTIVE).await?;
            scene.desktop().brings_to_front(window.process().pid).await
        })
        .await?;
    scene
        .check("Nobody listens there any more", async {
            let place = address.strip_prefix("http://").and_then(|rest| rest.split('/').next());
            let place = place.context("no host")?;
            until("the port to be free", async || Ok(TcpStream::connect(place).is_err().then_some(()))).await
        })
        .await?;
    a_port_that_is_taken(&scene, &page).await?;
    scene.check("The window shows no secret", scene.shows_no_secret(&page)).await?;
    sign_in::look_back(&scene).await
}

/// The page at the end of the redirects, and its URL.
async fn may_be_closed(page: &Page) -> Result<String> {
    page.find(Role::Heading, "Signed in").await?;
    page.says("You can close this page.").await?;
    let address = page.address().await?;
    ensure!(address.starts_with("http://127.0.0.1:"), "the browser is at another address");
    Ok(address)
}

async fn a_port_that_is_taken(scene: &Scene, page: &Page) -> Result<()> {
    let other = TcpListener::bind("127.0.0.1:0")?;
    let port = other.local_addr()?.port();
    scene
        .step("Another app has a port of its own, which another program holds", async {
            page.press(Role::Button, "Add app").await?;
            let form = scene.form().back(BY_PORT).with("Port", port.to_string()).called("Fixed port");
            form.fill(page).await?;
            open_step(page, "Register").await?;
            page.says(&format!("http://127.0.0.1:{port}/callback")).await?;
            form.send(page).await?;
            page.press(Role::Button, "Connect").await?;
            page.says(&format!("Port {port} of this computer belongs to another program right now.")).await?;
            page.says("The sign-in did not start. Nothing changed.").await?;
            page.says("Close that program and try again; or register another port at the provider").await
        })
        .await?;
    scene
        .step("Once that program is closed, Try again goes on, and the same port brings the answer", async {
            drop(other);
            page.press(Role::Button, "Try again").await?;
            let consent = scene.consent().await?;
            consent.authorize().await?;
            let address = may_be_closed(consent.page()).await?;
            ensure!(
                address.starts_with(&format!("http://127.0.0.1:{port}/callback/"))
                    && !address.contains("code="),
                "it came by another port"
            );
            page.find(Role::Heading, "Fixed port").await?;
            page.says(ACTIVE).await
        })
        .await
}
