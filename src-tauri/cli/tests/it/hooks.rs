//! `grapnel hook`: set by a person at a terminal only, and run by the agent.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use grapnel_cli::Exit;
use insta::assert_snapshot;
use serde_json::json;
use tempfile::TempDir;

use crate::world::World;

/// A script in a directory that its owner alone can write.
fn script(text: &str) -> (TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a hook");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
    (directory, path.into_os_string().into_string().unwrap())
}

#[tokio::test]
async fn a_hook_is_set_by_a_person_at_a_terminal_and_by_nobody_else() {
    let world = World::new();
    world.connect().await;
    let (_directory, script) = script("exit 3");
    let add = format!("hook add refreshed '{script}' --brief '$(id)\n'");
    let unattended = world.run(&add).await;
    assert_eq!(unattended.exit, Exit::Usage);
    assert_snapshot!(unattended.said, @"
    error[invalid_input]: A hook needs your confirmation. Not running in a terminal.
    No hook was set.
    hint: Run this in a terminal, without --json, or add the hook in the window under Settings.
    ");
    for refused in [world.pipe(&add, "y\n").await, world.answer(&format!("--json {add}"), "y\n").await] {
        assert_eq!(refused.exit, Exit::Usage, "{refused}");
    }
    let asked = world.answer(&format!("--quiet {add}"), "n\n").await;
    assert_eq!(asked.exit, Exit::NotAuthorized, "{asked}");
    let said = asked.said.replace(&script, "[script]").replace("[y/N] ", "[y/N]\n");
    let said = said.replace("refreshed: ", "refreshed:\n");
    assert_snapshot!(said, @r"
    Run this with all your rights, without asking, whenever a connection is refreshed:
    '[script]' --brief '$(id)\u{a}' [y/N]
    error[cancelled]: The hook was not confirmed.
    No hook was set.
    ");
    assert!(
        world.answer(&format!("{add} --yes"), "\n").await.said.contains("--yes"),
        "it is an argument of the command"
    );
    assert_eq!(world.run("hook list --json").await.json(), json!([]));
    assert_snapshot!(world.run("hook list").await.out, @"No hooks. To add one: grapnel hook add EVENT COMMAND");

    let added = world.answer(&add, "y\n").await;
    assert_eq!(added.exit, Exit::Done, "{added}");
    let list = world.run("hook list --json").await.json();
    let id = list[0]["id"].as_str().unwrap();
    assert_eq!((&list[0]["event"], &list[0]["last_run"]), (&json!("refreshed"), &json!(null)));
    let tried = world.run(&format!("hook test {id} acme")).await;
    assert_eq!((tried.exit, tried.out.as_str()), (Exit::Failed, "The hook exited with 3.\n"));
    let list = world.run("hook list").await.out.replace(&script, "[script]").replace(id, "[hook]");
    // How wide a column is depends on where the script is.
    let rows: Vec<_> =
        list.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_snapshot!(rows.join("\n"), @r"
    ID EVENT COMMAND LAST RUN
    [hook] refreshed '[script]' --brief '$(id)\u{a}' now: exited with 3
    ");
    assert_eq!(world.run(&format!("hook remove {id}")).await.exit, Exit::Done);
    assert_eq!(world.run(&format!("hook remove {id}")).await.exit, Exit::Failed);
    assert_eq!(world.run("hook list --json").await.json(), json!([]));
    let activity = world.run("activity").await.out;
    for told in
        ["Hook removed.", "exited with 3.", &format!("Hook added: '{script}' --brief '$(id)\\u{{a}}'")]
    {
        assert!(activity.contains(told), "{told}: {activity}");
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_or_not_safe_is_refused() {
    let world = World::new();
    let (_directory, script) = script("exit 0");
    fs::set_permissions(&script, Permissions::from_mode(0o702)).unwrap();
    let unsafe_one = world.answer(&format!("hook add refreshed '{script}'"), "y\n").await;
    assert_eq!(unsafe_one.exit, Exit::Usage);
    assert_snapshot!(unsafe_one.said.replace(&script, "[script]"), @"
    error[invalid_input]: [script] can be changed by every account.
    No hook was set.
    hint: Use an executable file that belongs to you or to root, in directories that other accounts cannot write.
    ");
    assert_snapshot!(world.answer("hook add refreshed no-such-program", "y\n").await, @"
    $ grapnel hook add refreshed no-such-program
    --- standard error
    error[invalid_input]: There is no program “no-such-program” in PATH.
    No hook was set.
    hint: Enter the program’s absolute path.
    --- exit 2
    ");
    assert_snapshot!(world.answer("hook add refreshed ./hook", "y\n").await.said, @"
    error[invalid_input]: The program’s path is relative.
    No hook was set.
    hint: Enter its absolute path.
    ");
    assert_eq!(world.answer("hook add sometimes sh", "y\n").await.exit, Exit::Usage);
}
