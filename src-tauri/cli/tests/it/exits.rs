//! The contract with scripts: an exit code for each kind of failure, and its messages.

use std::time::Duration;

use grapnel_cli::{Exit, Timeouts};
use grapnel_model::error::Code;
use grapnel_sandbox::{Endpoint, Fault, Times};
use insta::assert_snapshot;

use crate::world::World;

#[tokio::test]
async fn usage() {
    let world = World::new();
    for (name, line) in [
        ("usage_unknown_command", "lst"),
        ("usage_missing_argument", "status"),
        ("usage_unknown_option", "list --yaml"),
        ("usage_bad_time", "token acme --min-valid soon"),
    ] {
        let ran = world.run(line).await;
        assert_eq!(ran.exit, Exit::Usage, "{ran}");
        assert_snapshot!(name, ran);
    }
}

#[tokio::test]
async fn help_is_no_failure() {
    let world = World::new();
    assert_snapshot!("help", world.run("--help").await);
    assert_eq!(world.run("connect --help").await.exit, Exit::Done);
    assert_eq!(world.run("help connect").await.out, world.run("connect --help").await.out);
    assert_eq!(world.run("--version").await.out, format!("grapnel {}\n", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn reconnect_needed() {
    let world = World::new();
    world.connect().await;
    world.sandbox.faults().set(Endpoint::TokenRefresh, Fault::InvalidGrant, Times::Always).unwrap();
    assert_snapshot!("reconnect_needed", world.run("refresh acme").await);
    assert_eq!(world.run("list --json").await.json()[0]["state"], "reconnect_needed");
}

#[tokio::test]
async fn provider_unavailable() {
    let world = World::new();
    world.connect().await;
    world.sandbox.faults().set(Endpoint::Api, Fault::ServerError(503), Times::Always).unwrap();
    assert_snapshot!("unavailable", world.run("projects acme").await);
    world.sandbox.faults().set(Endpoint::TokenRefresh, Fault::LostReply, 1).unwrap();
    assert_snapshot!("answer_lost", world.run("refresh acme").await);
}

#[tokio::test]
async fn a_request_is_retried_until_the_provider_recovers() {
    let mut world = World::new();
    world.timeouts = Timeouts::default();
    world.connect().await;
    world.sandbox.faults().set(Endpoint::TokenRefresh, Fault::TooMany(1), 2).unwrap();
    assert_snapshot!("recovered", world.run("refresh acme").await);
}

#[tokio::test]
async fn keyring() {
    let world = World::new();
    world.connect().await;
    world.keyring.fail(Code::KeyringLocked);
    assert_snapshot!("keyring_locked", world.run("token acme").await);
    assert_snapshot!("list_locked", world.run("list").await);
    assert_eq!(world.run("status acme --json").await.json()["state"], "locked");
    world.keyring.fail(Code::KeyringAbsent);
    assert_eq!(world.run("refresh acme").await.exit, Exit::Keyring);
    assert_eq!(world.run("connect acme").await.exit, Exit::Keyring);
}

#[tokio::test]
async fn an_unattended_command_does_not_wait_for_a_silent_keyring() {
    let world = World::new();
    world.connect().await;
    world.keyring.set_silent(true);
    let start = std::time::Instant::now();
    assert_snapshot!("keyring_silent", world.run("token acme").await);
    assert!(start.elapsed() < Duration::from_secs(6));
    assert_eq!(world.run("list --json").await.json()[0]["state"], "locked");
    // The threads that wait for it would delay the end of the test's runtime.
    world.keyring.set_silent(false);
}

/// With `--json`, standard error is empty or one object, whatever fails and whatever notes there would be.
#[tokio::test]
async fn failures_are_json_for_programs() {
    let mut world = World::new();
    world.connect().await;
    let told = async |world: &World, line: &str| {
        let ran = world.run(line).await;
        assert_eq!(ran.out, "", "{ran}");
        let mut told: serde_json::Value = serde_json::from_str(&ran.said).unwrap();
        let error = told["error"].take();
        let members: Vec<&str> = error.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members[..5], ["code", "message", "meaning", "hint", "field"], "{ran}");
        assert!(members[5..].iter().all(|more| ["http_status", "next_step"].contains(more)), "{ran}");
        (error["code"].as_str().unwrap().to_owned(), ran.exit)
    };
    for line in
        ["app --json", "lst --json", "--json status", "list --json --yaml", "token a --min-valid x --json"]
    {
        assert_eq!(told(&world, line).await, ("usage".into(), Exit::Usage), "{line}");
    }
    assert_eq!(told(&world, "disconnect acme --json").await, ("invalid_input".into(), Exit::Usage));
    assert_eq!(told(&world, "--json token nope").await, ("not_found".into(), Exit::Failed));
    assert_eq!(world.run("lst -- --json").await.exit, Exit::Usage);
    assert!(world.run("lst -- --json").await.said.starts_with("error["));

    world.sandbox.faults().set(Endpoint::Api, Fault::ServerError(503), Times::Always).unwrap();
    world.timeouts = Timeouts { provider: Duration::from_secs(6), ..world.timeouts };
    let retried = told(&world, "projects acme --json").await;
    assert_eq!(retried, ("provider_unavailable".into(), Exit::ProviderUnavailable));
    world.sandbox.faults().set(Endpoint::TokenRefresh, Fault::InvalidGrant, Times::Always).unwrap();
    assert_eq!(told(&world, "refresh acme --json").await, ("reconnect_needed".into(), Exit::ReconnectNeeded));
    world.keyring.fail(Code::KeyringLocked);
    assert_eq!(told(&world, "token acme --json").await, ("keyring_locked".into(), Exit::Keyring));
    let list = world.run("list --json").await;
    assert_eq!((list.exit, list.said.as_str()), (Exit::Done, ""));
}

/// With `--json` there is no prompt at a terminal: a missing value is an error at once.
#[tokio::test]
async fn with_json_a_terminal_gets_no_prompt() {
    let world = World::new();
    world.connect().await;
    for (line, field) in [
        ("disconnect acme", "yes"),
        ("app remove acme --with-connections", "yes"),
        ("app set acme --client-secret-stdin", "client_secret"),
        ("app set acme --secret-value token.header.X-Client-ID", "token.header.X-Client-ID"),
        ("app add new --provider grigora --client-id x", "client_secret"),
        ("connect acme --password", "email"),
        ("vault passphrase", "passphrase"),
        ("vault passphrase --passphrase-stdin", "passphrase"),
    ] {
        let ran = world.answer(&format!("{line} --json"), "y\ny\ny\n").await;
        assert_eq!((ran.exit, ran.out.as_str()), (Exit::Usage, ""), "{ran}");
        let told: serde_json::Value = serde_json::from_str(&ran.said).unwrap();
        assert_eq!(told["error"]["field"], field, "{ran}");
        assert!(told["error"]["hint"].is_string(), "{ran}");
    }
    world.pipe("vault passphrase --passphrase-stdin", "harbour lamp eleven moss\n").await;
    let ran = world.answer("token acme --json", "harbour lamp eleven moss\n").await;
    assert_eq!(ran.exit, Exit::Keyring, "{ran}");
    assert!(ran.said.contains("passphrase_needed"), "{ran}");
}
