//! The command line next to the open window, on the same data: each shows the other's changes.

use std::process::{Child, Output};

use grapnel_sandbox::SecretKind;
use grapnel_tests::keyring::Keyring;
use grapnel_tests::page::{Page, Role};
use grapnel_tests::scene::{BY_PORT, Scene};
use grapnel_tests::story::Pictures;
use grapnel_tests::terminal::Terminal;
use grapnel_tests::wait::until;
use grapnel_tests::{Context, Result, ensure, sign_in};

#[tokio::test]
async fn the_window_shows_what_the_command_line_does() -> Result<()> {
    let scene = Scene::set("command-line", Keyring::Unlocked, Pictures::OfFailure).await?;
    let terminal = Terminal::on(scene.desktop());
    let form = scene.form().back(BY_PORT).called("By port");
    let window = scene.step("An app is added in the window", scene.open_with(&form)).await?;
    let page = window.page();
    scene
        .step("grapnel connect signs in through it, and the window shows the connection by itself", async {
            let (sign_in, address) = terminal.connect("By port", &["--name", "Nightly job"])?;
            page.says("Waiting, in the browser").await?;
            agree(&scene, &address).await?;
            succeeds(sign_in)?;
            page.says("Nightly job").await?;
            page.says_no_more("Waiting, in the browser").await
        })
        .await?;
    scene
        .step("grapnel token prints its token, and a refresh shows in the window", async {
            page.press_about(Role::Button, "Nightly job").await?;
            page.says("Not refreshed yet.").await?;
            let listed = terminal.json(&["list"])?;
            ensure!(listed[0]["name"] == "Nightly job" && listed[0]["state"] == "active", "{listed}");
            terminal.print(&["refresh", "Nightly job"])?;
            page.says("Refreshed once.").await?;
            let revealed = scene.sandbox().revealed();
            let newest =
                revealed.into_iter().rfind(|one| one.kind == SecretKind::AccessToken).context("a token")?;
            let token = terminal.print(&["token", "Nightly job"])?;
            ensure!(token == format!("{}\n", newest.value), "it is another token");
            Ok(())
        })
        .await?;
    at_hand(&scene, terminal).await?;
    by_deep_link(&scene, terminal, &page).await?;
    by_file(&scene, terminal, &page).await?;
    once_locked(&scene, terminal).await?;
    scene
        .step("What is disconnected in the window has no token for a script", async {
            page.press_about(Role::Button, "Nightly job").await?;
            page.press(Role::Button, "More actions").await?;
            page.press(Role::Option, "Disconnect…").await?;
            page.press(Role::Button, "Disconnect").await?;
            page.says("Tokens deleted from this computer.").await?;
            let refused = terminal.run(&["token", "Nightly job"], "")?;
            ensure!(refused.status.code() == Some(3), "it ends with {}", refused.status);
            Ok(())
        })
        .await?;
    scene.check("The window shows no secret", scene.shows_no_secret(&page)).await?;
    sign_in::look_back(&scene).await
}

/// A token from a terminal without access to the keyring: only the window can supply it.
fn token_at_hand(terminal: Terminal<'_>) -> Result<Output> {
    let mut command = terminal.command(&["token", "Nightly job"]);
    Ok(command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent").output()?)
}

async fn at_hand(scene: &Scene, terminal: Terminal<'_>) -> Result<()> {
    scene
        .step("The window hands it out from memory, and grapnel asks no keyring", async {
            let token = token_at_hand(terminal)?;
            ensure!(token.status.success(), "{}", String::from_utf8_lossy(&token.stderr));
            ensure!(token.stdout == terminal.print(&["token", "Nightly job"])?.into_bytes(), "another token");
            Ok(())
        })
        .await
}

async fn once_locked(scene: &Scene, terminal: Terminal<'_>) -> Result<()> {
    scene
        .step("Who locks the keyring locks that way as well", async {
            ensure!(token_at_hand(terminal)?.status.success(), "it was locked before");
            scene.desktop().lock_keyring().await?;
            until("the window to give no token", async || {
                let refused = token_at_hand(terminal)?;
                Ok((refused.status.code() == Some(5)).then_some(()))
            })
            .await
        })
        .await
}

async fn by_deep_link(scene: &Scene, terminal: Terminal<'_>, page: &Page) -> Result<()> {
    scene
        .step("A deep link that comes home to the window ends what waits in the terminal", async {
            page.press(Role::Button, "Add app").await?;
            scene.form().called("Deep link").add(page).await?;
            let (sign_in, address) = terminal.connect("Deep link", &[])?;
            agree(scene, &address).await?;
            succeeds(sign_in)?;
            page.says("Active, ").await
        })
        .await
}

async fn by_file(scene: &Scene, terminal: Terminal<'_>, page: &Page) -> Result<()> {
    const WORDS: &str = "harbour lamp eleven moss";
    let file = scene.desktop().home().join("all.age");
    let named = file.to_str().context("a path in UTF-8")?;
    scene
        .step("What the window exports goes where its person says in the system’s dialog", async {
            page.settings("Data").await?;
            page.press(Role::Button, "Export…").await?;
            page.fill("File passphrase", WORDS).await?;
            page.fill("Confirm passphrase", WORDS).await?;
            page.press(Role::Button, "Save file…").await?;
            scene.desktop().answers_dialog("Export to a file", named).await?;
            page.says(&format!(" to {named}.")).await
        })
        .await?;
    scene
        .step("The command line opens it, and so does the window", async {
            let told = terminal.run(&["import", named, "--dry-run", "--passphrase-stdin"], WORDS)?;
            let said = String::from_utf8_lossy(&told.stdout);
            ensure!(said.contains("Nightly job"), "{said} {}", String::from_utf8_lossy(&told.stderr));
            page.press(Role::Button, "Import…").await?;
            page.fill("File passphrase", WORDS).await?;
            page.press(Role::Button, "Choose file…").await?;
            scene.desktop().answers_dialog("Open an exported file", named).await?;
            page.says("Already exists").await?;
            page.press(Role::Button, "Cancel").await
        })
        .await
}

async fn agree(scene: &Scene, address: &str) -> Result<()> {
    scene.desktop().open(address)?;
    scene.consent().await?.authorize().await
}

fn succeeds(sign_in: Child) -> Result<()> {
    let output = sign_in.wait_with_output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
