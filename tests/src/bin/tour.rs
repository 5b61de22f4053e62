//! Runs the main story and takes a picture of each step, for people without a display and for the README.

use std::process::ExitCode;

use grapnel_tests::keyring::Keyring;
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
    sign_in::look_back(&scene).await
}
