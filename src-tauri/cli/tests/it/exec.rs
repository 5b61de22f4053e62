//! `grapnel exec`: the command, its environment, its exit code and its signals; with the built program where the
//! command replaces it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Output, Stdio};

use grapnel_cli::Exit;
use jiff::SignedDuration;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use crate::world::World;

pub(crate) const WORDS: &str = "harbour lamp eleven moss\n";

/// A connection in a vault that the built program can open: with a passphrase.
async fn world() -> World {
    let world = World::new();
    world.clock.set(jiff::Timestamp::now());
    world.connect().await;
    lock_with_words(&world).await;
    world
}

/// Gives the vault a passphrase, by which the built program opens it.
pub(crate) async fn lock_with_words(world: &World) {
    let chosen = world.pipe("vault passphrase --passphrase-stdin", WORDS).await;
    assert_eq!(chosen.exit, Exit::Done, "{chosen}");
}

async fn token(world: &World) -> String {
    world.pipe("token acme --passphrase-stdin", WORDS).await.out.trim_end().to_owned()
}

async fn start(world: &World, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grapnel"));
    command.arg("--passphrase-stdin").args(arguments).env_clear();
    command.env("GRAPNEL_HOME", world.home.path()).env("PATH", "/usr/bin:/bin");
    command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent").kill_on_drop(true);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(WORDS.as_bytes()).await.unwrap();
    child
}

pub(crate) async fn exec(world: &World, arguments: &[&str]) -> Output {
    start(world, arguments).await.wait_with_output().await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn line(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).await.unwrap();
    line.trim_end().to_owned()
}

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

#[tokio::test]
async fn the_token_is_in_the_environment_of_that_command_alone() {
    let world = world().await;
    let token = token(&world).await;
    let made = world.pipe("connect acme --name 'Second one' --passphrase-stdin", WORDS).await;
    assert_eq!(made.exit, Exit::Done, "{made}");
    let second = world.pipe("token 'Second one' --passphrase-stdin", WORDS).await.out;
    let script = "tr '\\0' ' ' </proc/self/cmdline; echo; tr '\\0' ' ' </proc/$$/cmdline; echo; \
                  cat /proc/$PPID/environ | tr '\\0' '\\n' | grep -c \"$ACME_TOKEN\"; \
                  echo \"$ACME_TOKEN\" \"$B\"";
    let ran = exec(&world, &["exec", "acme", "second one=B", "--", "sh", "-c", script, "$ACME_TOKEN"]).await;
    let out = text(&ran.stdout);
    let lines: Vec<&str> = out.lines().collect();
    let [own, shell, parent, tokens] = lines[..] else { panic!("{out} {}", text(&ran.stderr)) };
    assert_eq!(tokens, format!("{token} {}", second.trim_end()));
    assert!(!own.contains(&token) && !shell.contains(&token), "a token in an argument list");
    assert!(shell.ends_with("$ACME_TOKEN "), "a shell took an argument: {shell}");
    assert_eq!(parent, "0", "the environment of another process has the token");
    assert_eq!(text(&ran.stderr), "");
    let noted = world.run("activity acme").await.out;
    assert!(noted.contains("Access token handed to"), "{noted}");
}

#[tokio::test]
async fn the_exit_code_is_the_commands() {
    let world = world().await;
    for (command, code) in [
        (&["sh", "-c", "exit 0"][..], 0),
        (&["sh", "-c", "exit 77"], 77),
        (&["grapnel-no-such-command"], 127),
        (&["/etc/passwd"], 126),
    ] {
        for more in [&["acme"][..], &["acme", "--refresh-file", "TOKEN"]] {
            let path = world.home.path().join("token");
            let more = more.iter().map(|word| if *word == "TOKEN" { path.to_str().unwrap() } else { word });
            let arguments: Vec<&str> = std::iter::once("exec").chain(more).chain(["--"]).collect();
            let ran = exec(&world, &[&arguments, command].concat()).await;
            assert_eq!(ran.status.code(), Some(code), "{arguments:?} {command:?} {}", text(&ran.stderr));
            assert!(!path.exists(), "the refresh file stays");
        }
    }
    let missing = exec(&world, &["--json", "exec", "acme", "--", "grapnel-no-such-command"]).await;
    let error: serde_json::Value = serde_json::from_slice(&missing.stderr).unwrap();
    assert_eq!(error["error"]["code"], "not_found");
}

#[tokio::test]
async fn a_signal_reaches_the_command_and_its_end_is_128_and_its_number() {
    let world = world().await;
    // The signal goes to the command, which has replaced the program.
    let mut child = start(&world, &["exec", "acme", "--", "sh", "-c", "echo $$; exec sleep 60"]).await;
    assert_eq!(line(&mut child).await, child.id().unwrap().to_string(), "it is a child");
    signal(&child, Signal::TERM);
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&child.wait().await.unwrap()), Some(15));

    let path = world.home.path().join("token");
    let file = path.to_str().unwrap();
    for (number, sent, command, code) in [
        (15, Signal::TERM, "echo up; exec sleep 60", 143),
        (1, Signal::HUP, "echo up; exec sleep 60", 129),
        (2, Signal::INT, "trap 'exit 7' INT; echo up; while :; do sleep 0.05; done", 7),
    ] {
        let arguments = ["exec", "acme", "--refresh-file", file, "--", "sh", "-c", command];
        let mut child = start(&world, &arguments).await;
        assert_eq!(line(&mut child).await, "up", "{number}");
        assert!(path.exists());
        signal(&child, sent);
        assert_eq!(child.wait().await.unwrap().code(), Some(code), "signal {number}");
        assert!(!path.exists(), "the refresh file stays after signal {number}");
    }
}

#[tokio::test]
async fn an_invalid_variable_is_refused_before_a_token_is_requested() {
    let world = World::new();
    let mut told = Vec::new();
    for line in [
        "exec acme -- true",
        "exec acme=PATH -- true",
        "exec acme=LD_PRELOAD -- true",
        "exec acme=1st -- true",
        "exec acme 'ACME' -- true",
        "exec acme other --refresh-file a -- true",
        "exec acme",
        "exec -- true",
    ] {
        let ran = world.run(line).await;
        assert!(ran.exit == Exit::Usage || line == "exec acme -- true", "{ran}");
        told.push(ran.to_string());
    }
    insta::assert_snapshot!(told.join("\n\n"));
}

async fn content_changes_from(path: &Path, old: &str) -> String {
    loop {
        match std::fs::read_to_string(path) {
            Ok(new) if new != old => return new,
            _ => tokio::task::yield_now().await,
        }
    }
}

#[tokio::test]
async fn a_refresh_file_is_fresh_for_as_long_as_the_command_runs() {
    let world = World::new();
    world.connect().await;
    let first = world.run("token acme").await.out.trim_end().to_owned();
    let path = world.home.path().join("token");
    let gate = world.home.path().join("gate");
    let wait = format!("while ! test -e {}; do sleep 0.05; done", gate.display());
    let command = format!("sh -c 'test -f \"$ACME_TOKEN_FILE\" && {wait}'");
    let line = format!("exec acme --refresh-file {} -- {command}", path.display());
    // A little more than a minute is left, so the file is due after a second.
    world.clock.advance(SignedDuration::from_secs(3600 - 62));
    let follow = async {
        assert_eq!(content_changes_from(&path, "").await, first);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        world.clock.advance(SignedDuration::from_secs(5));
        let second = content_changes_from(&path, &first).await;
        // A refresh by another program.
        assert_eq!(world.run("refresh acme").await.exit, Exit::Done);
        let third = content_changes_from(&path, &second).await;
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(third, world.run("token acme").await.out.trim_end());
        std::fs::write(&gate, "").unwrap();
    };
    let (ran, ()) = tokio::join!(world.run(&line), follow);
    assert_eq!(ran.exit, Exit::Command(0), "{ran}");
    assert!(!path.exists());
}
