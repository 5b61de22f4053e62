//! The token agent: the tokens that a running window hands to `grapnel token`, and to no other account.

use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use grapnel_core::Grapnel;
use grapnel_core::token_agent::{AgentOptions, AgentState};
use grapnel_model::activity::Kind;
use grapnel_model::error::Code;
use grapnel_model::event::Event;
use grapnel_model::secret::ExposeSecret;
use jiff::SignedDuration;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::task::spawn_blocking;

use crate::support::agent_client::{MINUTE, ask, handed_to_this, serve, socket, token, told};
use crate::support::second_account::{can_be_another, nobody};
use crate::support::world::World;

/// The maximum number of concurrent requests.
const AT_ONCE: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn a_valid_token_is_handed_out_and_logged() {
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
    // This process is the client itself, not the command line's program.
    assert_eq!(noted.text, handed_to_this());
}

/// A process can set its own name, so its executable is logged.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_with_a_false_name_is_logged_by_its_executable() {
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
async fn a_token_that_expires_too_soon_is_left_to_the_client() {
    let world = World::new();
    let id = world.connect().await;
    let _served = serve(&world, &world.grapnel).await;
    let first = token(&world, "Acme", MINUTE).await.unwrap();
    // Longer than the provider's lifetime.
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
async fn an_unknown_connection_is_left_to_the_client() {
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
async fn a_token_request_causes_no_keyring_request() {
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
async fn while_the_keyring_is_locked_no_token_is_handed_out() {
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
async fn a_passphrase_unlocks_the_vault_for_one_process_only() {
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
async fn a_socket_left_by_a_crash_is_replaced() {
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
async fn a_second_process_takes_over_when_the_first_ends() {
    let world = World::new();
    world.connect().await;
    let first = serve(&world, &world.grapnel).await;
    let inode = || fs::symlink_metadata(socket(world.home.path())).unwrap().ino();
    let before = inode();
    // By then it has the key and could answer.
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
async fn only_the_owner_can_connect() {
    let world = World::new();
    world.connect().await;
    let _served = serve(&world, &world.grapnel).await;
    let found = fs::symlink_metadata(socket(world.home.path())).unwrap();
    assert!(found.file_type().is_socket());
    assert_eq!(found.mode() & 0o777, 0o600);
    // Clients do not connect in a directory that others can write to.
    fs::set_permissions(world.home.path(), Permissions::from_mode(0o770)).unwrap();
    assert_eq!(token(&world, "Acme", MINUTE).await, None);
    fs::set_permissions(world.home.path(), Permissions::from_mode(0o700)).unwrap();
    assert!(token(&world, "Acme", MINUTE).await.is_some());
}

/// A request as encoded: version 1, no minimum validity.
fn question(name: &str) -> Vec<u8> {
    [&[1][..], &[0; 8], name.as_bytes()].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_gets_no_response() {
    use std::io::Write;
    use std::net::Shutdown;

    if !can_be_another("token_agent::another_account_gets_no_response") {
        return;
    }
    let world = World::new();
    world.connect().await;
    let _served = serve(&world, &world.grapnel).await;
    // As if the directory and the socket were accessible to all.
    let path = socket(world.home.path());
    fs::set_permissions(world.home.path(), Permissions::from_mode(0o711)).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    let told = move |account| {
        // The identity of a thread ends with the thread.
        let asked = std::thread::spawn(move || {
            rustix::thread::set_thread_uid(account).unwrap();
            let mut stream = std::os::unix::net::UnixStream::connect(path).unwrap();
            let mut told = Vec::new();
            // The agent may have disconnected by now, which is a refusal too.
            let _ = stream.write_all(&question("Acme")).and_then(|()| stream.shutdown(Shutdown::Write));
            let _ = stream.read_to_end(&mut told);
            told.len()
        });
        spawn_blocking(|| asked.join().unwrap())
    };
    assert!(told.clone()(rustix::process::geteuid()).await.unwrap() > 0, "the owner is answered");
    assert_eq!(told(nobody()).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_requests_get_no_response() {
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
    // The agent disconnects after too much data, or if the data does not end in time.
    assert_eq!(told(&world, &question(&"a".repeat(1 << 20)), false).await, 0);
    assert_eq!(told(&world, &question("Acme"), false).await, 0);
    assert!(told(&world, &question("Acme"), true).await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_clients_delay_others_for_a_moment_only() {
    let world = World::new();
    world.connect().await;
    let _served = serve(&world, &world.grapnel).await;
    let mut silent = Vec::new();
    for _ in 0..AT_ONCE {
        silent.push(UnixStream::connect(socket(world.home.path())).await.unwrap());
    }
    // A client that asks meanwhile gets no token, and opens the vault itself.
    assert_eq!(token(&world, "Acme", MINUTE).await, None);
    for mut stream in silent {
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    }
    assert!(token(&world, "Acme", MINUTE).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_reports_that_it_waits() {
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
