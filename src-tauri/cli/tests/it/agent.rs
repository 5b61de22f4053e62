//! `grapnel agent`: the built program. It has no keyring here, so its vault has a passphrase, which only the agent
//! gets.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Output, Stdio};

use grapnel_cli::Exit;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStderr, Command};

use crate::world::World;

const PASSPHRASE: &str = "harbour lamp eleven moss";
const READY: &str = "Ready. Refreshing tokens and answering token requests.";

/// A connection `acme`, created `ago`, in a vault with a passphrase.
async fn world(ago: SignedDuration) -> World {
    let world = World::new();
    world.clock.set(Timestamp::now() - ago);
    world.connect().await;
    let moved = world.pipe("vault passphrase --passphrase-stdin", PASSPHRASE).await;
    assert_eq!(moved.exit, Exit::Done, "{moved}");
    world
}

fn command(world: &World, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grapnel"));
    command.args(arguments).env_clear().env("GRAPNEL_HOME", world.home.path());
    command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

async fn run(world: &World, arguments: &[&str]) -> Output {
    command(world, arguments).output().await.unwrap()
}

struct Agent {
    process: Child,
    said: Lines<BufReader<ChildStderr>>,
}

impl Agent {
    async fn start(world: &World, arguments: &[&str]) -> Self {
        let arguments = [&["agent", "--passphrase-stdin"], arguments].concat();
        let mut process = command(world, &arguments).stdin(Stdio::piped()).spawn().unwrap();
        process.stdin.take().unwrap().write_all(PASSPHRASE.as_bytes()).await.unwrap();
        let said = BufReader::new(process.stderr.take().unwrap()).lines();
        Self { process, said }
    }

    async fn says(&mut self) -> String {
        self.said.next_line().await.unwrap().unwrap()
    }

    async fn signal(&mut self, signal: &str) -> Option<i32> {
        let pid = self.process.id().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().await.unwrap().success());
        self.process.wait().await.unwrap().code()
    }
}

async fn line(path: &Path, line: &str) -> Value {
    let mut stream = UnixStream::connect(path).await.unwrap();
    stream.write_all(line.as_bytes()).await.unwrap();
    let mut told = String::new();
    stream.read_to_string(&mut told).await.unwrap();
    serde_json::from_str(&told).unwrap()
}

const ACME: &str = "{\"get\":\"token\",\"connection\":\"acme\"}\n";

#[tokio::test]
async fn it_refreshes_and_answers_until_a_signal_ends_it() {
    let world = world(SignedDuration::from_mins(58)).await;
    for signal in ["-TERM", "-INT"] {
        let mut agent = Agent::start(&world, &[]).await;
        assert_eq!(agent.says().await, READY);
        // It expires within two minutes, so the agent refreshes it without a request.
        let refreshed = world.grapnel();
        let id = refreshed.connection_named("acme").unwrap().unwrap().id;
        while refreshed.connection(&id).unwrap().summary.expires_at.unwrap()
            < Timestamp::now() + SignedDuration::from_mins(30)
        {
            tokio::task::yield_now().await;
        }
        let token = run(&world, &["token", "acme"]).await;
        assert_eq!((token.status.code(), String::from_utf8(token.stderr).unwrap()), (Some(0), String::new()));
        let token = String::from_utf8(token.stdout).unwrap();
        let told = line(&world.home.path().join("agent.sock"), ACME).await;
        assert_eq!(told["access_token"], token.trim_end());
        assert_eq!(agent.signal(signal).await, Some(0));
        assert_eq!(run(&world, &["token", "acme"]).await.status.code(), Some(5), "no agent, no passphrase");
    }
}

/// The command exchanges beside the agent: it opens the vault itself, and finds the token that the agent has kept.
#[tokio::test]
async fn a_derived_token_is_the_same_from_the_agent_and_beside_it() {
    let world = crate::token_exchange::connected_at(Timestamp::now()).await;
    let moved = world.pipe("vault passphrase --passphrase-stdin", PASSPHRASE).await;
    assert_eq!(moved.exit, Exit::Done, "{moved}");
    let mut agent = Agent::start(&world, &[]).await;
    assert_eq!(agent.says().await, READY);
    let socket = world.home.path().join("agent.sock");
    let asked = |audience: &str| {
        json!({ "get": "token", "connection": "acme", "audience": [audience], "scope": ["notes:read"] })
            .to_string()
    };
    let by_agent = line(&socket, &format!("{}\n", asked("notes"))).await;
    let token = by_agent["access_token"].as_str().unwrap();
    let narrow = ["token", "acme", "--audience", "notes", "--scope", "notes:read", "--passphrase-stdin"];
    let beside = piped(&world, &narrow, PASSPHRASE).await;
    assert_eq!((beside.status.code(), String::from_utf8(beside.stderr).unwrap()), (Some(0), String::new()));
    assert_eq!(String::from_utf8(beside.stdout).unwrap().trim_end(), token);
    // Without the passphrase, the command asks the agent.
    let narrow_alone = &narrow[..narrow.len() - 1];
    let asking = run(&world, narrow_alone).await;
    assert_eq!((asking.status.code(), String::from_utf8(asking.stderr).unwrap()), (Some(0), String::new()));
    assert_eq!(String::from_utf8(asking.stdout).unwrap().trim_end(), token);
    let unknown = run(&world, &["token", "acme", "--audience", "payroll"]).await;
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("payroll"), "{unknown:?}");
    // And the other way round: the agent hands out what the command obtained.
    let rejected = piped(&world, &[&narrow[..], &["--rejected"]].concat(), PASSPHRASE).await;
    let newer = String::from_utf8(rejected.stdout).unwrap();
    assert_ne!(newer.trim_end(), token);
    let again = line(&socket, &format!("{}\n", asked("notes"))).await;
    assert_eq!(again["access_token"], newer.trim_end());
    let refused = line(&socket, &format!("{}\n", asked("payroll"))).await;
    assert_eq!(refused["error"]["code"], "provider_error");
    assert_eq!(agent.signal("-TERM").await, Some(0));
    assert_eq!(run(&world, narrow_alone).await.status.code(), Some(5), "nobody has the passphrase");
}

async fn piped(world: &World, arguments: &[&str], input: &str) -> Output {
    let mut process = command(world, arguments).stdin(Stdio::piped()).spawn().unwrap();
    process.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    process.wait_with_output().await.unwrap()
}

#[tokio::test]
async fn the_passphrase_is_forgotten_after_the_time_that_was_set() {
    let world = world(SignedDuration::ZERO).await;
    let mut agent = Agent::start(&world, &["--unlock-for", "1s"]).await;
    assert_eq!(agent.says().await, READY);
    let locked = agent.says().await;
    assert!(locked.starts_with("The vault was locked after 1 second."), "{locked}");
    assert_eq!(run(&world, &["token", "acme"]).await.status.code(), Some(5));
    let told = line(&world.home.path().join("agent.sock"), ACME).await;
    assert_eq!(told["error"]["code"], "passphrase_needed");
    assert_eq!(agent.signal("-TERM").await, Some(0));
}

#[tokio::test]
async fn a_second_agent_takes_over_when_the_first_ends() {
    let world = world(SignedDuration::ZERO).await;
    let mut first = Agent::start(&world, &[]).await;
    assert_eq!(first.says().await, READY);
    let mut second = Agent::start(&world, &[]).await;
    let waits = "Ready. Refreshing tokens. Another Grapnel process answers token requests; this one takes over when it \
                 ends.";
    assert_eq!(second.says().await, waits);
    assert_eq!(first.signal("-TERM").await, Some(0));
    assert_eq!(second.says().await, "Refreshing tokens and answering token requests.");
    assert_eq!(run(&world, &["token", "acme"]).await.status.code(), Some(0));
}

#[tokio::test]
async fn with_json_one_line_says_that_it_is_ready() {
    let world = world(SignedDuration::ZERO).await;
    let mut agent = Agent::start(&world, &["--json"]).await;
    let mut lines = BufReader::new(agent.process.stdout.take().unwrap()).lines();
    let ready: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
    assert_eq!(ready, json!({ "answering": true }));
    assert_eq!(agent.signal("-TERM").await, Some(0));
    assert_eq!(lines.next_line().await.unwrap(), None);
}

#[tokio::test]
async fn without_the_passphrase_it_does_not_start() {
    let world = world(SignedDuration::ZERO).await;
    let refused = run(&world, &["agent", "--systemd"]).await;
    assert_eq!(refused.status.code(), Some(5));
    assert!(String::from_utf8(refused.stderr).unwrap().starts_with("error[passphrase_needed]: "));
    assert!(!world.home.path().join("agent.sock").exists());
}

#[tokio::test]
async fn a_time_limit_needs_a_passphrase() {
    let world = World::new();
    let refused = run(&world, &["agent", "--unlock-for", "8h"]).await;
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.starts_with("error[invalid_input]: The vault has no passphrase"), "{said}");
}

/// As systemd starts it: at the first request to a socket that systemd listens on.
#[tokio::test]
async fn a_request_at_the_socket_of_systemd_starts_it() {
    let Ok(version) = Command::new("systemd-socket-activate").arg("--version").output().await else {
        println!("skipped: systemd-socket-activate is not installed");
        return;
    };
    assert!(version.status.success());
    let world = world(SignedDuration::ZERO).await;
    let path = world.home.path().join("agent-activation.sock");
    let home = format!("GRAPNEL_HOME={}", world.home.path().display());
    let mut systemd = Command::new("systemd-socket-activate");
    systemd.args(["--listen", path.to_str().unwrap(), "--setenv", &home, "--"]);
    systemd.args([env!("CARGO_BIN_EXE_grapnel"), "agent", "--systemd", "--passphrase-stdin"]);
    systemd.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut process = systemd.spawn().unwrap();
    process.stdin.take().unwrap().write_all(PASSPHRASE.as_bytes()).await.unwrap();
    let said = BufReader::new(process.stderr.take().unwrap()).lines();
    let mut agent = Agent { process, said };
    while UnixStream::connect(&path).await.is_err() {
        tokio::task::yield_now().await;
    }
    let told = line(&path, ACME).await;
    assert!(told["access_token"].is_string(), "{told}");
    assert_eq!(run(&world, &["token", "acme"]).await.status.code(), Some(0));
    assert_eq!(agent.signal("-TERM").await, Some(0));
    assert!(path.exists(), "the socket is systemd's");
}

/// A `systemctl` that records its arguments.
fn systemctl(directory: &Path, exit: u8) {
    let path = directory.join("systemctl");
    let log = directory.join("log");
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> '{}'\necho 'Failed to connect to bus.' >&2\nexit {exit}\n",
        log.display()
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn it_installs_and_removes_itself_as_a_service() {
    let world = World::new();
    let (bin, config) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let units = config.path().join("systemd/user");
    let grapnel = async |option: &str| {
        let mut command = command(&world, &["agent", option]);
        command.env("PATH", bin.path()).env("HOME", config.path()).env("XDG_CONFIG_HOME", config.path());
        command.output().await.unwrap()
    };
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let absent = grapnel("--install").await;
    assert_eq!(absent.status.code(), Some(1));
    assert!(
        text(absent.stderr)
            .starts_with("error[internal]: systemctl --user daemon-reload failed: it is not installed.\n")
    );
    systemctl(bin.path(), 1);
    let silent = text(grapnel("--install").await.stderr);
    assert!(silent.contains("daemon-reload failed: Failed to connect to bus.\n"), "{silent}");
    assert!(!units.exists(), "nothing is left behind");

    systemctl(bin.path(), 0);
    let log = bin.path().join("log");
    fs::remove_file(&log).unwrap();
    let installed = grapnel("--install").await;
    assert_eq!(installed.status.code(), Some(0), "{}", text(installed.stderr));
    let service = fs::read_to_string(units.join("grapnel-agent.service")).unwrap();
    assert!(
        service.contains(&format!("ExecStart=\"{}\" agent --systemd\n", env!("CARGO_BIN_EXE_grapnel-cli")))
    );
    let home = world.home.path().display();
    assert!(service.contains(&format!("Environment=\"GRAPNEL_HOME={home}\"\n")), "{service}");
    let socket = fs::read_to_string(units.join("grapnel-agent.socket")).unwrap();
    assert!(socket.contains(&format!("ListenStream={home}/agent-activation.sock\n")), "{socket}");
    assert_eq!(grapnel("--uninstall").await.status.code(), Some(0));
    assert_eq!(fs::read_dir(&units).unwrap().count(), 0);
    let done = "--user daemon-reload\n--user daemon-reload\n\
        --user enable --now grapnel-agent.socket grapnel-agent.service\n\
        --user disable --now grapnel-agent.service grapnel-agent.socket\n--user daemon-reload\n";
    assert_eq!(fs::read_to_string(&log).unwrap(), done);
}
