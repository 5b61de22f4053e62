//! Runs the main story and takes a picture of each step, for people without a display and for the README.

use std::path::Path;
use std::process::ExitCode;

use grapnel_tests::keyring::Keyring;
use grapnel_tests::page::{Page, Role};
use grapnel_tests::scene::Scene;
use grapnel_tests::story::Pictures;
use grapnel_tests::{Result, artifacts, sign_in};

#[tokio::main]
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the tour is told to whoever runs it")]
async fn main() -> ExitCode {
    let dir = artifacts::target().join("tour");
    let toured = tour().await;
    println!("Pictures: {}", dir.display());
    match toured {
        Ok(()) => {
            println!("All of it works.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn tour() -> Result<()> {
    let dir = artifacts::target().join("tour");
    let scene = Scene::set("tour", Keyring::Unlocked, Pictures::OfEachStep(dir.clone())).await?;
    let window = sign_in::sign_in(&scene).await?;
    let page = window.page();
    sign_in::read_posts(&scene, &page).await?;
    // Of the window alone, as the README shows it.
    page.picture(&dir.join("connection.png")).await?;
    sign_in::refresh(&scene, &page).await?;
    other_pages(&scene, &page, &dir).await?;
    sign_in::look_back(&scene).await
}

/// Pictures of the window alone, for `docs/`.
async fn other_pages(scene: &Scene, page: &Page, dir: &Path) -> Result<()> {
    scene
        .step("Browse, a request and Add app, for the documentation", async {
            page.press(Role::Tab, "Browse").await?;
            page.says_one_of(&["5,000 posts", "5000 posts"]).await?;
            // What was said of the refresh covers a corner.
            page.says_no_more("Refreshed.").await?;
            page.picture(&dir.join("browse.png")).await?;
            page.press(Role::Tab, "Requests").await?;
            page.fill("Path", "project/l").await?;
            page.press_about(Role::Option, "project/list").await?;
            page.press(Role::Button, "Send").await?;
            page.says("200 OK").await?;
            page.says("\"slug\"").await?;
            page.picture(&dir.join("requests.png")).await?;
            page.press(Role::Button, "Add app").await?;
            page.says("Templates").await?;
            page.picture(&dir.join("add-app.png")).await
        })
        .await
}
