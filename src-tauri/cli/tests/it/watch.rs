//! `grapnel watch` and `grapnel wait`: changes by other processes are noticed.

use std::process::Stdio;

use grapnel_cli::Exit;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::machine::Paper;
use crate::world::World;

struct Watch {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watch {
    async fn start(world: &World) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_grapnel"));
        command.args(["watch", "--json"]).env_clear().env("GRAPNEL_HOME", world.home.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut process = command.spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut watch = Self { process, lines };
        assert_eq!(watch.next().await, json!({ "event": "watching" }));
        watch
    }

    async fn next(&mut self) -> Value {
        serde_json::from_str(&self.lines.next_line().await.unwrap().unwrap()).unwrap()
    }
}

#[tokio::test]
async fn events_of_other_processes_are_streamed_until_a_signal() {
    let world = World::new();
    world.clock.set(Timestamp::now());
    assert_eq!(world.add_app().await.exit, Exit::Done);
    let mut watch = Watch::start(&world).await;
    let mut happens = async |line: &str, event: &str, status: &str| {
        let ran = world.run(line).await;
        assert_eq!(ran.exit, Exit::Done, "{ran}");
        let told = watch.next().await;
        assert_eq!(
            (&told["event"], &told["connection"], &told["status"]),
            (&event.into(), &"acme".into(), &status.into())
        );
        told
    };
    let connected = happens("connect acme", "connected", "active").await;
    assert!(connected["expires_at"].is_string() && connected["at"].is_string(), "{connected}");
    happens("refresh acme", "refreshed", "active").await;
    happens("disconnect acme --yes", "disconnected", "disconnected").await;
    let pid = watch.process.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().await.unwrap().success());
    assert_eq!(watch.process.wait().await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_closed_pipe_ends_it_with_success() {
    let world = World::new();
    world.clock.set(Timestamp::now());
    world.connect().await;
    let Watch { mut process, lines } = Watch::start(&world).await;
    drop(lines);
    assert_eq!(world.run("refresh acme").await.exit, Exit::Done);
    assert_eq!(process.wait().await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn wait_returns_once_the_status_is_reached() {
    let world = World::new();
    world.connect().await;
    let active = world.run("wait acme --json").await;
    assert_eq!(active.json(), json!({ "connection": "acme", "status": "active" }));
    let late = world.run("wait acme --until disconnected --timeout 0").await;
    assert_eq!(late.exit, Exit::NotAuthorized);
    let said = "error[timed_out]: “acme” is active; it was not disconnected within 0 seconds.\n";
    assert!(late.said.starts_with(said), "{late}");
    assert_eq!(world.run("wait nobody").await.exit, Exit::Failed);
    assert_eq!(world.run("wait acme --until happy").await.exit, Exit::Usage);

    let paper = Paper::default();
    let waits = world.run_with("wait acme --until disconnected", std::io::empty(), false, &paper);
    let other = world.grapnel();
    let id = other.connection_named("acme").unwrap().unwrap().id;
    let (waited, disconnected) = tokio::join!(waits, other.disconnect(&id));
    assert!(disconnected.is_ok());
    assert_eq!((waited.exit, waited.out.as_str()), (Exit::Done, "“acme” is disconnected.\n"));
}
