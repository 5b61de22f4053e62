//! Every screen of the window as rendered, in both themes: axe finds no accessibility violation.

use std::fs;
use std::path::Path;

use grapnel_tests::form::open_step;
use grapnel_tests::keyring::Keyring;
use grapnel_tests::page::{Page, Role};
use grapnel_tests::scene::Scene;
use grapnel_tests::story::Pictures;
use grapnel_tests::{Context, Result, ensure};

const AXE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/node_modules/axe-core/axe.min.js");
/// Returns the violations and their places once all color transitions have ended. Rules for pages of a website do not
/// apply to a window.
const JUDGE: &str = "
    const done = arguments[0];
    const rules = { region: { enabled: false }, 'page-has-heading-one': { enabled: false } };
    const cause = (node) => `${node.html} ${node.any[0]?.message ?? ''}`;
    const told = ({ id, nodes }) => `${id}: ${nodes.map(cause).join(' | ')}`;
    const changing = document.getAnimations().filter((one) => one instanceof CSSTransition).map((one) => one.finished);
    Promise.allSettled(changing).then(() => axe.run(document,
    { rules })).then(({ violations }) => done(violations.map(told)), (error) => done([String(error)]));";
/// The groups of the settings after the first one, and words on each.
const GROUPS: [(&str, &str); 9] = [
    ("Sign-in", "Redirect method of new apps"),
    ("Network", "Additional trusted CAs"),
    ("Refresh", "Refresh before expiry"),
    ("Vault", "Unlocked automatically"),
    ("Teams", "No teams."),
    ("Data", "Export and import"),
    ("Hooks", "No hooks."),
    ("Diagnostics", "Check this installation"),
    ("About", "Third-party notices"),
];
const PROJECT: &str = "The Lantern Street Chronicle";

#[tokio::test]
async fn every_screen_is_accessible() -> Result<()> {
    let scene = Scene::set("screens", Keyring::Unlocked, Pictures::OfFailure).await?;
    let window = scene.open_grapnel().await?;
    let page = window.page();
    let axe = fs::read_to_string(Path::new(AXE)).context("the window’s packages are not installed")?;
    page.driver().execute(axe, Vec::new()).await?;
    scene.step("The empty window", judged(&page, "Add your own app")).await?;
    scene
        .step("An app is added and connected", async {
            page.press(Role::Button, "Add your own app").await?;
            for (step, words) in [
                ("Provider", "Templates"),
                ("Register", "Redirect method"),
                ("Credentials", "Client ID"),
                ("Scopes", "Request parameters"),
            ] {
                open_step(&page, step).await?;
                judged(&page, words).await?;
            }
            scene.form().add(&page).await?;
            judged(&page, "Connect").await?;
            let consent = scene.connect(&page).await?;
            judged(&page, "Waiting for you in the browser").await?;
            consent.choose(&[PROJECT]).await?;
            consent.authorize().await?;
            page.says("Active. Expires in").await
        })
        .await?;
    for theme in ["Light", "Dark"] {
        scene
            .step(&format!("{theme}: settings"), async {
                page.press(Role::Button, "Settings").await?;
                page.press(Role::Choice, theme).await?;
                judged(&page, "Theme").await?;
                for (group, words) in GROUPS {
                    page.press(Role::Button, group).await?;
                    judged(&page, words).await?;
                }
                Ok(())
            })
            .await?;
        scene.step(&format!("{theme}: a connection, and what it opens"), a_connection(&page)).await?;
        scene
            .step(&format!("{theme}: the commands, and all that happened"), async {
                page.press_about(Role::Button, "Commands").await?;
                judged(&page, PROJECT).await?;
                page.press_about(Role::Option, "Activity").await?;
                judged(&page, "Signed in").await
            })
            .await?;
        scene.step(&format!("{theme}: its app, and several connections"), an_app(&page)).await?;
    }
    Ok(())
}

async fn a_connection(page: &Page) -> Result<()> {
    page.press_about(Role::Button, "Active").await?;
    for (tab, words) in [
        ("Overview", "Scopes"),
        ("Token", "Tokens"),
        ("Requests", "Token request"),
        ("Activity", "Signed in"),
    ] {
        page.press(Role::Tab, tab).await?;
        judged(page, words).await?;
    }
    page.press(Role::Tab, "Browse").await?;
    judged(page, PROJECT).await?;
    page.press_about(Role::Button, PROJECT).await?;
    page.says_no_more("Loading posts from Grigora (this computer)").await?;
    judged(page, "posts").await?;
    page.press(Role::Button, "All projects").await
}

async fn an_app(page: &Page) -> Result<()> {
    page.press_about(Role::Button, "Active").await?;
    page.choose("More actions", "Go to app").await?;
    judged(page, "Connect another account").await?;
    page.press(Role::Button, "Edit").await?;
    judged(page, "Save").await?;
    page.press(Role::Button, "Cancel").await?;
    page.choose("List options", "Select all").await?;
    judged(page, "1 connection selected").await?;
    page.press(Role::Button, "Clear selection").await
}

/// Waits for this text, and runs axe on the screen that shows it.
async fn judged(page: &Page, words: &str) -> Result<()> {
    page.says(words).await?;
    page.is_drawn().await?;
    let wrong = page.driver().execute_async(JUDGE, Vec::new()).await?.json().clone();
    ensure!(wrong.as_array().is_some_and(Vec::is_empty), "where it says {words:?}: {wrong:#}");
    Ok(())
}
