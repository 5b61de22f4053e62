//! Workers: processes without data of their own, which have the connections of a team by two variables.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use grapnel_cli::Exit;
use grapnel_sandbox::{Endpoint, Fault, Lifetimes, ProviderId};
use grapnel_test_database::{Proxy, Server};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
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

    /// The token of `acme` has expired, and the next ones live for so many seconds.
    async fn expire_with(&self, seconds: u64) {
        let grants = self.world.sandbox.grants(ProviderId::Grigora);
        grants.set_lifetimes(Lifetimes { access_token: 1, ..grants.lifetimes() });
        // The clock of the world stands still since the beginning.
        assert_eq!(self.world.run("refresh acme").await.exit, Exit::Done);
        grants.set_lifetimes(Lifetimes { access_token: seconds, ..grants.lifetimes() });
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

/// Runs the program, and sends it these signals while the provider's response to a refresh is on its way: it has
/// replaced the refresh token. Before each signal but the first, the program has answered the one before.
async fn cancelled(team: &Team, line: &[&str], signals: &[Signal]) -> (Option<i32>, String) {
    let sandbox = &team.world.sandbox;
    sandbox.faults().set(Endpoint::TokenRefresh, Fault::Slow(Duration::from_secs(2)), 1).unwrap();
    let issued = || sandbox.grants(ProviderId::Grigora).issued().access_tokens;
    let before = issued();
    let mut child = team.program().args(line).stderr(Stdio::piped()).spawn().unwrap();
    while issued() == before {
        tokio::task::yield_now().await;
    }
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut said = String::new();
    for (number, signal) in signals.iter().enumerate() {
        kill_process(pid, *signal).unwrap();
        // The first one ends the command, the others are answered.
        while number > 0 && said.matches("Ends by itself as soon as").count() < number {
            said += &lines.next_line().await.unwrap().unwrap();
            said.push('\n');
        }
        while number == 0 && signals.len() > 1 && !said.contains("Completing a refresh") {
            said += &lines.next_line().await.unwrap().unwrap();
        }
    }
    while let Some(line) = lines.next_line().await.unwrap() {
        said += &line;
        said.push('\n');
    }
    (child.wait().await.unwrap().code(), said)
}

/// The team has the refresh token that replaced the one before: it can be refreshed again.
async fn assert_refreshable(team: &Team) {
    let refreshed = team.world.run("refresh acme").await;
    assert_eq!(refreshed.exit, Exit::Done, "the team has the refresh token that was replaced: {refreshed}");
    let departures = team.world.sandbox.departures();
    assert!(departures.is_empty(), "{:?}", departures.all());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_worker_leaves_its_new_tokens_to_the_team() {
    let team = Team::new().await;
    let (code, said) = cancelled(&team, &["refresh", "acme"], &[Signal::TERM]).await;
    assert_eq!(code, Some(6), "{said}");
    assert!(said.contains("stopped by a signal"), "{said}");
    assert_refreshable(&team).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exec_with_a_refresh_file_that_is_cancelled_leaves_its_new_tokens_to_the_team() {
    let team = Team::new().await;
    let file = team.temporary.path().join("token");
    team.expire_with(4).await;
    let line = ["exec", "acme", "--refresh-file", file.to_str().unwrap(), "--", "sleep", "60"];
    let (code, said) = cancelled(&team, &line, &[Signal::INT]).await;
    assert_eq!(code, Some(6), "{said}");
    assert!(!file.exists(), "the command was not started");
    assert_refreshable(&team).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_with_a_refresh_file_that_is_ended_during_a_refresh_leaves_the_new_tokens_to_the_team() {
    let team = Team::new().await;
    let sandbox = &team.world.sandbox;
    team.expire_with(4).await;
    let issued = || sandbox.grants(ProviderId::Grigora).issued().access_tokens;
    let before = issued();
    let file = team.temporary.path().join("token");
    let mut command = team.program();
    command.args(["exec", "acme", "--refresh-file"]).arg(&file);
    let script = "echo started >&2; exec sleep 60";
    let mut child = command.args(["--", "sh", "-c", script]).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    while lines.next_line().await.unwrap().unwrap() != "started" {}
    sandbox.faults().set(Endpoint::TokenRefresh, Fault::Slow(Duration::from_secs(2)), 1).unwrap();
    let at_start = issued();
    assert!(at_start > before);
    while issued() == at_start {
        tokio::task::yield_now().await;
    }
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert_eq!(child.wait().await.unwrap().code(), Some(128 + 15));
    assert!(!file.exists(), "the file is removed");
    assert_refreshable(&team).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_does_not_end_a_worker_that_completes_a_refresh() {
    let team = Team::new().await;
    let signals = [Signal::INT, Signal::INT, Signal::TERM];
    let (code, said) = cancelled(&team, &["refresh", "acme"], &signals).await;
    assert_eq!(code, Some(6), "{said}");
    assert!(said.contains("SIGQUIT"), "it says how it is ended at once: {said}");
    assert_refreshable(&team).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigquit_ends_a_worker_at_once() {
    let team = Team::new().await;
    let begun = std::time::Instant::now();
    let (code, said) = cancelled(&team, &["refresh", "acme"], &[Signal::QUIT]).await;
    assert_eq!(code, None, "ended by the signal: {said}");
    assert!(begun.elapsed() < Duration::from_secs(20));
}
