//! The package as it is installed: its own desktop entry brings the answer home.

use std::fs;
use std::path::PathBuf;

use grapnel_tests::keyring::Keyring;
use grapnel_tests::page::Role;
use grapnel_tests::scene::{SCHEME, Scene};
use grapnel_tests::story::Pictures;
use grapnel_tests::{Context, Result, ensure};

#[tokio::test]
#[ignore = "needs a package, which ./dev bundle makes"]
async fn the_installed_package_takes_callbacks() -> Result<()> {
    let package = PathBuf::from(std::env::var_os("GRAPNEL_PACKAGE").context("GRAPNEL_PACKAGE names none")?);
    let scene = Scene::set("packaged", Keyring::Unlocked, Pictures::OfFailure).await?;
    let desktop = scene.desktop();
    let entry = scene
        .step("The package is installed, with a desktop entry that takes an address", async {
            desktop.install(&package).await?;
            let entry = desktop.installed().join("share/applications/Grapnel.desktop");
            desktop.run("desktop-file-validate", &[&entry.to_string_lossy()]).await?;
            let text = fs::read_to_string(&entry)?;
            ensure!(text.contains(&format!("MimeType=x-scheme-handler/{SCHEME};")), "{text}");
            let exec = text.lines().find_map(|line| line.strip_prefix("Exec=")).context("no Exec")?;
            Ok(exec.strip_suffix(" %u").with_context(|| format!("no %u: {exec}"))?.to_owned())
        })
        .await?;
    let program = desktop.installed().join("bin").join(entry);
    let scene = scene.with_program(program);
    let window = scene.step("An app is added", scene.open_with_app()).await?;
    let consent = scene.step("The browser shows the consent page", scene.connect(&window.page())).await?;
    scene
        .step("Grapnel is killed, and nothing but the package's entry can start it", async {
            window.kill();
            scene.grapnel_is_gone().await?;
            // Outside of /usr it has made an entry of its own.
            scene.desktop().unregister("grapnel-desktop-handler.desktop").await?;
            let asked = format!("x-scheme-handler/{SCHEME}");
            let opener = scene.desktop().run("xdg-mime", &["query", "default", &asked]).await?;
            ensure!(opener.trim() == "Grapnel.desktop", "{opener:?} would open the callback");
            Ok(())
        })
        .await?;
    scene
        .step("Authorize starts it, and it finishes the sign-in", async {
            consent.authorize().await?;
            let window = scene.find_grapnel().await?;
            window.page().find(Role::Tab, "Overview").await?;
            window.page().says("Active. Good for another").await?;
            scene.find_no_secret()
        })
        .await
}
