//! Two windows on two desktops, each with its own home and keyring, in one team: a connection is shared, used and
//! refreshed on the other computer, and stays with those who are in the team.

use std::path::Path;

use grapnel_test_database::Server;
use grapnel_tests::artifacts;
use grapnel_tests::desktop::Desktop;
use grapnel_tests::keyring::Keyring;
use grapnel_tests::page::{Page, Role};
use grapnel_tests::scene::Scene;
use grapnel_tests::story::Pictures;
use grapnel_tests::terminal::Terminal;
use grapnel_tests::window::Window;
use grapnel_tests::{Context, Result, ensure, session};

const INVITE: &str = "Invite this member to the team";
const SHARE: &str = "Share this connection with the team";
const JOIN: &str = "Join this team";
const DECLINES: &str = "Escape";
const AGREES_TO_INVITE: &str = "alt+i";
const AGREES_TO_SHARE: &str = "alt+s";
const AGREES_TO_JOIN: &str = "alt+j";

#[tokio::test]
async fn a_team_of_two_shares_a_connection() -> Result<()> {
    let database = Server::start()?;
    let scene = Scene::set("team", Keyring::Unlocked, Pictures::OfFailure).await?;
    let window = scene.step("Ada adds an app and connects it", scene.open_with_app()).await?;
    let ada = window.page();
    scene.connect(&ada).await?.authorize().await?;
    ada.says("Active. Expires in").await?;
    let name =
        Terminal::on(scene.desktop()).json(&["list"])?[0]["name"].as_str().context("a name")?.to_owned();
    let elsewhere = session::start_another(scene.desktop(), Keyring::Unlocked).await?;
    let bos_window = open(&elsewhere, &artifacts::program().canonicalize()?).await?;
    let bo = bos_window.page();

    create(&scene, &ada, &database).await?;
    let key = scene
        .step("Bo, on another computer, shows the public key", async {
            bo.press(Role::Button, "Join a team that invited you").await?;
            bo.press(Role::Button, "Show key").await?;
            code(&bo, "age1").await
        })
        .await?;
    let invitation = invite(&scene, &ada, &key).await?;
    share(&scene, &ada, &name).await?;
    scene
        .step("Bo joins, and the connection is there without a sign-in", async {
            bo.press(Role::Button, "Join team…").await?;
            bo.paste("Invitation", &invitation).await?;
            bo.press(Role::Button, "Join team").await?;
            elsewhere.answers_question(JOIN, DECLINES).await?;
            bo.says("Not joined").await?;
            bo.press(Role::Button, "Join team").await?;
            elsewhere.answers_question(JOIN, AGREES_TO_JOIN).await?;
            bo.says("Joined Harbour. 1 connection added").await?;
            bo.press_about(Role::Button, &name).await?;
            bo.says("Active. Expires in").await?;
            let token = Terminal::on(&elsewhere).print(&["token", &name])?;
            ensure!(token == Terminal::on(scene.desktop()).print(&["token", &name])?, "another token");
            Ok(())
        })
        .await?;
    scene
        .step("A refresh there is seen here, with the member, and both have its token", async {
            bo.press(Role::Button, "Refresh now").await?;
            bo.says("by Bo on ").await?;
            ada.says("by Bo on ").await?;
            let token = Terminal::on(&elsewhere).print(&["token", &name])?;
            ensure!(token == Terminal::on(scene.desktop()).print(&["token", &name])?, "another token");
            Ok(())
        })
        .await?;
    scene
        .step("Both see what the team did, by whom", async {
            for page in [&ada, &bo] {
                page.press(Role::Tab, "Activity").await?;
                page.says("Team activity").await?;
                page.says("Bo, ").await?;
                page.says("Ada, ").await?;
            }
            Ok(())
        })
        .await?;
    scene
        .step("Ada removes Bo, whose computer gets no newer token", async {
            ada.settings("Teams").await?;
            ada.press(Role::Button, "Remove Bo…").await?;
            ada.press(Role::Button, "Remove member").await?;
            ada.says("Bo removed. The team’s keys were changed.").await?;
            ada.says("Change the password of the database user").await?;
            Terminal::on(scene.desktop()).print(&["refresh", &name])?;
            let refused = Terminal::on(&elsewhere).run(&["refresh", &name], "")?;
            ensure!(!refused.status.success(), "a removed member refreshes");
            bo.settings("Teams").await?;
            bo.says("You are no longer a member of this team.").await
        })
        .await?;
    scene
        .check("No secret is left behind", async { scene.find_nothing_of(&[("URL", &database.tcp_url())]) })
        .await
}

async fn open(desktop: &Desktop, program: &Path) -> Result<Window> {
    Window::open(desktop, program, &[]).await
}

async fn create(scene: &Scene, ada: &Page, database: &Server) -> Result<()> {
    scene
        .step("Ada creates a team in a database", async {
            ada.settings("Teams").await?;
            ada.says("No teams.").await?;
            ada.press(Role::Button, "Create team…").await?;
            ada.fill("Team name", "Harbour").await?;
            ada.fill("Your name in the team", "Ada").await?;
            ada.fill("Database URL", &database.tcp_url()).await?;
            ada.press(Role::Button, "Create team").await?;
            ada.says("Team Harbour created.").await
        })
        .await
}

async fn invite(scene: &Scene, ada: &Page, key: &str) -> Result<String> {
    scene
        .step("Ada invites Bo by that key, which the system asks to confirm", async {
            ada.press(Role::Button, "Invite to Harbour").await?;
            ada.fill("Name in the team", "Bo").await?;
            ada.fill("Public key", key).await?;
            ada.press(Role::Button, "Invite").await?;
            scene.desktop().answers_question(INVITE, DECLINES).await?;
            ada.says("Nobody was invited.").await?;
            ada.press(Role::Button, "Invite").await?;
            scene.desktop().answers_question(INVITE, AGREES_TO_INVITE).await?;
            ada.find(Role::Button, "Copy invitation").await?;
            let invitation = code(ada, "grapnel-invitation-").await?;
            ada.press(Role::Button, "Done").await?;
            Ok(invitation)
        })
        .await
}

async fn share(scene: &Scene, ada: &Page, name: &str) -> Result<()> {
    scene
        .step("Ada shares the connection, which the system asks to confirm", async {
            ada.press_about(Role::Button, name).await?;
            ada.choose("More actions", "Share with team…").await?;
            ada.says("It will be shared with Bo.").await?;
            ada.press(Role::Button, "Share").await?;
            scene.desktop().answers_question(SHARE, DECLINES).await?;
            ada.says("Not shared").await?;
            ada.press(Role::Button, "Share").await?;
            scene.desktop().answers_question(SHARE, AGREES_TO_SHARE).await?;
            ada.says("Shared with Harbour.").await
        })
        .await
}

/// The first code on the page that begins with this.
async fn code(page: &Page, start: &str) -> Result<String> {
    page.says(start).await?;
    let script = "return [...document.querySelectorAll('code')].map((one) => one.textContent)";
    let codes: Vec<String> = page.driver().execute(script, Vec::new()).await?.convert()?;
    codes.into_iter().find(|code| code.starts_with(start)).context("there is no such code")
}
