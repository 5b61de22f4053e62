//! The engine of the window hangs, as it does with a broken graphics driver: Grapnel restarts with a safer renderer,
//! remembers it, and says so in the diagnostics.

use std::fs;

use grapnel_tests::desktop::Desktop;
use grapnel_tests::keyring::Keyring;
use grapnel_tests::page::Role;
use grapnel_tests::process::{self, Running, Seen};
use grapnel_tests::scene::Scene;
use grapnel_tests::story::Pictures;
use grapnel_tests::wait::until;
use grapnel_tests::window::drivable;
use grapnel_tests::{Result, artifacts, ensure};

/// Set in a start without sharing of buffers with the GPU.
const DISABLE_DMABUF: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";

#[tokio::test]
async fn a_window_whose_page_does_not_load_gets_a_safer_renderer() -> Result<()> {
    let scene = Scene::set("renderer", Keyring::Unlocked, Pictures::OfFailure).await?;
    let desktop = scene.desktop();
    let mut command = desktop.command(artifacts::program());
    command.envs(drivable()?);
    let mut first = Running::start(&mut command, &desktop.log("grapnel"))?;
    scene
        .check("The engine stops before the page has loaded", async {
            let engine = until("the engine's process", async || Ok(engines(desktop).pop())).await?;
            process::stop(engine.pid);
            ensure!(engine.variable(DISABLE_DMABUF).is_none(), "it began with a safer renderer");
            Ok(())
        })
        .await?;
    let window = scene
        .step("Grapnel restarts by itself, and its page loads", async {
            until("the first process to end", async || first.ended()).await?;
            let window = scene.find_grapnel().await?;
            window.page().find(Role::Button, "Try the sandbox").await?;
            Ok(window)
        })
        .await?;
    scene
        .step("The diagnostics name the renderer", async {
            // The first page has no settings.
            window.page().press(Role::Button, "Add your own app").await?;
            window.page().settings("Diagnostics").await?;
            window.page().press(Role::Button, "Run diagnostics").await?;
            window.page().says("Without DMABUF, since no page loaded with the default.").await
        })
        .await?;
    scene
        .check("The next start knows it", async {
            let file = desktop.data().join("renderer.json");
            until("the renderer to be remembered", async || {
                Ok(fs::read_to_string(&file).is_ok_and(|text| text.contains("without_dmabuf")).then_some(()))
            })
            .await?;
            window.kill();
            scene.grapnel_is_gone().await?;
            let earlier = engines(desktop);
            let mut command = desktop.command(artifacts::program());
            let _second = Running::start(&mut command, &desktop.log("grapnel"))?;
            let engine = until("another engine", async || {
                let is_new = |engine: &Seen| !earlier.iter().any(|one| one.pid == engine.pid);
                Ok(engines(desktop).into_iter().find(is_new))
            })
            .await?;
            ensure!(engine.variable(DISABLE_DMABUF).is_some(), "it began with the default");
            Ok(())
        })
        .await
}

/// The processes in which engines run their pages.
fn engines(desktop: &Desktop) -> Vec<Seen> {
    let mut processes = desktop.processes();
    processes.retain(|seen| seen.runs_file("WebKitWebProcess"));
    processes
}
