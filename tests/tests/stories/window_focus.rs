//! The window gets the focus from window managers that prevent focus stealing, such as those of GNOME and MATE.

use grapnel_tests::consent::Consent;
use grapnel_tests::keyring::Keyring;
use grapnel_tests::process::Running;
use grapnel_tests::scene::{CALLBACK, Scene};
use grapnel_tests::story::Pictures;
use grapnel_tests::wait::until;
use grapnel_tests::{Result, artifacts, ensure};

#[tokio::test]
async fn the_window_gets_the_focus_despite_focus_stealing_prevention() -> Result<()> {
    let scene = Scene::set("front", Keyring::Unlocked, Pictures::OfFailure).await?;
    let desktop = scene.desktop();
    let log = desktop.log("metacity");
    let _manager = Running::start(desktop.command("metacity").args(["--replace", "--no-composite"]), &log)?;
    until("the other window manager to be gone", async || {
        let old = desktop.processes().into_iter().any(|seen| seen.arguments.starts_with(b"openbox"));
        Ok((!old).then_some(()))
    })
    .await?;
    let window = scene.open_with_app().await?;
    let pid = window.process().pid;
    let consent = scene.step("The browser shows the consent page", scene.connect(&window.page())).await?;
    scene
        .step(
            "After a person’s click in the browser, a link that comes back brings Grapnel to the front",
            async {
                click_in_the_browser(&scene, &consent).await?;
                // The callback belongs to no sign-in: Grapnel reports it, and must be visible for that.
                desktop.open(&format!("{CALLBACK}?code=x&state=y"))?;
                desktop.brings_to_front(pid).await
            },
        )
        .await?;
    scene
        .step("So does a second start, and the window that was minimized is there again", async {
            desktop.run("xdotool", &["getactivewindow", "windowminimize", "--sync"]).await?;
            click_in_the_browser(&scene, &consent).await?;
            let mut command = desktop.command(artifacts::program());
            let mut second = Running::start(&mut command, &desktop.log("second"))?;
            let ended = until("the second start to end", async || second.ended()).await?;
            ensure!(ended.success(), "it ended with {ended}");
            desktop.brings_to_front(pid).await
        })
        .await?;
    scene
        .step("So does the end of a sign-in", async {
            click_in_the_browser(&scene, &consent).await?;
            consent.authorize().await?;
            desktop.brings_to_front(pid).await?;
            window.page().says("Active, ").await
        })
        .await
}

/// Clicks in Grapnel's window and then in the browser's, as a person does: the window manager compares the times of
/// these.
async fn click_in_the_browser(scene: &Scene, consent: &Consent) -> Result<()> {
    let (desktop, page) = (scene.desktop(), consent.page().driver());
    let own = desktop.run("xdotool", &["search", "--onlyvisible", "--class", "grapnel-desktop"]).await;
    if let Some(own) = own.ok().and_then(|own| own.lines().last().map(str::to_owned)) {
        desktop.run("xdotool", &["windowactivate", "--sync", &own]).await?;
        desktop.run("xdotool", &["mousemove", "--window", &own, "600", "700", "click", "1"]).await?;
    }
    let found = desktop.run("xdotool", &["search", "--onlyvisible", "--class", "chromium"]).await?;
    let browser = found.lines().last().unwrap_or_default();
    until("the browser to be in front", async || {
        desktop.run("xdotool", &["windowactivate", browser]).await?;
        Ok((desktop.run("xdotool", &["getactivewindow"]).await?.trim() == browser).then_some(()))
    })
    .await?;
    let listen =
        "window.clicked = false; addEventListener('click', () => window.clicked = true, { once: true })";
    page.execute(listen, Vec::new()).await?;
    // In the left margin of the page, where there is nothing to click.
    desktop.run("xdotool", &["mousemove", "--window", browser, "80", "420", "click", "1"]).await?;
    // A browser that has not yet dealt with the click would take the focus back.
    until("the browser to take the click", async || {
        let clicked = page.execute("return window.clicked", Vec::new()).await?;
        Ok((clicked.json() == true).then_some(()))
    })
    .await
}
