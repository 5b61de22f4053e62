//! The first start with `--sandbox`, as `./dev run` does it, with and without a data directory.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use grapnel_tests::keyring::Keyring;
use grapnel_tests::page::Role;
use grapnel_tests::process;
use grapnel_tests::scene::Scene;
use grapnel_tests::story::Pictures;
use grapnel_tests::{Result, ensure};

#[tokio::test]
async fn a_first_start_with_the_sandbox_opens_the_data_for_its_owner_only() -> Result<()> {
    let scene = Scene::set("sandbox-first-start", Keyring::Unlocked, Pictures::OfFailure).await?;
    let data = scene.desktop().data();
    for (what, mode) in
        [("without a data directory", None), ("with an empty one that others can read", Some(0o755))]
    {
        scene
            .step(&format!("A first start {what}"), async {
                if let Some(mode) = mode {
                    fs::remove_dir_all(&data)?;
                    fs::create_dir(&data)?;
                    fs::set_permissions(&data, fs::Permissions::from_mode(mode))?;
                }
                let window = scene.open_grapnel_with(&["--sandbox"]).await?;
                window.page().press(Role::Button, "Try the sandbox").await?;
                window.page().find(Role::Heading, "Add app").await?;
                ensure!(data.join("sandbox/ports.json").exists(), "the sandbox has no ports");
                only_the_owner_reads(&data)?;
                process::terminate(window.process().pid);
                scene.grapnel_is_gone().await
            })
            .await?;
    }
    Ok(())
}

fn only_the_owner_reads(directory: &Path) -> Result<()> {
    let mode = fs::metadata(directory)?.permissions().mode();
    ensure!(mode.trailing_zeros() >= 6, "{} has mode {mode:o}", directory.display());
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            only_the_owner_reads(&entry.path())?;
        }
    }
    Ok(())
}
