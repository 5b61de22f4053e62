//! The window's text follows the desktop's text size, and its title names what it shows.

use std::fs;

use grapnel_tests::keyring::Keyring;
use grapnel_tests::page::{Page, Role};
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
    let window = scene.open_with_app().await?;
    let page = window.page();
    scene
        .step("The text is as large as the desktop’s", async {
            let size = font_size(&page).await?;
            ensure!(size == "24px", "the root’s font size is {size}");
            page.find(Role::Button, "Connect").await.map(drop)
        })
        .await?;
    scene
        .step("The window’s title names the app and its provider", async {
            let title = || scene.desktop().run("xdotool", &["search", "--name", "Grigora.* — Grapnel"]);
            until("the title", async || Ok(title().await.is_ok().then_some(()))).await
        })
        .await
}

/// The font size that all sizes of the page depend on.
async fn font_size(page: &Page) -> Result<String> {
    let script = "return getComputedStyle(document.documentElement).fontSize";
    Ok(page.driver().execute(script, Vec::new()).await?.convert()?)
}
