//! The main story, from an empty window to posts; also used for the tour.

use anyhow::{Context, Result, ensure};
use grapnel_sandbox::ProviderId;

use crate::form::open_step;
use crate::page::{Page, Role};
use crate::posts::Posts;
use crate::scene::Scene;
use crate::terminal::Terminal;
use crate::window::Window;

/// The project with the most posts, and their number.
const LARGE: (&str, usize) = ("The Lantern Street Chronicle", 5_000);
/// The project with titles in many scripts.
const SCRIPTS: &str = "Kitchens of the World";
/// A right-to-left title in it.
const FROM_THE_RIGHT: &str = "رحلة الخبز";

/// Adds an app and signs in.
pub async fn sign_in(scene: &Scene) -> Result<Window> {
    let window = scene
        .step("Grapnel opens with an empty window", async {
            let window = scene.open_grapnel().await?;
            window.page().find(Role::Button, "Try the sandbox").await?;
            window.page().is_drawn().await?;
            Ok(window)
        })
        .await?;
    let page = window.page();
    scene
        .step("The form to add an app is filled in", async {
            page.press(Role::Button, "Add your own app").await?;
            open_step(&page, "Register").await?;
            page.says("dev.grapnel.desktop:/oauth/callback").await?;
            scene.form().fill(&page).await?;
            page.is_drawn().await
        })
        .await?;
    scene
        .step("The app is added, and can be connected", async {
            page.send().await?;
            page.find(Role::Button, "Connect").await?;
            page.says("Its client secret stays in the vault.").await
        })
        .await?;
    let consent = scene
        .step("The browser shows the consent page", async {
            page.press(Role::Button, "Connect").await?;
            let consent = scene.consent().await?;
            page.says("Waiting for you in the browser").await?;
            consent.page().says("Connect Grapnel to Grigora").await?;
            Ok(consent)
        })
        .await?;
    scene.step("Two projects are chosen there", consent.choose(&[LARGE.0, SCRIPTS])).await?;
    scene
        .step("Authorize leads back to Grapnel, and the connection is active", async {
            consent.authorize().await?;
            page.find(Role::Tab, "Overview").await?;
            page.says("Active. Expires in").await?;
            scene.desktop().brings_to_front(window.process().pid).await
        })
        .await?;
    scene
        .step("The window tells the scopes, the account and the application", async {
            for word in ["cms:post:read", "directory:items:read", "project:details:read", "3 granted"] {
                page.says(word).await?;
            }
            for word in ["ines@harbour.example", "Application", "2 projects", "proj_chronicle"] {
                page.says(word).await?;
            }
            Ok(())
        })
        .await?;
    Ok(window)
}

/// Browses posts through the connection in the window.
pub async fn read_posts(scene: &Scene, page: &Page) -> Result<()> {
    let posts = Posts::on(page.clone());
    scene
        .step("Browse lists the two projects by name", async {
            page.press(Role::Tab, "Browse").await?;
            page.says(LARGE.0).await?;
            page.says(SCRIPTS).await?;
            page.says("2 projects").await
        })
        .await?;
    scene
        .step("A project of 5,000 posts opens", async {
            page.press_about(Role::Button, LARGE.0).await?;
            // With or without the system's digit grouping.
            page.says_one_of(&["5,000 posts", "5000 posts"]).await?;
            ensure!(posts.count().await? == LARGE.1, "the table counts otherwise");
            page.press(Role::Button, "Project details").await?;
            page.says("proj_chronicle").await?;
            page.press(Role::Button, "Close details").await
        })
        .await?;
    scene
        .step("Sorted by words, the longest come first", async {
            page.press(Role::Button, "Words").await?;
            posts.until("the longest posts first", "Words", longest_first).await
        })
        .await?;
    scene
        .step("Only drafts, then only those about the tram line", async {
            page.choose("Status: Any status", "Draft").await?;
            posts.until("drafts alone", "Status", |all| all.iter().all(|status| status == "Draft")).await?;
            page.fill("Filter titles", "tram line").await?;
            let about = |all: &[String]| all.iter().all(|title| title.to_lowercase().contains("tram line"));
            posts.until("the tram line alone", "Title", about).await?;
            ensure!(posts.count().await? < 1_000, "too many are left");
            page.says("title contains “tram line”").await
        })
        .await?;
    scene
        .step("A post written from right to left is read from the right", async {
            page.press(Role::Button, "All projects").await?;
            page.press_about(Role::Button, SCRIPTS).await?;
            let title = posts.cell("Title", FROM_THE_RIGHT).await?;
            ensure!(title.css_value("direction").await? == "rtl", "the row is read from the left");
            title.click().await?;
            let details = page.find_about(Role::Heading, FROM_THE_RIGHT).await?;
            ensure!(details.css_value("direction").await? == "rtl", "the heading is read from the left");
            Ok(())
        })
        .await?;
    scene
        .step("The palette finds a post by its words, and opens it whatever the filters hid", async {
            page.press_about(Role::Button, "Commands").await?;
            page.fill("Commands", "new tram line").await?;
            page.press_about(Role::Option, "the new tram line").await?;
            page.find_about(Role::Heading, "the new tram line").await?;
            page.says_one_of(&["5,000 posts", "5000 posts"]).await?;
            Ok(())
        })
        .await?;
    scene
        .step("The overview knows the projects by name now", async {
            page.press(Role::Tab, "Overview").await?;
            page.says(LARGE.0).await?;
            page.says(SCRIPTS).await
        })
        .await
}

/// Refreshes the tokens of the connection in the window.
pub async fn refresh(scene: &Scene, page: &Page) -> Result<()> {
    scene
        .step("Refresh now brings another token", async {
            let before = fingerprint(page).await?;
            page.press(Role::Button, "Refresh now").await?;
            page.says("Refreshed once.").await?;
            let after = fingerprint(page).await?;
            ensure!(before != after, "the fingerprint is still {before}");
            page.says("Active. Expires in").await
        })
        .await
}

/// Asserts that the provider recorded no departure and that no secret was left on the computer.
pub async fn look_back(scene: &Scene) -> Result<()> {
    scene
        .check("The provider saw no request that its pages do not describe", async {
            let departures = scene.sandbox().departures().all();
            let lines: Vec<String> = departures.iter().map(ToString::to_string).collect();
            ensure!(lines.is_empty(), "{lines:#?}");
            Ok(())
        })
        .await?;
    scene
        .check("No secret is in any file, log, argument list or environment", async {
            scene.find_no_secret()
        })
        .await
}

fn longest_first(words: &[String]) -> bool {
    let counts: Option<Vec<u32>> = words.iter().map(|text| text.replace(',', "").parse().ok()).collect();
    counts
        .is_some_and(|counts| counts.is_sorted_by(|one, next| one >= next) && counts.first() > counts.last())
}

/// The fingerprint of the access token, such as `9f3c 21ab`.
async fn fingerprint(page: &Page) -> Result<String> {
    let text = page.text().await?;
    let (_, rest) = text.split_once("Access token").context("no access token is told of")?;
    let (_, rest) = rest.split_once("fingerprint").context("no fingerprint")?;
    Ok(rest.trim_start().chars().take("9f3c 21ab".len()).collect())
}

/// Adds an app called `acme` and connects it by the command line, without the window.
pub async fn from_terminal(scene: &Scene, terminal: Terminal<'_>) -> Result<()> {
    let told = scene.sandbox().registration(ProviderId::Grigora);
    let mut add: Vec<String> =
        ["app", "add", "acme", "--provider", "grigora", "--redirect", "loopback"].map(Into::into).into();
    add.extend(["--client-id", told.client_id, "--client-secret-stdin"].map(Into::into));
    add.extend(
        told.addresses.iter().flat_map(|(key, address)| ["--set".to_owned(), format!("{key}={address}")]),
    );
    let add: Vec<&str> = add.iter().map(String::as_str).collect();
    let added = terminal.run(&add, told.client_secret.context("a secret")?)?;
    ensure!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let (sign_in, address) = terminal.connect("acme", &[])?;
    scene.desktop().open(&address)?;
    scene.consent().await?.authorize().await?;
    let signed_in = sign_in.wait_with_output()?;
    ensure!(signed_in.status.success(), "{}", String::from_utf8_lossy(&signed_in.stderr));
    Ok(())
}
