//! Common conventions of command lines: overview, suggestions, quiet, completions and manual pages.

use std::process::Command;

use grapnel_cli::Exit;
use grapnel_sandbox::{Endpoint, Fault, Times};
use insta::assert_snapshot;

use crate::world::World;

#[tokio::test]
async fn without_a_command_it_prints_an_overview() {
    let world = World::new();
    assert_snapshot!("overview_empty", world.run("").await);
    world.add_app().await;
    assert_snapshot!("overview_app", world.run("").await);
    world.run("connect acme").await;
    world.run("connect acme --name 'Second one'").await;
    world.sandbox.faults().set(Endpoint::TokenRefresh, Fault::InvalidGrant, Times::Always).unwrap();
    world.run("refresh 'Second one'").await;
    let ran = world.run("").await;
    assert!(ran.out.lines().count() <= 10, "{ran}");
    assert_snapshot!("overview_reconnect", ran);
    let document = world.run("--json").await.json();
    assert_eq!(document["reconnect_needed"], serde_json::json!(["Second one"]));
}

#[tokio::test]
async fn a_mistyped_name_suggests_the_intended_one() {
    let world = World::new();
    world.connect().await;
    let mut told = Vec::new();
    for line in ["token acem", "connect acne", "app show acm", "provider show grigra", "tokne acme"] {
        let ran = world.run(line).await;
        assert_ne!(ran.exit, Exit::Done, "{ran}");
        told.push(ran.to_string());
    }
    assert_snapshot!("mistyped", told.join("\n\n"));
}

#[tokio::test]
async fn quiet_leaves_errors_only() {
    let world = World::new();
    world.connect().await;
    let warned = world.run("token acme --min-valid 2h").await;
    assert!(warned.said.starts_with("warning: ") && warned.out.lines().count() == 1, "{warned}");
    let json = world.run("token acme --min-valid 2h --json").await;
    assert_eq!(json.said, "");
    json.json();
    assert_eq!(world.run("token acme --min-valid 2h --quiet").await.said, "");
    assert!(world.run("token nobody --quiet").await.said.starts_with("error[not_found]: "));
}

/// With the built program, which has no keyring: none of these commands needs an open vault. In a shell of Unix.
#[cfg(unix)]
#[tokio::test]
async fn a_terminal_shows_what_a_pipe_gets_without_colours() {
    let world = World::new();
    world.connect().await;
    world.run("connect acme --name 'Second one'").await;
    let program = env!("CARGO_BIN_EXE_grapnel-cli");
    let begin = |name: &str| {
        let mut command = Command::new(name);
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path).env("GRAPNEL_HOME", world.home.path());
        command.stdin(std::process::Stdio::null());
        command
    };
    for line in ["list", "", "app list", "--help", "provider list", "tokne", "list --quiet", "list --json"] {
        // Both streams in one, in their order, as the terminal has them.
        let mut piped = begin("sh");
        let piped = piped.args(["-c", &format!("{program} {line} 2>&1")]).output().unwrap();
        let piped = String::from_utf8(piped.stdout).unwrap();
        assert!(!piped.contains('\u{1b}') && !piped.is_empty(), "{line}: {piped:?}");
        for no_color in [None, Some("1")] {
            let mut terminal = begin("script");
            terminal.args(["--quiet", "--command", &format!("{program} {line}"), "/dev/null"]);
            terminal.env("TERM", "xterm-256color").envs(no_color.map(|value| ("NO_COLOR", value)));
            let Ok(shown) = terminal.output() else {
                eprintln!("skipped: this system has no `script`, which provides a pseudo-terminal");
                return;
            };
            let shown = String::from_utf8(shown.stdout).unwrap().replace("\r\n", "\n");
            assert_eq!(shown, piped, "{line}, NO_COLOR: {no_color:?}");
        }
    }
}

#[tokio::test]
async fn completions_and_manual_pages_come_from_the_arguments() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = world.run(&format!("completions {shell}")).await;
        assert!(script.exit == Exit::Done && script.out.contains("COMPLETE"), "{script}");
    }
    assert!(world.run("man").await.out.contains(".TH grapnel 1"));
    let pages = tempfile::tempdir().unwrap();
    assert_eq!(world.run(&format!("man {}", pages.path().display())).await.exit, Exit::Done);
    let page = std::fs::read_to_string(pages.path().join("grapnel-exec.1")).unwrap();
    assert!(page.contains("refresh\\-file"), "{page}");
}

/// With the built program, which has no keyring: names need no open vault.
#[tokio::test]
async fn a_shell_completes_the_names_of_connections_and_apps() {
    let world = World::new();
    world.connect().await;
    world.run("connect acme --name 'Second one'").await;
    for (command, names) in [("token", "Second one\nacme"), ("exec", "Second one\nacme"), ("connect", "acme")]
    {
        let mut shell = Command::new(env!("CARGO_BIN_EXE_grapnel"));
        shell.env_clear().env("GRAPNEL_HOME", world.home.path()).env("COMPLETE", "bash");
        shell.env("_CLAP_COMPLETE_INDEX", "2").env("_CLAP_IFS", "\n");
        let ran = shell.args(["--", "grapnel", command, ""]).output().unwrap();
        let out = String::from_utf8(ran.stdout).unwrap();
        let mut found: Vec<&str> = out.lines().filter(|line| !line.starts_with('-')).collect();
        found.sort_unstable();
        assert_eq!(found.join("\n"), names, "{command}: {}", String::from_utf8_lossy(&ran.stderr));
    }
}
