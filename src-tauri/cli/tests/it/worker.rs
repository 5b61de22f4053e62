//! Workers: processes without data of their own, which have the connections of a team by two variables.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use grapnel_cli::Exit;
use grapnel_sandbox::{Endpoint, Fault, ProviderId};
use grapnel_test_database::{Proxy, Server};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::Command;

use crate::machine::Paper;
use crate::world::{Ran, World};

/// A world that shares the connection `acme`, the database, the key of a worker, and what runs as that worker.
struct Team {
    world: World,
    database: Server,
    key: String,
    temporary: TempDir,
}

impl Team {
    async fn new() -> Self {
        let world = World::new();
        // The built program has the time of the system.
        world.clock.set(jiff::Timestamp::now());
        world.connect().await;
        let database = Server::start().unwrap();
        let line = "team create Agency --as Ada --database-url-stdin";
        let created = world.pipe(line, &database.socket_url()).await;
        assert_eq!(created.exit, Exit::Done, "{created}");
        assert_eq!(world.run("share acme").await.exit, Exit::Done);
        let key = world.run("team invite ci --worker").await.out.trim().to_owned();
        Self { world, database, key, temporary: TempDir::new().unwrap() }
    }

    /// A worker that reaches the database by this URL. Its own sandbox is not used.
    fn worker(&self, url: String) -> World {
        let mut worker = World::new();
        worker.clock = Arc::clone(&self.world.clock);
        worker.worker = Some((url, self.key.clone()));
        worker
    }

    /// The built program as a worker.
    fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_grapnel"));
        command.env_clear().env("PATH", "/usr/bin:/bin").env("TMPDIR", self.temporary.path());
        command.env("GRAPNEL_HOME", self.temporary.path().join("none"));
        command.env("GRAPNEL_TEAM_URL", self.database.socket_url()).env("GRAPNEL_TEAM_KEY", &self.key);
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs `refresh acme` as the worker; the way to the database is blocked once the provider has rotated the token.
    async fn refresh_without_database(&self, worker: &World, proxy: &Proxy, messages: &Paper) -> Ran {
        let slow = Fault::Slow(Duration::from_millis(500));
        self.world.sandbox.faults().set(Endpoint::TokenRefresh, slow, 1).unwrap();
        let issued = || self.world.sandbox.grants(ProviderId::Grigora).issued().access_tokens;
        let before = issued();
        let output = Paper::default();
        let run = worker.run_heard("refresh acme", (std::io::empty(), false), &output, messages);
        let cut = async {
            while issued() == before {
                tokio::task::yield_now().await;
            }
            proxy.block();
        };
        tokio::join!(run, cut).0
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_ends_waits_until_the_team_has_its_new_tokens() {
    let team = Team::new().await;
    let proxy = Proxy::start(team.database.port()).await.unwrap();
    let worker = team.worker(team.database.url_at("127.0.0.1", proxy.port(), ""));
    let messages = Paper::default();
    let resumed = async {
        messages.says("only this process has the new tokens of acme").await;
        proxy.resume();
    };
    let (ran, ()) = tokio::join!(team.refresh_without_database(&worker, &proxy, &messages), resumed);
    assert_eq!(ran.exit, Exit::Done, "{ran}");
    assert!(ran.said.contains("up to 300 seconds"), "{ran}");
    // The team has them: it refreshes with the new refresh token.
    let refreshed = team.world.run("refresh acme").await;
    assert_eq!(refreshed.exit, Exit::Done, "{refreshed}");
    assert!(team.world.sandbox.departures().is_empty(), "{:?}", team.world.sandbox.departures().all());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_whose_new_tokens_are_lost_says_so_by_its_exit_code() {
    let team = Team::new().await;
    let proxy = Proxy::start(team.database.port()).await.unwrap();
    let mut worker = team.worker(team.database.url_at("127.0.0.1", proxy.port(), ""));
    worker.timeouts.team = Duration::from_secs(1);
    let ran = team.refresh_without_database(&worker, &proxy, &Paper::default()).await;
    assert_eq!((ran.exit, ran.exit.code()), (Exit::TokensLost, 7), "{ran}");
    for part in
        ["The new tokens of acme are lost.", "the next refresh will be refused", "grapnel connect acme"]
    {
        assert!(ran.said.contains(part), "{part}: {ran}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_requests_and_runs_commands_with_the_teams_token() {
    let team = Team::new().await;
    let worker = team.worker(team.database.socket_url());
    let listed = worker.run("api acme project/list").await;
    assert_eq!(listed.exit, Exit::Done, "{listed}");
    assert_eq!(listed.out, team.world.run("api acme project/list").await.out);
    let token = team.world.run("token acme").await.out;
    let script = "echo \"$ACME_TOKEN\"; env | grep -c GRAPNEL_TEAM; ls \"$TMPDIR\" | wc -l";
    let ran = team.program().args(["exec", "acme", "--", "sh", "-c", script]).output().await.unwrap();
    let (out, said) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert_eq!((ran.status.code(), said.as_ref()), (Some(0), ""));
    let lines: Vec<_> = out.lines().map(str::trim).collect();
    assert_eq!(
        lines,
        [token.trim(), "0", "0"],
        "the token, no variable of the team, and nothing left behind"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_worker_leaves_its_new_tokens_to_the_team() {
    let team = Team::new().await;
    let sandbox = &team.world.sandbox;
    sandbox.faults().set(Endpoint::TokenRefresh, Fault::Slow(Duration::from_secs(1)), 1).unwrap();
    let issued = || sandbox.grants(ProviderId::Grigora).issued().access_tokens;
    let before = issued();
    let mut command = team.program();
    let child = command.args(["refresh", "acme"]).stderr(Stdio::piped()).spawn().unwrap();
    while issued() == before {
        tokio::task::yield_now().await;
    }
    // The provider has replaced the refresh token, and its response is on its way.
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    let ended = child.wait_with_output().await.unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(6), "{said}");
    assert!(said.contains("stopped by a signal"), "{said}");
    let refreshed = team.world.run("refresh acme").await;
    assert_eq!(refreshed.exit, Exit::Done, "the team has the refresh token that was replaced: {refreshed}");
    assert!(sandbox.departures().is_empty(), "{:?}", sandbox.departures().all());
}
