//! The built program on Windows: data in a directory with spaces and non-ASCII characters, the key in the Credential
//! Manager, several processes at once, and processes that are killed.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use grapnel_cli::Exit;
use grapnel_sandbox::{Endpoint, Fault, ProviderId, grigora};
use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use crate::machine::sign_in;
use crate::world::World;

const WORDS: &str = "harbour lamp eleven moss\n";
const PROCESSES: usize = 6;
const KILLS: u32 = 12;

/// What a process did. Its output is UTF-8, whatever the console's code page.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    out: String,
    said: String,
}

fn command(home: PathBuf, line: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grapnel"));
    command.args(line).env("GRAPNEL_HOME", home).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

async fn start(mut command: Command, input: &str) -> Child {
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    child
}

async fn run(command: Command, input: &str) -> Ended {
    let ended = start(command, input).await.wait_with_output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: ended.status.code(), out: text(ended.stdout), said: text(ended.stderr) }
}

/// A connection whose access token has expired, in a vault with a passphrase, and how a command of the built program
/// reaches it.
async fn expired() -> (World, impl Fn(&[&str]) -> Command) {
    let world = World::new();
    world.clock.set(Timestamp::now() - SignedDuration::from_hours(2));
    world.connect().await;
    let chosen = world.pipe("vault passphrase --passphrase-stdin", WORDS).await;
    assert_eq!(chosen.exit, Exit::Done, "{chosen}");
    world.clock.set(Timestamp::now());
    let home = world.home.path().to_owned();
    (world, move |line: &[&str]| command(home.clone(), &[line, &["--passphrase-stdin"]].concat()))
}

fn issued(world: &World) -> usize {
    world.sandbox.grants(ProviderId::Grigora).issued().access_tokens
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_by_loopback_keeps_its_tokens_under_a_key_in_the_credential_manager() {
    let world = World::new();
    let home = world.home.path().join("Köln – my data 世界");
    let at = world.sandbox.grigora();
    let set = |name: &str, path: &str| format!("{name}={at}{path}");
    let addresses = [
        set("authorize_url", grigora::AUTHORIZE_PATH),
        set("token_url", grigora::TOKEN_PATH),
        set("api_base", grigora::API_BASE),
    ];
    let mut add = command(home.clone(), &["app", "add", "Café", "--provider", "grigora"]);
    add.args(["--client-id", grigora::CLIENT_ID, "--client-secret-stdin", "--redirect", "loopback"]);
    for address in &addresses {
        add.args(["--set", address]);
    }
    let added = run(add, grigora::CLIENT_SECRET).await;
    assert_eq!(added.code, Some(0), "{added:?}");

    let mut child = start(command(home.clone(), &["connect", "Café", "--no-browser"]), "").await;
    let mut address = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut address).await.unwrap();
    sign_in(address.trim().into(), None).await;
    assert!(child.wait().await.unwrap().success());

    let list = run(command(home.clone(), &["list"]), "").await;
    assert!(list.code == Some(0) && list.out.contains("Café") && list.out.contains("active"), "{list:?}");
    let token = run(command(home.clone(), &["token", "Café"]), "").await;
    assert!(token.code == Some(0) && token.out.starts_with("gri_at_"), "{token:?}");
    let missing = run(command(home.clone(), &["token", "Kraków"]), "").await;
    assert!(missing.said.contains("“Kraków”"), "{missing:?}");
    let doctor = run(command(home.clone(), &["doctor"]), "").await;
    assert_eq!(doctor.code, Some(0), "{doctor:?}");

    // Removes the key from the Credential Manager.
    let chosen = run(command(home.clone(), &["vault", "passphrase", "--passphrase-stdin"]), WORDS).await;
    assert_eq!(chosen.code, Some(0), "{chosen:?}");
    let locked = run(command(home.clone(), &["token", "Café"]), "").await;
    assert_eq!(locked.code, Some(i32::from(Exit::Keyring.code())), "{locked:?}");
    let same = run(command(home, &["token", "Café", "--passphrase-stdin"]), WORDS).await;
    assert_eq!(same.out, token.out, "{same:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_that_need_a_token_at_once_cause_one_refresh() {
    let (world, of) = expired().await;
    let before = issued(&world);
    let mut waiting = Vec::new();
    for _ in 0..PROCESSES {
        waiting.push(of(&["token", "acme"]).spawn().unwrap());
    }
    // All of them have been started before the first one gets the passphrase.
    for child in &mut waiting {
        child.stdin.take().unwrap().write_all(WORDS.as_bytes()).await.unwrap();
    }
    let mut tokens = Vec::new();
    for child in waiting {
        let ended = child.wait_with_output().await.unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        tokens.push(ended.stdout);
    }
    tokens.dedup();
    assert_eq!((tokens.len(), issued(&world) - before), (1, 1));
}

/// The connection survives, unless the provider had rotated the refresh token and its response was not stored yet,
/// which is reported.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_killed_during_a_refresh_lose_no_connection() {
    let (world, of) = expired().await;
    let latency = Duration::from_millis(200);
    let slow = || world.sandbox.faults().set(Endpoint::TokenRefresh, Fault::Slow(latency), 1).unwrap();
    slow();
    let began = Instant::now();
    assert_eq!(run(of(&["refresh", "acme"]), WORDS).await.code, Some(0));
    let usual = began.elapsed();
    let (mut killed, mut told) = (0, 0);
    for round in 1..=KILLS {
        let before = issued(&world);
        slow();
        let mut child = start(of(&["refresh", "acme"]), WORDS).await;
        if tokio::time::timeout(usual * round / KILLS, child.wait()).await.is_err() {
            child.kill().await.unwrap();
            killed += 1;
        }
        let next = run(of(&["refresh", "acme"]), WORDS).await;
        if next.code == Some(0) {
            continue;
        }
        let status = run(of(&["status", "acme"]), WORDS).await;
        let rotated = issued(&world) > before;
        let is_told =
            next.code == Some(i32::from(Exit::ReconnectNeeded.code())) && status.out.contains("answer");
        assert!(rotated && is_told, "round {round}, rotated: {rotated}: {next:?} {status:?}");
        told += 1;
        let again = world.pipe("connect acme --name acme --passphrase-stdin", WORDS).await;
        assert_eq!(again.exit, Exit::Done, "{again}");
    }
    println!("{killed} killed, {told} of them between the response and the disk, and told");
    assert!(killed >= KILLS / 2, "{killed}");
}
