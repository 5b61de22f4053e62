//! `grapnel token` next to a running window: the built program gets tokens from the window. It has no keyring, so it
//! cannot open the vault itself.

use std::process::Stdio;
use std::time::Duration;

use grapnel_cli::Exit;
use grapnel_core::Grapnel;
use grapnel_core::token_agent::AgentOptions;
use grapnel_model::event::Event;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::net::UnixStream;
use tokio::process::Command;

use crate::world::World;

struct Ran {
    exit: Option<i32>,
    out: String,
    said: String,
}

async fn grapnel(world: &World, arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grapnel"));
    command.args(arguments).env_clear().env("GRAPNEL_HOME", world.home.path());
    // A bus that does not exist, so there is no keyring either.
    command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    let output = command.stdin(Stdio::null()).output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { exit: output.status.code(), out: text(output.stdout), said: text(output.stderr) }
}

/// A connection of this name, created at the program's current time, and a window that answers.
async fn world_with(name: &str) -> (World, Grapnel) {
    let world = World::new();
    world.clock.set(Timestamp::now());
    assert_eq!(world.add_app().await.exit, Exit::Done);
    let made = world.run(&format!("connect acme --name '{name}'")).await;
    assert_eq!(made.exit, Exit::Done, "{made}");
    let window = world.grapnel();
    assert!(window.check_vault().await.is_none());
    (world, window)
}

async fn answer(world: &World, window: &Grapnel) {
    let serving = window.clone();
    tokio::spawn(async move { serving.serve_tokens(AgentOptions::default()).await.unwrap() });
    while UnixStream::connect(world.home.path().join("agent.sock")).await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_running_window_supplies_the_token() {
    let (world, window) = world_with("acme").await;
    let alone = grapnel(&world, &["token", "acme"]).await;
    assert_eq!((alone.exit, alone.out.as_str()), (Some(5), ""));
    assert!(alone.said.starts_with("error[keyring_absent]: "), "{}", alone.said);

    answer(&world, &window).await;
    let mut events = window.events();
    let own = world.run("token acme").await;
    let answered = grapnel(&world, &["token", " ACME "]).await;
    assert_eq!((answered.exit, answered.out, answered.said.as_str()), (Some(0), own.out, ""));
    while events.recv().await.unwrap() != Event::Activity {}
    let noted = world.run("activity acme").await;
    // Not the command line, which only passes the token on, but this process, which started it.
    let told = window.activity(None, None).unwrap().remove(0).text;
    assert!(told.ends_with(&format!(" (pid {}).", std::process::id())), "{told}\n{noted}");
    let this = std::env::current_exe().unwrap();
    assert!(told.contains(this.file_name().unwrap().to_str().unwrap()), "{told}");

    let json = grapnel(&world, &["token", "acme", "--json"]).await;
    let own = world.run("token acme --json").await;
    assert_eq!(json.out, own.out);
    assert!(serde_json::from_str::<Value>(&json.out).unwrap()["expires_at"].is_string());
    let more = grapnel(&world, &["token", "acme", "--min-valid", "2h"]).await;
    assert_eq!(more.exit, Some(0));
    assert_eq!(more.said, "warning: The token is valid for only 59 minutes, less than requested.\n");
}

#[tokio::test]
async fn exec_uses_a_token_of_the_window() {
    let (world, window) = world_with("acme").await;
    answer(&world, &window).await;
    let own = world.run("token acme").await.out;
    let ran = grapnel(&world, &["exec", "acme", "--", "/usr/bin/printenv", "ACME_TOKEN"]).await;
    assert_eq!((ran.exit, ran.out, ran.said.as_str()), (Some(0), own, ""));
    // If one of the tokens is not at hand, the command does not run.
    let ran = grapnel(&world, &["exec", "acme", "nobody", "--", "/usr/bin/printenv", "ACME_TOKEN"]).await;
    assert_eq!((ran.exit, ran.out.as_str()), (Some(1), ""));
}

/// A program named like the command line is logged itself, not the process that started it.
#[tokio::test]
async fn a_program_named_like_the_command_line_is_logged_itself() {
    let (world, window) = world_with("acme").await;
    answer(&world, &window).await;
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("grapnel");
    std::fs::copy(env!("CARGO_BIN_EXE_grapnel"), &other).unwrap();
    let mut events = window.events();
    let mut command = Command::new(&other);
    command.args(["token", "acme"]).env_clear().env("GRAPNEL_HOME", world.home.path());
    assert!(command.stdin(Stdio::null()).output().await.unwrap().status.success());
    while events.recv().await.unwrap() != Event::Activity {}
    let told = window.activity(None, None).unwrap().remove(0).text;
    assert!(told.starts_with(&format!("Access token handed to {} (pid ", other.display())), "{told}");
}

/// The environment of cron or ssh: only a home and a path.
#[tokio::test]
async fn without_a_session_bus_the_window_supplies_the_token() {
    let (world, window) = world_with("acme").await;
    answer(&world, &window).await;
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join(".local/share");
    std::fs::create_dir_all(&data).unwrap();
    std::os::unix::fs::symlink(world.home.path(), data.join("grapnel")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_grapnel"));
    command.args(["token", "acme"]).env_clear().env("HOME", home.path()).env("PATH", "/usr/bin:/bin");
    let ran = command.stdin(Stdio::null()).output().await.unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert_eq!(String::from_utf8(ran.stdout).unwrap(), world.run("token acme").await.out);
}

#[tokio::test]
async fn a_token_that_the_window_lacks_is_fetched_with_the_vault() {
    let (world, window) = world_with("acme").await;
    answer(&world, &window).await;
    for (line, exit) in [(["token", "nobody"], 1), (["token", ""], 1), (["token", "\u{1b}[2J"], 1)] {
        let ran = grapnel(&world, &line).await;
        assert_eq!((ran.exit, ran.out.as_str()), (Some(exit), ""), "{line:?}: {}", ran.said);
        assert!(ran.said.starts_with("error[not_found]: "), "{}", ran.said);
    }
    assert_eq!(grapnel(&world, &["token", "acme", "--min-valid", "soon"]).await.exit, Some(2));
    world.clock.advance(SignedDuration::from_mins(58));
    // It would have to be refreshed, which needs the key.
    let ends = grapnel(&world, &["token", "acme", "--min-valid", "5m"]).await;
    assert_eq!((ends.exit, ends.out.as_str()), (Some(5), ""), "{}", ends.said);
    let id = window.connection_named("acme").unwrap().unwrap().id;
    window.disconnect(&id).await.unwrap();
    let disconnected = grapnel(&world, &["token", "acme"]).await;
    let own = world.run("token acme").await;
    assert_eq!((disconnected.exit, disconnected.said), (Some(3), own.said));
}

#[tokio::test]
async fn any_valid_name_reaches_the_window() {
    let name = "Ada --json “世界” \\ %s; $(id) é 👩‍👩‍👧";
    let (world, window) = world_with(name).await;
    answer(&world, &window).await;
    let own = window.token(&window.connections().unwrap()[0].id, Duration::ZERO).await.unwrap().value;
    let answered = grapnel(&world, &["token", "--", name]).await;
    let own = grapnel_model::secret::ExposeSecret::expose_secret(&own);
    assert_eq!((answered.exit, answered.out), (Some(0), format!("{own}\n")), "{}", answered.said);
}

/// These programs have keys and tokens in memory.
#[tokio::test]
async fn core_dumps_are_disabled() {
    let world = World::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_grapnel"));
    command.args(["vault", "passphrase", "--passphrase-stdin"]).env("GRAPNEL_HOME", world.home.path());
    let mut waits = command.stdin(Stdio::piped()).stdout(Stdio::null()).kill_on_drop(true).spawn().unwrap();
    // It has opened the data, and waits for the passphrase.
    while !world.home.path().join("grapnel.lock").exists() {
        tokio::task::yield_now().await;
    }
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", waits.id().unwrap())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("1"), "{core}");
    waits.kill().await.unwrap();
}

#[tokio::test]
async fn a_relative_data_directory_is_refused() {
    let here = tempfile::tempdir().unwrap();
    for line in [["token", "acme"], ["app", "list"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_grapnel"));
        command.args(line).env("GRAPNEL_HOME", "data").current_dir(here.path());
        let ran = command.stdin(Stdio::null()).output().await.unwrap();
        let said = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(2), "{said}");
        assert!(said.starts_with("error[invalid_input]: GRAPNEL_HOME is “data”"), "{said}");
    }
    assert_eq!(std::fs::read_dir(here.path()).unwrap().count(), 0);
}

/// An older command line on PATH and a newer window: the window supplies the token, and commands that need the data
/// report why they cannot.
#[tokio::test]
async fn an_older_command_line_reports_a_newer_database() {
    let (world, window) = world_with("acme").await;
    answer(&world, &window).await;
    let database = world.home.path().join("grapnel.db");
    rusqlite::Connection::open(database).unwrap().pragma_update(None, "user_version", 999).unwrap();
    assert_eq!(grapnel(&world, &["token", "acme"]).await.exit, Some(0));
    let ran = grapnel(&world, &["refresh", "acme"]).await;
    assert_eq!(ran.exit, Some(1));
    assert!(ran.said.starts_with("error[data_newer]: "), "{}", ran.said);
    assert!(ran.said.contains("This program is the older one"), "{}", ran.said);
}

/// The front program alone, without the one that has all other commands.
#[tokio::test]
async fn the_front_program_asks_the_agent_and_otherwise_runs_the_full_program() {
    let (world, window) = world_with("acme").await;
    answer(&world, &window).await;
    let folder = tempfile::tempdir().unwrap();
    let alone = folder.path().join("grapnel");
    std::fs::copy(env!("CARGO_BIN_EXE_grapnel"), &alone).unwrap();
    let run = async |arguments: &[&str]| {
        let mut command = Command::new(&alone);
        command.args(arguments).env_clear().env("GRAPNEL_HOME", world.home.path());
        command.stdin(Stdio::null()).output().await.unwrap()
    };
    let own = world.run("token acme").await.out;
    for arguments in [&["token", "acme"][..], &["token", "acme", "--min-valid", "5m"]] {
        let ran = run(arguments).await;
        assert_eq!((ran.status.code(), String::from_utf8(ran.stdout).unwrap()), (Some(0), own.clone()));
    }
    // The validity is too short, the connection does not exist, or there is more to print than the token.
    let others: [&[&str]; 4] = [
        &["token", "acme", "--min-valid", "2h"],
        &["token", "nobody"],
        &["token", "acme", "--json"],
        &["list"],
    ];
    for arguments in others {
        let missing = run(arguments).await;
        assert_eq!((missing.status.code(), missing.stdout.len()), (Some(1), 0), "{arguments:?}");
        let said = String::from_utf8(missing.stderr).unwrap();
        assert!(said.starts_with("error[internal]: The program grapnel-cli cannot be started: "), "{said}");
    }
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_grapnel-cli"), folder.path().join("grapnel-cli")).unwrap();
    let listed = run(&["list"]).await;
    assert!(String::from_utf8(listed.stdout).unwrap().contains("acme"), "it continues");
}
