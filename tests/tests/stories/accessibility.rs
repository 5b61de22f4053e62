//! The window by a screen reader, as AT-SPI hands it over: names and roles, the reading order, what is announced, and
//! where the focus is.

use grapnel_sandbox::{Endpoint, Fault};
use grapnel_tests::form::open_step;
use grapnel_tests::keyring::Keyring;
use grapnel_tests::page::{Page, Role};
use grapnel_tests::scene::Scene;
use grapnel_tests::screen_reader::ScreenReader;
use grapnel_tests::story::Pictures;
use grapnel_tests::terminal::Terminal;
use grapnel_tests::{Result, ensure};

const STEPS: [&str; 4] = ["Provider", "Register", "Credentials", "Scopes"];
const GROUPS: [&str; 10] =
    ["General", "Sign-in", "Network", "Refresh", "Vault", "Teams", "Data", "Hooks", "Diagnostics", "About"];
const TABS: [&str; 5] = ["Overview", "Token", "Browse", "Requests", "Activity"];

#[tokio::test]
async fn a_screen_reader_gets_names_order_announcements_and_focus() -> Result<()> {
    let scene = Scene::set("accessibility", Keyring::Unlocked, Pictures::OfFailure).await?;
    let reader = ScreenReader::start(scene.desktop()).await?;
    let window = scene.open_grapnel().await?;
    let page = window.page();
    scene
        .step("Each step of adding an app has its controls by name, and the page has the focus", async {
            page.find(Role::Button, "Add your own app").await?;
            reader.knows_all_by_name().await?;
            page.press(Role::Button, "Add your own app").await?;
            reader.finds_focus_at("landmark", "Add app").await?;
            for step in STEPS {
                open_step(&page, step).await?;
                reader.finds_focus_at("panel", step).await?;
                reader.knows_all_by_name().await?;
            }
            scene.form().add(&page).await
        })
        .await?;
    scene
        .step("The sign-in is read from its title to what comes next, with the focus at its button", async {
            reader.finds_focus_at("button", "Connect").await?;
            reader
                .reads(&["Connect Sandbox to", "in your browser", "App selected", "Redirect URI", "Connect"])
                .await?;
            reader.knows_all_by_name().await
        })
        .await?;
    scene
        .step("What happens during the sign-in is announced", async {
            let consent = scene.connect(&page).await?;
            reader.announces("This window continues automatically").await?;
            consent.authorize().await?;
            reader.announces("Connected as").await
        })
        .await?;
    scene
        .step("A connection is read from its name and its state to its tabs", a_connection(&page, &reader))
        .await?;
    scene
        .step("A status that changes while the person does nothing is announced", async {
            let terminal = Terminal::on(scene.desktop());
            let name = terminal.json(&["list"])?[0]["name"].as_str().unwrap_or_default().to_owned();
            scene.sandbox().faults().set(Endpoint::TokenRefresh, Fault::InvalidGrant, 1)?;
            ensure!(!terminal.run(&["refresh", &name], "")?.status.success(), "it was refreshed");
            reader.announces("Reconnect needed").await
        })
        .await?;
    scene
        .step("What opens over the page takes the focus, and gives it back", dialogs(&scene, &page, &reader))
        .await?;
    scene
        .step("The confirmation gives the focus back, and the disconnection is announced", async {
            page.choose("More actions", "Disconnect…").await?;
            reader.finds_focus_at("button", "Cancel").await?;
            reader.knows_all_by_name().await?;
            scene.desktop().run("xdotool", &["key", "Escape"]).await?;
            // A button that opens a menu is a combo box to AT-SPI.
            reader.finds_focus_at("combo box", "More actions").await?;
            page.choose("More actions", "Disconnect…").await?;
            page.press(Role::Button, "Disconnect").await?;
            reader.announces("Disconnected").await
        })
        .await?;
    scene.step("All settings have names, and their results are announced", the_settings(&page, &reader)).await
}

async fn the_settings(page: &Page, reader: &ScreenReader) -> Result<()> {
    page.press(Role::Button, "Settings").await?;
    reader.finds_focus_at("landmark", "Settings").await?;
    for group in GROUPS {
        page.press(Role::Button, group).await?;
        reader.knows_all_by_name().await?;
    }
    page.press(Role::Button, "General").await?;
    page.tick("Start at login").await?;
    reader.announces("Saved").await?;
    page.tick("Stay in the tray").await?;
    reader.announces("This desktop shows no tray icons").await
}

async fn a_connection(page: &Page, reader: &ScreenReader) -> Result<()> {
    page.says("Active. Expires in").await?;
    reader.reads(&["Active", "Expires in", "Overview", "Token", "Scopes"]).await?;
    for tab in TABS {
        page.press(Role::Tab, tab).await?;
        reader.knows_all_by_name().await?;
    }
    page.press(Role::Button, "Copy token").await?;
    reader.announces("The clipboard is cleared in 45 seconds").await?;
    page.press(Role::Button, "Refresh now").await?;
    reader.announces("Refreshed").await
}

/// The palette, and a form.
async fn dialogs(scene: &Scene, page: &Page, reader: &ScreenReader) -> Result<()> {
    let press = async |key: &str| scene.desktop().run("xdotool", &["key", key]).await;
    page.press(Role::Tab, "Overview").await?;
    press("ctrl+k").await?;
    // The field has the focus, and hands it to its first option.
    reader.finds_focus_at("list item", "Sandbox").await?;
    reader.knows_all_by_name().await?;
    press("Escape").await?;
    reader.finds_focus_at("tab", "Overview").await?;
    page.choose("More actions", "Edit details…").await?;
    reader.finds_focus_at("entry", "Name").await?;
    reader.knows_all_by_name().await?;
    press("Escape").await?;
    reader.finds_focus_at("combo box", "More actions").await
}
