//! Several connections at once: they are selected, refreshed together, and removed with their app, with undo.

use grapnel_tests::keyring::Keyring;
use grapnel_tests::page::{Page, Role};
use grapnel_tests::scene::Scene;
use grapnel_tests::story::Pictures;
use grapnel_tests::terminal::Terminal;
use grapnel_tests::wait::until;
use grapnel_tests::{Context, Result, ensure};
use serde_json::json;

#[tokio::test]
async fn several_connections_are_refreshed_and_removed_with_undo() -> Result<()> {
    let scene = Scene::set("bulk", Keyring::Unlocked, Pictures::OfFailure).await?;
    let terminal = Terminal::on(scene.desktop());
    let window = scene
        .step("An app is connected twice, the second time from its page", async {
            let window = scene.open_with_app().await?;
            let page = window.page();
            scene.connect(&page).await?.authorize().await?;
            page.says("Active. Expires in").await?;
            page.choose("More actions", "Go to app").await?;
            page.press(Role::Button, "Connect another account").await?;
            scene.consent().await?.authorize().await?;
            until("two connections", async || Ok((count(terminal)? == 2).then_some(()))).await?;
            Ok(window)
        })
        .await?;
    let page = window.page();
    scene
        .step("Both are selected in the list and refreshed", async {
            page.choose("List options", "Select all").await?;
            page.find(Role::Heading, "2 connections selected").await?;
            page.press(Role::Button, "Refresh").await?;
            page.says("2 done.").await
        })
        .await?;
    scene
        .step("Both are removed, and Undo brings them back", async {
            page.press(Role::Button, "Remove").await?;
            page.press(Role::Button, "Undo").await?;
            page.says("Nothing was removed.").await?;
            ensure!(count(terminal)? == 2, "a connection was removed");
            Ok(())
        })
        .await?;
    scene
        .step("All are disconnected after a question", async {
            page.choose("List options", "Select all").await?;
            page.find(Role::Heading, "2 connections selected").await?;
            page.press(Role::Button, "Disconnect…").await?;
            page.press(Role::Button, "Disconnect").await?;
            page.says("2 done.").await?;
            for connection in terminal.json(&["list"])?.as_array().context("a list")? {
                ensure!(connection["state"] == "disconnected", "{connection}");
            }
            Ok(())
        })
        .await?;
    scene
        .step("Both are connected again, one after the other", async {
            page.press(Role::Button, "Reconnect").await?;
            scene.consent().await?.authorize().await?;
            scene.consent().await?.authorize().await?;
            page.says("2 done.").await?;
            page.press(Role::Button, "Clear selection").await
        })
        .await?;
    let app = terminal.json(&["app", "list"])?[0]["name"].as_str().context("a name")?.to_owned();
    scene
        .step("Their app is removed with both, and Undo brings everything back", async {
            removes_app(&page).await?;
            page.press(Role::Button, "Undo").await?;
            page.find(Role::Heading, &app).await?;
            ensure!(count(terminal)? == 2, "a connection was removed");
            for state in terminal.json(&["list"])?.as_array().context("a list")? {
                ensure!(state["state"] == "active", "{state}");
            }
            Ok(())
        })
        .await?;
    scene
        .step("Without Undo, both are revoked and removed with the app", async {
            page.press(Role::Button, "Remove app and 2 connections").await?;
            page.press(Role::Button, "Remove now").await?;
            page.find(Role::Button, "Try the sandbox").await?;
            // The page leaves them out before they are revoked.
            until("no app", async || Ok((terminal.json(&["app", "list"])? == json!([])).then_some(()))).await
        })
        .await?;
    scene.check("No secret is left behind", async { scene.find_no_secret() }).await
}

async fn removes_app(page: &Page) -> Result<()> {
    page.choose("More actions", "Go to app").await?;
    page.press(Role::Button, "Remove app and 2 connections").await
}

fn count(terminal: Terminal<'_>) -> Result<usize> {
    Ok(terminal.json(&["list"])?.as_array().context("a list")?.len())
}
