//! The keyring or the data directory is missing. Grapnel reports it, and continues once it is back.

use std::fs;
use std::process::Stdio;

use grapnel_tests::keyring::Keyring;
use grapnel_tests::page::Role;
use grapnel_tests::scene::Scene;
use grapnel_tests::story::Pictures;
use grapnel_tests::{Result, artifacts, ensure};
use rusqlite::Connection;

#[tokio::test]
async fn without_a_keyring_nothing_is_stored_or_lost() -> Result<()> {
    let scene = Scene::set("keyring-absent", Keyring::Absent, Pictures::OfFailure).await?;
    let window = scene.open_grapnel().await?;
    let page = window.page();
    scene
        .step("Without a keyring no app is added, and the form is kept", async {
            page.press(Role::Button, "Add your own app").await?;
            scene.form().fill(&page).await?;
            page.send().await?;
            page.says("No keyring answers on this computer.").await?;
            page.says("Start a keyring").await?;
            scene.form().is_kept(&page).await
        })
        .await?;
    let keyring = scene.step("The keyring comes", Keyring::Unlocked.start(scene.desktop())).await?;
    scene
        .step("The same form is taken", async {
            page.send().await?;
            page.find(Role::Button, "Connect").await?;
            page.says_no_more("No keyring answers on this computer.").await
        })
        .await?;
    drop(keyring);
    Ok(())
}

#[tokio::test]
async fn a_locked_keyring_and_an_absent_one_are_distinguished() -> Result<()> {
    let scene = Scene::set("keyring-locked", Keyring::Locked, Pictures::OfFailure).await?;
    let window = scene.open_grapnel().await?;
    let page = window.page();
    scene
        .step("With a locked keyring no app is added, and the form is kept", async {
            page.press(Role::Button, "Add your own app").await?;
            scene.form().fill(&page).await?;
            page.send().await?;
            page.says("Your keyring is locked.").await?;
            ensure!(!page.text().await?.contains("No keyring answers"), "it is said to be absent");
            scene.form().is_kept(&page).await
        })
        .await
}

#[tokio::test]
async fn without_a_display_the_program_reports_that() -> Result<()> {
    let scene = Scene::set("no-display", Keyring::Unlocked, Pictures::OfFailure).await?;
    let run = |arguments: &[&str]| -> Result<(Option<i32>, String, String)> {
        let mut command = scene.desktop().command(artifacts::program());
        let ended = command.args(arguments).env_remove("DISPLAY").output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok((ended.status.code(), text(&ended.stdout), text(&ended.stderr)))
    };
    scene
        .check("Help and version are printed, and the window’s absence is told in words", async {
            let (code, help, _) = run(&["--help"])?;
            ensure!(code == Some(0) && help.contains("Usage: grapnel-desktop"), "{code:?} {help}");
            let (code, version, _) = run(&["--version"])?;
            ensure!(code == Some(0) && version.starts_with("grapnel-desktop "), "{code:?} {version}");
            let (code, _, said) = run(&["--hidden"])?;
            ensure!(code == Some(1) && said.contains("needs a display"), "{code:?} {said}");
            ensure!(!said.contains("panicked") && said.contains("Your tokens are kept"), "{said}");
            Ok(())
        })
        .await?;
    let window = scene.open_with_app().await?;
    let consent = scene.connect(&window.page()).await?;
    scene
        .step("A link that arrives without a display reaches the window that there is", async {
            let (code, _, said) = run(&["dev.grapnel.desktop:/oauth/callback?code=x&state=y"])?;
            ensure!(code == Some(0), "{code:?} {said}");
            window.page().says("Rejected an unexpected sign-in response").await?;
            run(&["dev.grapnel.desktop:/oauth/callback?code=x&state=y"])?;
            window.page().says("(2 times, latest shown)").await?;
            drop(consent);
            Ok(())
        })
        .await?;
    scene
        .step("A start that opens no window says why in a dialog", async {
            let mut command = scene.desktop().command(artifacts::program());
            command.env("GRAPNEL_HOME", scene.desktop().home().join("elsewhere")).stderr(Stdio::piped());
            let start = command.spawn()?;
            scene.desktop().answers_question("Grapnel did not start", "Escape").await?;
            let ended = start.wait_with_output()?;
            let said = String::from_utf8_lossy(&ended.stderr);
            ensure!(ended.status.code() == Some(1) && said.contains("another data directory"), "{said}");
            Ok(())
        })
        .await
}

#[tokio::test]
async fn data_that_cannot_be_opened_is_left_unchanged() -> Result<()> {
    let scene = Scene::set("data", Keyring::Unlocked, Pictures::OfFailure).await?;
    let data = scene.desktop().data();
    fs::write(&data, "a file where the directory should be")?;
    let window = scene
        .step("A data directory that cannot be written fills the window", async {
            let window = scene.open_grapnel().await?;
            window.page().find(Role::Heading, "Can’t open Grapnel’s data").await?;
            window.page().says("cannot be written").await?;
            window.page().says("Make the directory your own and writable").await?;
            Ok(window)
        })
        .await?;
    scene
        .step("Once that is mended, Try again opens it", async {
            fs::remove_file(&data)?;
            window.page().press(Role::Button, "Try again").await?;
            window.page().press(Role::Button, "Add your own app").await?;
            scene.form().add(&window.page()).await
        })
        .await?;
    window.kill();
    scene.grapnel_is_gone().await?;
    let version = version(&scene, None)?;
    let window = scene
        .step("A database from a newer Grapnel fills the window", async {
            self::version(&scene, Some(99))?;
            let window = scene.open_grapnel().await?;
            window.page().find(Role::Heading, "Can’t open Grapnel’s data").await?;
            window.page().says("was written by a newer Grapnel").await?;
            window.page().says("nothing in it was changed").await?;
            Ok(window)
        })
        .await?;
    scene
        .step("With the version that it knows, Try again opens it, and the app is there", async {
            self::version(&scene, Some(version))?;
            window.page().press(Role::Button, "Try again").await?;
            window.page().find(Role::Heading, scene.form().name()).await?;
            Ok(())
        })
        .await
}

/// Sets the version of the database if `new` is given; returns it.
fn version(scene: &Scene, new: Option<i64>) -> Result<i64> {
    let database = Connection::open(scene.desktop().data().join("grapnel.db"))?;
    if let Some(new) = new {
        database.pragma_update(None, "user_version", new)?;
    }
    Ok(database.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}
