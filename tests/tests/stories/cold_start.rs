//! Grapnel is not running when the callback arrives: the link starts it, and it finishes the sign-in.

use grapnel_tests::keyring::Keyring;
use grapnel_tests::page::Role;
use grapnel_tests::process::Running;
use grapnel_tests::scene::Scene;
use grapnel_tests::story::Pictures;
use grapnel_tests::wait::until;
use grapnel_tests::{Result, artifacts, ensure};

#[tokio::test]
async fn a_deep_link_starts_grapnel_and_finishes_the_sign_in() -> Result<()> {
    let scene = Scene::set("cold-start", Keyring::Unlocked, Pictures::OfFailure).await?;
    let window = scene.step("An app is added", scene.open_with_app()).await?;
    let consent = scene.step("The browser shows the consent page", scene.connect(&window.page())).await?;
    scene
        .step("Grapnel is killed", async {
            window.kill();
            scene.grapnel_is_gone().await
        })
        .await?;
    let window = scene
        .step("Authorize starts another Grapnel, which finishes the sign-in", async {
            consent.authorize().await?;
            let window = scene.find_grapnel().await?;
            window.page().find(Role::Tab, "Overview").await?;
            window.page().says("Active. Expires in").await?;
            Ok(window)
        })
        .await?;
    scene
        .step("It is one process, with no trace of the callback in its arguments", async {
            ensure!(scene.grapnels() == [window.process().pid], "there are others");
            let line = window.process().line();
            ensure!(line.ends_with("--callback-on-stdin"), "it was started as {line:?}");
            scene.find_no_secret()
        })
        .await?;
    scene
        .step("A second start brings it to the front, and ends", async {
            let browser = ["search", "--onlyvisible", "--class", "chromium", "windowactivate", "--sync"];
            scene.desktop().run("xdotool", &browser).await?;
            let mut command = scene.desktop().command(artifacts::program());
            let mut second = Running::start(&mut command, &scene.desktop().log("second"))?;
            let ended = until("the second start to end", async || second.ended()).await?;
            ensure!(ended.success(), "it ended with {ended}");
            scene.desktop().brings_to_front(window.process().pid).await?;
            ensure!(scene.grapnels() == [window.process().pid], "there are others");
            Ok(())
        })
        .await
}
