//! A hook is set in the window and confirmed in the system's dialog. A refresh in a terminal runs it once, in the
//! window or in the agent.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;

use grapnel_tests::keyring::Keyring;
use grapnel_tests::page::Role;
use grapnel_tests::process::terminate;
use grapnel_tests::scene::Scene;
use grapnel_tests::story::Pictures;
use grapnel_tests::terminal::Terminal;
use grapnel_tests::wait::until;
use grapnel_tests::{Context, Result, ensure};
use serde_json::Value;

const QUESTION: &str = "Run this command whenever a connection is refreshed";

/// Notes each event in a line, and how many characters a token has that it asks for.
const SCRIPT: &str = r#"#!/bin/sh
read -r event
token=$("$1" token -- "$GRAPNEL_CONNECTION") || exit
echo "$event" | sed "s/^{/{\"token_length\":${#token},/" >> "$2"
"#;

#[tokio::test]
async fn a_confirmed_hook_runs_once_for_each_refresh() -> Result<()> {
    let scene = Scene::set("hooks", Keyring::Unlocked, Pictures::OfFailure).await?;
    let window = scene.step("An app is added and connected", scene.open_with_app()).await?;
    let page = window.page();
    scene.connect(&page).await?.authorize().await?;
    page.says("Active. Expires in").await?;
    let terminal = Terminal::on(scene.desktop());
    let name = terminal.json(&["list"])?[0]["name"].as_str().context("a name")?.to_owned();

    let (script, log) = (scene.desktop().home().join("re load"), scene.desktop().home().join("events"));
    fs::write(&script, SCRIPT)?;
    fs::set_permissions(&script, Permissions::from_mode(0o700))?;
    let program = terminal.command(&[]).get_program().to_string_lossy().into_owned();
    let command = format!("'{}' '{program}' '{}'", script.display(), log.display());
    let events = || -> Result<Vec<Value>> {
        let text = fs::read_to_string(&log).unwrap_or_default();
        text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    };
    let refreshed = async |times: usize| {
        terminal.print(&["refresh", &name])?;
        until("the hook to run", async || Ok((events()?.len() == times).then_some(()))).await?;
        let event = &events()?[times - 1];
        ensure!(event["event"] == "refreshed" && event["connection"] == name, "{event}");
        ensure!(event["token_length"].as_u64().is_some_and(|length| length > 16), "no token: {event}");
        Ok(())
    };

    scene
        .step("A hook that the person declines is not added, and one that they confirm is", async {
            page.settings("Hooks").await?;
            for (key, said) in [("Escape", "Not added"), ("Return", "Not added"), ("alt+u", "Hook added")] {
                page.fill("Hook command", &command).await?;
                page.press(Role::Button, "Add hook").await?;
                scene.desktop().answers_question(QUESTION, key).await?;
                page.says(said).await?;
            }
            let hooks = terminal.json(&["hook", "list"])?;
            ensure!(hooks.as_array().is_some_and(|hooks| hooks.len() == 1), "{hooks}");
            Ok(())
        })
        .await?;
    page.says("Never run").await?;
    scene.step("The window runs it after a refresh in a terminal", refreshed(1)).await?;
    page.says_no_more("Never run").await?;
    scene
        .step("With an agent beside the window, each refresh runs it once", async {
            let mut agent = terminal.command(&["agent", "--json"]).spawn()?;
            let mut ready = String::new();
            BufReader::new(agent.stdout.as_mut().context("its output")?).read_line(&mut ready)?;
            for times in 2..=6 {
                refreshed(times).await?;
            }
            terminate(agent.id());
            ensure!(agent.wait()?.success(), "the agent fails");
            ensure!(events()?.len() == 6, "{:?}", events()?);
            Ok(())
        })
        .await?;
    scene
        .step("Once it is removed, it runs no more, and no secret is left behind", async {
            page.press_about(Role::Button, "Remove").await?;
            page.press(Role::Button, "Remove").await?;
            page.says("No hooks.").await?;
            terminal.print(&["refresh", &name])?;
            ensure!(terminal.json(&["hook", "list"])? == serde_json::json!([]), "there is a hook");
            scene.find_no_secret()
        })
        .await
}
