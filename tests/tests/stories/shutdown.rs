//! Grapnel is asked to exit, more than once, while a token response is in flight: it waits for the response.

use std::time::Duration;

use grapnel_sandbox::{Endpoint, Fault, SecretKind};
use grapnel_tests::keyring::Keyring;
use grapnel_tests::page::Role;
use grapnel_tests::process::{self, Running};
use grapnel_tests::scene::Scene;
use grapnel_tests::story::Pictures;
use grapnel_tests::terminal::Terminal;
use grapnel_tests::wait::until;
use grapnel_tests::{Context, Result, artifacts, ensure};

/// Long enough for two requests to exit.
const SLOW: Duration = Duration::from_secs(9);

#[tokio::test]
async fn the_end_of_a_session_interrupts_no_refresh() -> Result<()> {
    let scene = Scene::set("leaving", Keyring::Unlocked, Pictures::OfFailure).await?;
    let window = scene.open_with_app().await?;
    let pid = window.process().pid;
    let page = window.page();
    scene
        .step("A connection is made", async {
            scene.connect(&page).await?.authorize().await?;
            page.says("Active, ").await
        })
        .await?;
    scene
        .step("While a refresh is on its way, Grapnel is told twice to end, and stays", async {
            let before = refresh_tokens(&scene);
            scene.sandbox().faults().set(Endpoint::TokenRefresh, Fault::Slow(SLOW), 1)?;
            page.press(Role::Button, "Refresh now").await?;
            until("the provider to rotate", async || Ok((refresh_tokens(&scene) > before).then_some(())))
                .await?;
            process::terminate(pid);
            until("the window to go", async || {
                Ok((!scene.desktop().shows_window_of(pid).await).then_some(()))
            })
            .await?;
            process::terminate(pid);
            Ok(())
        })
        .await?;
    scene
        .step("A further start meanwhile is a Grapnel of its own", async {
            let mut command = scene.desktop().command(artifacts::program());
            let second = Running::start(&mut command, &scene.desktop().log("second"))?;
            until("its window", async || {
                Ok(scene.desktop().shows_window_of(second.pid()).await.then_some(()))
            })
            .await?;
            let running = scene.grapnels();
            ensure!(running.contains(&pid), "the first has ended, and its answer is lost");
            ensure!(running.contains(&second.pid()), "the second is not one of its own");
            Ok(())
        })
        .await?;
    scene.grapnel_is_gone().await?;
    scene
        .step("The new tokens are there", async {
            let terminal = Terminal::on(scene.desktop());
            let list = terminal.json(&["list"])?;
            ensure!(list[0]["state"] == "active", "{list}");
            let name = list[0]["name"].as_str().context("a name")?;
            let requests = scene.sandbox().token_requests(grapnel_sandbox::ProviderId::Grigora).all;
            let token = terminal.print(&["token", name])?;
            let revealed = scene.sandbox().revealed();
            let newest = revealed.iter().rfind(|secret| secret.kind == SecretKind::AccessToken);
            ensure!(newest.is_some_and(|newest| newest.value == token.trim()), "it is not the newest one");
            ensure!(
                scene.sandbox().token_requests(grapnel_sandbox::ProviderId::Grigora).all == requests,
                "it was refreshed once more"
            );
            Ok(())
        })
        .await
}

fn refresh_tokens(scene: &Scene) -> usize {
    scene.sandbox().revealed().iter().filter(|secret| secret.kind == SecretKind::RefreshToken).count()
}
