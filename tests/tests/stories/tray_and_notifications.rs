//! The notification of a connection that needs the person, and the tray.

use grapnel_sandbox::{Endpoint, Fault};
use grapnel_tests::keyring::Keyring;
use grapnel_tests::page::{Page, Role};
use grapnel_tests::panel::Panel;
use grapnel_tests::process::Running;
use grapnel_tests::scene::Scene;
use grapnel_tests::story::Pictures;
use grapnel_tests::terminal::Terminal;
use grapnel_tests::wait::until;
use grapnel_tests::{Context, Result, ensure};

#[tokio::test]
async fn an_absent_person_is_notified_once_and_the_tray_keeps_the_program_running() -> Result<()> {
    let scene = Scene::set("beside", Keyring::Unlocked, Pictures::OfFailure).await?;
    let desktop = scene.desktop();
    let panel = Panel::start(desktop).await?;
    let entry = desktop.home().join(".config/autostart/dev.grapnel.desktop.desktop");
    let window = scene.open_with_app().await?;
    let (page, pid) = (window.page(), window.process().pid);
    scene
        .step("A connection is made", async {
            let consent = scene.connect(&page).await?;
            consent.authorize().await?;
            page.says("Active, ").await
        })
        .await?;
    scene
        .step("Out of sight, it tells once of a connection in need, when the desktop can show it", async {
            page.press(Role::Button, "Settings").await?;
            desktop.run("xdotool", &["getactivewindow", "windowminimize", "--sync"]).await?;
            let terminal = Terminal::on(desktop);
            let name = terminal.json(&["list"])?[0]["name"].as_str().unwrap_or_default().to_owned();
            scene.sandbox().faults().set(Endpoint::TokenRefresh, Fault::InvalidGrant, 2)?;
            for _ in 0..2 {
                let refused = terminal.run(&["refresh", &name], "")?;
                ensure!(!refused.status.success(), "it was refreshed");
            }
            desktop.has_logged("grapnel", "a notification waits").await?;
            panel.show_notifications().await?;
            ensure!(panel.has_told(1).await? == [format!("“{name}” needs to be reconnected")]);
            Ok(())
        })
        .await?;
    scene
        .step("A click on it brings the window to the front, on that connection", async {
            panel.click(1).await?;
            desktop.brings_to_front(pid).await?;
            page.says("Reconnect").await
        })
        .await?;
    scene
        .step(
            "In the tray, it says what is wrong; closing hides the window, and a click brings it back",
            async {
                page.settings("General").await?;
                page.tick("Stay in the tray").await?;
                until("the tray", async || {
                    Ok((panel.tooltip().await? == "The connection needs to be reconnected").then_some(()))
                })
                .await?;
                desktop.close_window_of(pid).await?;
                ensure!(scene.grapnels() == [pid], "the program ended");
                panel.click_item().await?;
                desktop.brings_to_front(pid).await
            },
        )
        .await?;
    ensure!(panel.titles().len() == 1, "told again: {:?}", panel.titles());
    let left = scene
        .step("When the panel goes, closing ends the program again", async {
            drop(panel);
            desktop.move_window_of(pid, [210, 130], [820, 610]).await?;
            says_that_there_is_no_tray(&page).await?;
            page.settings("General").await?;
            page.tick("Start at login").await?;
            until("the entry", async || Ok(entry.exists().then_some(()))).await?;
            let left = desktop.place_of_window_of(pid).await?;
            desktop.close_window_of(pid).await?;
            scene.grapnel_is_gone().await?;
            Ok(left)
        })
        .await?;
    let is_larger = |[_, _, width, height]: [i32; 4]| width > left[2] && height > left[3];
    scene
        .step("What starts at login shows no window; the tray opens it, where it was left", async {
            let panel = Panel::start(desktop).await?;
            let entry = std::fs::read_to_string(&entry)?;
            let exec = entry.lines().find_map(|line| line.strip_prefix("Exec=")).context("no Exec")?;
            // Split into words as a desktop does; this path needs only quotes.
            let mut login = desktop.command("sh");
            let grapnel = Running::start(login.args(["-c", &format!("exec {exec}")]), &desktop.log("login"))?;
            let said = panel.tooltip().await?;
            ensure!(said == "The connection needs to be reconnected", "{said}");
            let pid = grapnel.pid();
            ensure!(!desktop.shows_window_of(pid).await, "it shows a window");
            panel.click_item().await?;
            desktop.brings_to_front(pid).await?;
            desktop.has_window_at(pid, "the window to be where it was left", |at| at == left).await?;
            desktop.click_title_twice(pid).await?;
            desktop.has_window_at(pid, "the window to be maximized", is_larger).await?;
            desktop.close_window_of(pid).await
        })
        .await?;
    scene.grapnel_is_gone().await?;
    scene
        .step("What was left maximized is so again, and goes back to where it was before", async {
            let window = scene.open_grapnel().await?;
            let pid = window.process().pid;
            desktop.brings_to_front(pid).await?;
            desktop.has_window_at(pid, "the window to be maximized", is_larger).await?;
            desktop.click_title_twice(pid).await?;
            desktop.has_window_at(pid, "the window to be where it was before", |at| at == left).await
        })
        .await
}

/// The settings are read again when they are opened again.
async fn says_that_there_is_no_tray(page: &Page) -> Result<()> {
    page.press(Role::Button, "Activity").await?;
    page.settings("General").await?;
    page.says("No system tray found").await
}
