//! The window follows the desktop's text size, and its title names what it shows.

use std::fs;

use grapnel_tests::keyring::Keyring;
use grapnel_tests::page::Role;
use grapnel_tests::scene::Scene;
use grapnel_tests::story::Pictures;
use grapnel_tests::wait::until;
use grapnel_tests::{Result, ensure};

/// One and a half times the usual 96 dots per inch, as a resource of X11.
const LARGE_TEXT: &str = "Xft.dpi: 144\n";

#[tokio::test]
async fn the_window_follows_the_desktops_text_size() -> Result<()> {
    let scene = Scene::set("text-size", Keyring::Unlocked, Pictures::OfFailure).await?;
    fs::write(scene.desktop().home().join(".Xdefaults"), LARGE_TEXT)?;
    let window = scene.open_grapnel().await?;
    let page = window.page();
    scene
        .step("Everything is one and a half times as large", async {
            page.find(Role::Button, "Add your own app").await?;
            let scale = "return outerWidth / innerWidth";
            let scale: f64 = page.driver().execute(scale, Vec::new()).await?.convert()?;
            ensure!((1.49..1.51).contains(&scale), "the page is drawn {scale} times as large");
            Ok(())
        })
        .await
}

#[tokio::test]
async fn the_windows_title_names_the_app_and_its_provider() -> Result<()> {
    let scene = Scene::set("window-title", Keyring::Unlocked, Pictures::OfFailure).await?;
    let _window = scene.open_with_app().await?;
    scene
        .step("The title names both", async {
            let title = || scene.desktop().run("xdotool", &["search", "--name", "Grigora.* — Grapnel"]);
            until("the title", async || Ok(title().await.is_ok().then_some(()))).await
        })
        .await
}
