//! The token agent: what a running window hands to `grapnel token`, and to nobody else.

use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use grapnel_core::Grapnel;
use grapnel_core::token_agent::requesting_process;
use grapnel_core::token_agent::{self, AgentOptions, AgentRequest, AgentState};
use grapnel_model::access_token::AccessToken;
use grapnel_model::activity::Kind;
use grapnel_model::error::Code;
use grapnel_model::event::Event;
use grapnel_model::secret::ExposeSecret;
use jiff::SignedDuration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::support::second_account::{can_be_another, nobody};
use crate::support::world::World;

const MINUTE: Duration = Duration::from_secs(60);
/// How many are answered at once.
const AT_ONCE: usize = 16;

fn socket(home: &Path) -> PathBuf {
    home.join("agent.sock")
}

/// Serves as the window does, once it is heard.
async fn serve(world: &World, grapnel: &Grapnel) -> JoinHandle<()> {
    let grapnel = grapnel.clone();
    let served = tokio::spawn(async move { grapnel.serve_tokens(AgentOptions::default()).await.unwrap() });
    while UnixStream::connect(socket(world.home.path())).await.is_err() {
        tokio::task::yield_now().await;
    }
    served
}

async fn ask(world: &World, name: &str, min_valid: Duration) -> Option<AccessToken> {
    let (home, name) = (world.home.path().to_owned(), name.to_owned());
    let question = AgentRequest { name, min_valid };
    spawn_blocking(move || token_agent::ask(&home, &question)).await.unwrap()
}

async fn token(world: &World, name: &str, min_valid: Duration) -> Option<String> {
    ask(world, name, min_valid).await.map(|token| token.value.expose_secret().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_token_is_handed_out_and_noted() {
    let world = World::new();
    let id = world.connect().await;
    let mut events = world.grapnel.events();
    let _served = serve(&world, &world.grapnel).await;
    let details = world.grapnel.connection(&id).unwrap();
    let held = world.grapnel.token(&id, MINUTE).await.unwrap().value;
    let handed_out = ask(&world, " ACME\n", MINUTE).await.unwrap();
    assert_eq!(handed_out.value.expose_secret(), held.expose_secret());
    assert_eq!(handed_out.expires_at, details.summary.expires_at);
    while events.recv().await.unwrap() != Event::Activity {}
    let noted = world.grapnel.activity(Some(&id), None).unwrap().remove(0);
    assert_eq!(noted.kind, Kind::TokenHandedOut);
    // This process asked for itself: it is not the command line's program.
    assert_eq!(noted.text, handed_to_this());
}

/// What is written down of this process.
fn handed_to_this() -> String {
    let (program, pid) = (std::env::current_exe().unwrap(), std::process::id());
    assert_eq!(requesting_process(pid).program.as_deref(), program.to_str());
    let path = program.display().to_string();
    let start = path.char_indices().nth_back(199).map_or(0, |(start, _)| start);
    format!("Access token handed to {}{} (pid {pid}).", if start > 0 { "…" } else { "" }, &path[start..])
}

/// Whatever a process calls itself, what is written down is the file that it executes.
#[tokio::test(flavor = "multi_thread")]
async fn who_calls_itself_otherwise_is_written_down_as_it_is() {
    let world = World::new();
    let id = world.connect().await;
    let mut events = world.grapnel.events();
    let _served = serve(&world, &world.grapnel).await;
    let noted = || {
        let entries = world.grapnel.activity(Some(&id), None).unwrap();
        entries.into_iter().filter(|entry| entry.kind == Kind::TokenHandedOut).collect::<Vec<_>>()
    };
    let own = fs::read("/proc/self/comm").unwrap();
    for called in ["grapnel", "bash", "x\n(y) R 1 1"] {
        fs::write("/proc/self/comm", called).unwrap();
        assert!(token(&world, "Acme", MINUTE).await.is_some());
        while events.recv().await.unwrap() != Event::Activity {}
    }
    fs::write("/proc/self/comm", own).unwrap();
    let noted = noted();
    assert_eq!((noted.len(), noted[0].times), (1, 3));
    assert_eq!(noted[0].text, handed_to_this());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_last_is_left_to_who_asks() {
    let world = World::new();
    let id = world.connect().await;
    let _served = serve(&world, &world.grapnel).await;
    let first = token(&world, "Acme", MINUTE).await.unwrap();
    // More than this provider gives.
    assert_eq!(token(&world, "Acme", 120 * MINUTE).await.as_ref(), Some(&first));
    world.pass(SignedDuration::from_mins(58));
    assert_eq!(token(&world, "Acme", MINUTE).await.as_ref(), Some(&first));
    assert_eq!(token(&world, "Acme", 5 * MINUTE).await, None);
    assert_eq!(world.tokens_given(), 1, "nothing is refreshed for who asks");
    world.grapnel.refresh(&id).await.unwrap();
    let second = token(&world, "Acme", 5 * MINUTE).await.unwrap();
    assert_ne!(second, first);
    world.pass(SignedDuration::from_mins(61));
    assert_eq!(token(&world, "Acme", Duration::ZERO).await, None, "it has ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_left_to_who_asks() {
    let world = World::new();
    let id = world.connect().await;
    let _served = serve(&world, &world.grapnel).await;
    for name in ["", "nobody", "Acme\0", "' OR 1=1 --", "\u{1b}[2J", &"a".repeat(4096), &"a".repeat(10_000)] {
        assert_eq!(token(&world, name, MINUTE).await, None, "{name:?}");
    }
    assert!(token(&world, "Acme", MINUTE).await.is_some());
    world.grapnel.disconnect(&id).await.unwrap();
    assert_eq!(token(&world, "Acme", MINUTE).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_for_a_key() {
    let world = World::new();
    world.connect().await;
    world.keyring.fail(Code::KeyringLocked);
    let (locked, asked) = (world.second_start(), world.keyring.asked());
    let served = serve(&world, &locked).await;
    assert_eq!(token(&world, "Acme", MINUTE).await, None);
    assert_eq!(world.keyring.asked(), asked);
    world.keyring.fail(None);
    assert!(locked.check_vault().await.is_none());
    assert!(token(&world, "Acme", MINUTE).await.is_some());
    served.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_keyring_is_closed_nothing_is_handed_out() {
    let world = World::new();
    let id = world.connect().await;
    let _served = serve(&world, &world.grapnel).await;
    assert!(token(&world, "Acme", MINUTE).await.is_some());
    world.keyring.close();
    while token(&world, "Acme", MINUTE).await.is_some() {}
    assert!(world.grapnel.token(&id, MINUTE).await.is_ok(), "the window goes on with what it has");
    world.keyring.give_sign();
    while token(&world, "Acme", MINUTE).await.is_none() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passphrase_opens_the_vault_for_one_process_only() {
    let world = World::new();
    let id = world.connect().await;
    let _served = serve(&world, &world.grapnel).await;
    world.grapnel.protect_with_passphrase(&"harbour lamp eleven moss".into()).await.unwrap();
    assert!(world.grapnel.token(&id, MINUTE).await.is_ok(), "the window has it");
    assert_eq!(token(&world, "Acme", MINUTE).await, None);
    world.grapnel.protect_with_keyring().await.unwrap();
    assert!(token(&world, "Acme", MINUTE).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_left_is_replaced() {
    let world = World::new();
    world.connect().await;
    for left in ["agent.sock", "agent.sock.new"] {
        drop(UnixListener::bind(world.home.path().join(left)).unwrap());
    }
    assert_eq!(token(&world, "Acme", MINUTE).await, None);
    let _served = serve(&world, &world.grapnel).await;
    assert!(token(&world, "Acme", MINUTE).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_programs_one_answers_and_the_other_takes_its_place() {
    let world = World::new();
    world.connect().await;
    let first = serve(&world, &world.grapnel).await;
    let inode = || fs::symlink_metadata(socket(world.home.path())).unwrap().ino();
    let before = inode();
    // It has the key by then, and could answer.
    let other = world.second_start();
    assert!(other.check_vault().await.is_none());
    let second = serve(&world, &other).await;
    assert!(token(&world, "Acme", MINUTE).await.is_some());
    assert_eq!(inode(), before, "the socket was taken away");
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    while token(&world, "Acme", MINUTE).await.is_none() {}
    assert_ne!(inode(), before);
    second.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_reaches_it() {
    let world = World::new();
    world.connect().await;
    let _served = serve(&world, &world.grapnel).await;
    let found = fs::symlink_metadata(socket(world.home.path())).unwrap();
    assert!(found.file_type().is_socket());
    assert_eq!(found.mode() & 0o777, 0o600);
    // Where others could listen, nobody is asked.
    fs::set_permissions(world.home.path(), Permissions::from_mode(0o770)).unwrap();
    assert_eq!(token(&world, "Acme", MINUTE).await, None);
    fs::set_permissions(world.home.path(), Permissions::from_mode(0o700)).unwrap();
    assert!(token(&world, "Acme", MINUTE).await.is_some());
}

/// A question as it is written: version 1, no time.
fn question(name: &str) -> Vec<u8> {
    [&[1][..], &[0; 8], name.as_bytes()].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_is_told_nothing() {
    use std::io::Write;
    use std::net::Shutdown;

    if !can_be_another("token_agent::another_account_is_told_nothing") {
        return;
    }
    let world = World::new();
    world.connect().await;
    let _served = serve(&world, &world.grapnel).await;
    // As if both the directory and the socket were open to all.
    let path = socket(world.home.path());
    fs::set_permissions(world.home.path(), Permissions::from_mode(0o711)).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    let told = move |account| {
        // Who a thread is ends with the thread.
        let asked = std::thread::spawn(move || {
            rustix::thread::set_thread_uid(account).unwrap();
            let mut stream = std::os::unix::net::UnixStream::connect(path).unwrap();
            let mut told = Vec::new();
            // It may have hung up by now, which says as much.
            let _ = stream.write_all(&question("Acme")).and_then(|()| stream.shutdown(Shutdown::Write));
            let _ = stream.read_to_end(&mut told);
            told.len()
        });
        spawn_blocking(|| asked.join().unwrap())
    };
    assert!(told.clone()(rustix::process::geteuid()).await.unwrap() > 0, "the owner is answered");
    assert_eq!(told(nobody()).await.unwrap(), 0);
}

async fn told(world: &World, said: &[u8], ends: bool) -> usize {
    let mut stream = UnixStream::connect(socket(world.home.path())).await.unwrap();
    // It may hang up before all is said, which the answer tells as well.
    let _ = stream.write_all(said).await;
    if ends {
        let _ = stream.shutdown().await;
    }
    let mut told = Vec::new();
    let _ = stream.read_to_end(&mut told).await;
    told.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_else_is_said_is_not_answered() {
    let world = World::new();
    world.connect().await;
    let _served = serve(&world, &world.grapnel).await;
    assert!(told(&world, &question("Acme"), true).await > 0);
    let mut other_version = question("Acme");
    other_version[0] = 2;
    let not_text = [&question("Acme")[..], &[0xff]].concat();
    for said in [Vec::new(), vec![1], other_version, not_text, b"GET / HTTP/1.1\r\n\r\n".to_vec()] {
        assert_eq!(told(&world, &said, true).await, 0, "{said:?}");
    }
    // Too much is not even waited for, and neither is what never ends.
    assert_eq!(told(&world, &question(&"a".repeat(1 << 20)), false).await, 0);
    assert_eq!(told(&world, &question("Acme"), false).await, 0);
    assert!(told(&world, &question("Acme"), true).await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_keeps_others_waiting_for_a_moment_only() {
    let world = World::new();
    world.connect().await;
    let _served = serve(&world, &world.grapnel).await;
    let mut silent = Vec::new();
    for _ in 0..AT_ONCE {
        silent.push(UnixStream::connect(socket(world.home.path())).await.unwrap());
    }
    // Whoever asks meanwhile goes its own way.
    assert_eq!(token(&world, "Acme", MINUTE).await, None);
    for mut stream in silent {
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    }
    assert!(token(&world, "Acme", MINUTE).await.is_some());
}

/// What the agent answers to a line.
async fn line(world: &World, line: &str) -> serde_json::Value {
    answer_at(&socket(world.home.path()), line).await
}

async fn answer_at(path: &Path, line: &str) -> serde_json::Value {
    let mut stream = UnixStream::connect(path).await.unwrap();
    stream.write_all(line.as_bytes()).await.unwrap();
    let mut told = String::new();
    stream.read_to_string(&mut told).await.unwrap();
    assert_eq!(told.find('\n'), Some(told.len() - 1), "one line: {told}");
    serde_json::from_str(&told).unwrap()
}

const ACME: &str = "{\"get\":\"token\",\"connection\":\"Acme\"}\n";

#[tokio::test(flavor = "multi_thread")]
async fn other_programs_ask_by_lines_and_get_a_token_that_is_refreshed_for_them() {
    let world = World::new();
    let id = world.connect().await;
    let mut events = world.grapnel.events();
    let _served = serve(&world, &world.grapnel).await;
    let held = world.grapnel.token(&id, MINUTE).await.unwrap();
    let told = line(&world, ACME).await;
    assert_eq!(told["access_token"], held.value.expose_secret());
    assert_eq!(
        (&told["token_type"], &told["expires_at"]),
        (&"Bearer".into(), &held.expires_at.unwrap().to_string().into())
    );
    while events.recv().await.unwrap() != Event::Activity {}
    assert_eq!(world.grapnel.activity(Some(&id), None).unwrap().remove(0).text, handed_to_this());

    world.pass(SignedDuration::from_mins(58));
    assert_eq!(line(&world, ACME).await["access_token"], told["access_token"], "it lasts a minute");
    let longer = line(&world, "{\"get\":\"token\",\"connection\":\"acme\",\"min_valid\":300}\n").await;
    assert_ne!(longer["access_token"], told["access_token"]);
    assert_eq!(world.tokens_given(), 2);
    let rejected = line(&world, "{\"get\":\"token\",\"connection\":\"acme\",\"rejected\":true}\n").await;
    assert_ne!(rejected["access_token"], longer["access_token"]);
    assert_eq!(world.tokens_given(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_gets_no_token_gets_the_reason() {
    let world = World::new();
    let id = world.connect().await;
    let _served = serve(&world, &world.grapnel).await;
    let code = async |said: &str| line(&world, said).await["error"]["code"].as_str().map(str::to_owned);
    assert_eq!(code("{\"get\":\"token\",\"connection\":\"nobody\"}\n").await.as_deref(), Some("not_found"));
    assert_eq!(code("{\"get\":\"key\"}\n").await.as_deref(), Some("invalid_input"));
    assert_eq!(code("{}\n").await.as_deref(), Some("invalid_input"));
    world.grapnel.disconnect(&id).await.unwrap();
    assert_eq!(code(ACME).await.as_deref(), Some("reconnect_needed"));
    // What is too long, or is never ended, is told nothing.
    let long = format!("{{\"get\":\"token\",\"connection\":\"{}\"}}\n", "a".repeat(1 << 20));
    assert_eq!(told(&world, long.as_bytes(), false).await, 0);
    assert_eq!(told(&world, &ACME.as_bytes()[..10], false).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_keyring_is_closed_lines_are_refused() {
    let world = World::new();
    world.connect().await;
    let _served = serve(&world, &world.grapnel).await;
    while line(&world, ACME).await["access_token"].is_null() {}
    world.keyring.close();
    while line(&world, ACME).await["error"]["code"] != "keyring_locked" {}
    world.keyring.give_sign();
    while line(&world, ACME).await["access_token"].is_null() {}
}

/// The window is given the passphrase for itself; a process that is given it in order to serve hands tokens out, until
/// it is locked.
#[tokio::test(flavor = "multi_thread")]
async fn a_passphrase_given_to_the_agent_serves_until_it_is_locked() {
    let world = World::new();
    let id = world.connect().await;
    world.grapnel.protect_with_passphrase(&"harbour lamp eleven moss".into()).await.unwrap();
    let window = serve(&world, &world.grapnel).await;
    assert_eq!(line(&world, ACME).await["error"]["code"], "passphrase_needed");
    window.abort();

    let agent = world.second_start();
    let serving = agent.clone();
    let options = AgentOptions { serves_passphrase_vaults: true, ..AgentOptions::default() };
    let _served = tokio::spawn(async move { serving.serve_tokens(options).await.unwrap() });
    while UnixStream::connect(socket(world.home.path())).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(token(&world, "Acme", MINUTE).await, None, "it was not given yet");
    agent.unlock(&"harbour lamp eleven moss".into()).await.unwrap();
    // Also where there is no keyring that could be open.
    world.keyring.close();
    let held = world.grapnel.token(&id, MINUTE).await.unwrap().value;
    assert_eq!(token(&world, "Acme", MINUTE).await.as_deref(), Some(held.expose_secret()));
    assert_eq!(line(&world, ACME).await["access_token"], held.expose_secret());

    agent.lock().await;
    assert_eq!(token(&world, "Acme", MINUTE).await, None);
    assert_eq!(line(&world, ACME).await["error"]["code"], "passphrase_needed");
}

/// As systemd does: it listens, and passes the socket on.
#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_is_passed_on_is_answered_also_beside_a_window() {
    let world = World::new();
    world.connect().await;
    let path = world.home.path().join("agent-activation.sock");
    let activated = UnixListener::bind(&path).unwrap();
    let agent = world.second_start();
    assert!(agent.check_vault().await.is_none());
    let _window = serve(&world, &world.grapnel).await;
    let options = AgentOptions { activated: vec![activated], ..AgentOptions::default() };
    let _agent = tokio::spawn(async move { agent.serve_tokens(options).await.unwrap() });
    while answer_at(&path, ACME).await["access_token"].is_null() {}
    // Where no process has the other socket, `grapnel token` asks at this one.
    fs::remove_file(socket(world.home.path())).unwrap();
    assert!(token(&world, "Acme", MINUTE).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_is_told_that_it_waits() {
    let world = World::new();
    let states = Arc::new(Mutex::new(Vec::new()));
    let serve_watched = |grapnel: Grapnel| {
        let states = Arc::clone(&states);
        let on_change = move |state| states.lock().unwrap().push(state);
        let options = AgentOptions { on_change: Some(Box::new(on_change)), ..AgentOptions::default() };
        tokio::spawn(async move { grapnel.serve_tokens(options).await.unwrap() })
    };
    let told = async |expected: &[AgentState]| {
        while *states.lock().unwrap() != expected {
            tokio::task::yield_now().await;
        }
    };
    let first = serve_watched(world.grapnel.clone());
    told(&[AgentState::Serving]).await;
    let _second = serve_watched(world.second_start());
    told(&[AgentState::Serving, AgentState::Waiting]).await;
    first.abort();
    told(&[AgentState::Serving, AgentState::Waiting, AgentState::Serving]).await;
}
