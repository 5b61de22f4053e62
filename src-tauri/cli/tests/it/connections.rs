//! `grapnel list`, `status`, `token`, `refresh`, `disconnect`, `activity`, `requests`.

use grapnel_cli::Exit;
use grapnel_sandbox::{Endpoint, Fault, ProviderId, SecretKind, Times};
use insta::assert_snapshot;
use jiff::SignedDuration;

use crate::world::World;

#[tokio::test]
async fn they_are_listed() {
    let world = World::new();
    assert_snapshot!("list_empty", world.run("list").await);
    world.connect().await;
    assert_snapshot!("list", world.run("list").await);
    assert_snapshot!("list_json", world.run("list --json").await);
    world.clock.advance(SignedDuration::from_hours(2));
    assert_snapshot!("list_expired", world.run("list").await);
}

#[tokio::test]
async fn a_connection_is_shown_in_full() {
    let world = World::new();
    world.sandbox.faults().set(Endpoint::TokenExchange, Fault::ExpiresInString, 1).unwrap();
    world.connect().await;
    assert_snapshot!("status", world.run("status acme").await);
    assert_snapshot!("status_json", world.run("status acme --json").await);
    assert_snapshot!("status_unknown", world.run("status nobody").await);
}

#[tokio::test]
async fn a_connection_is_renamed_labelled_and_noted() {
    let world = World::new();
    world.connect().await;
    assert_snapshot!("rename", world.run("rename acme 'Harbour desk'").await);
    assert_snapshot!("rename_old", world.run("refresh acme").await);
    world.run("connect acme").await;
    assert_snapshot!("rename_taken", world.run("rename 'Harbour desk' ACME").await);
    assert_snapshot!("edit_nothing", world.run("edit acme").await);
    let edited = world.pipe("edit acme --label Client --note - --pin", "ask Ines\nfirst\u{1b}[2J\n").await;
    assert_snapshot!("edit", edited);
    assert_snapshot!("list_labelled", world.run("list").await);
    let one = world.run("status acme --json").await.json();
    assert_eq!(
        (&one["label"], &one["note"], &one["pinned"]),
        (&"Client".into(), &"ask Ines\nfirst [2J".into(), &true.into())
    );
    let one = world.run("edit acme --label '' --note '' --unpin --json").await.json();
    assert_eq!(
        (&one["label"], &one["note"], &one["pinned"]),
        (&serde_json::Value::Null, &"".into(), &false.into())
    );
}

#[tokio::test]
async fn a_token_is_the_only_output() {
    let world = World::new();
    world.connect().await;
    let token = world.run("token acme").await;
    let issued = || {
        let revealed = world.sandbox.revealed().into_iter();
        revealed.filter(|secret| secret.kind == SecretKind::AccessToken).map(|secret| secret.value)
    };
    assert_eq!(token.out, format!("{}\n", issued().next_back().unwrap()));
    assert_eq!(token.said, "");
    let json = world.run("token acme --json").await.json();
    assert_eq!(json["access_token"], token.out.trim());
    assert_eq!(json["expires_at"], "2026-03-02T13:00:00Z");
    world.clock.advance(SignedDuration::from_mins(58));
    assert_eq!(world.run("token acme --min-valid 1m").await.out, token.out);
    let newer = world.run("token acme --min-valid 5m").await;
    assert_eq!(newer.out, format!("{}\n", issued().next_back().unwrap()));
    assert_ne!(newer.out, token.out);
}

#[tokio::test]
async fn a_rejected_token_is_replaced_unless_a_newer_one_is_stored() {
    let world = World::new();
    world.connect().await;
    let given = || world.sandbox.grigora_grants().issued().access_tokens;
    let first = world.run("token acme").await;
    world.clock.advance(SignedDuration::from_mins(1));
    let second = world.run("token acme --rejected").await;
    assert_ne!(second.out, first.out);
    assert_eq!(world.run("token acme").await.out, second.out);
    // A token that no process has been given yet.
    world.clock.advance(SignedDuration::from_mins(1));
    world.run("refresh acme").await;
    let before = given();
    let third = world.run("token acme --rejected").await;
    assert_ne!(third.out, second.out);
    assert_eq!(given(), before);
    world.clock.advance(SignedDuration::from_mins(1));
    assert_ne!(world.run("token acme --rejected").await.out, third.out);
    assert_eq!(given(), before + 1);
}

#[tokio::test]
async fn a_validity_beyond_the_lifetime_is_warned_about_and_not_refreshed_each_time() {
    let world = World::new();
    world.connect().await;
    let first = world.run("token acme --min-valid 2h").await;
    assert_eq!(first.said, "warning: The token is valid for only 1 hour, less than requested.\n");
    world.clock.advance(SignedDuration::from_mins(29));
    assert_eq!(world.run("token acme --min-valid 2h").await.out, first.out);
    world.clock.advance(SignedDuration::from_mins(2));
    assert_ne!(world.run("token acme --min-valid 2h").await.out, first.out);
}

#[tokio::test]
async fn one_is_refreshed() {
    let world = World::new();
    world.connect().await;
    world.clock.advance(SignedDuration::from_mins(30));
    assert_snapshot!("refresh", world.run("refresh acme").await);
    let status = world.run("refresh acme --json").await.json();
    assert_eq!(status["expires_at"], "2026-03-02T13:30:00Z");
    assert_eq!(status["tokens"]["renewals"], 2);
}

#[tokio::test]
async fn a_failed_refresh_shows_its_next_try() {
    let world = World::new();
    world.connect().await;
    world.sandbox.faults().set(Endpoint::TokenRefresh, Fault::TooMany(600), Times::Always).unwrap();
    assert_eq!(world.run("refresh acme").await.exit, Exit::ProviderUnavailable);
    assert_snapshot!("list_retrying", world.run("list").await);
    assert_snapshot!("status_retrying", world.run("status acme").await);
    let status = world.run("status acme --json").await.json();
    assert_eq!(status["state"], "retrying");
    assert!(status["retry_at"].as_str().unwrap().starts_with("2026-03-02T12:1"), "{status}");
    // What the window's header says of it.
    let failed = &status["failed_refreshes"];
    assert_eq!((&failed["count"], &failed["cause"]), (&1.into(), &"HTTP 429".into()), "{status}");
    // The stored token is valid and is handed out.
    assert_eq!(world.run("token acme").await.exit, Exit::Done);
}

#[tokio::test]
async fn a_connection_is_disconnected_after_confirmation() {
    let world = World::new();
    world.connect().await;
    assert_snapshot!("disconnect_unasked", world.run("disconnect acme").await);
    assert_snapshot!("disconnect_no", world.answer("disconnect acme", "n\n").await);
    assert_eq!(world.run("status acme --json").await.json()["state"], "active");
    assert_snapshot!("disconnect_yes", world.answer("disconnect acme", "y\n").await);
    let status = world.run("disconnect acme --yes --json").await.json();
    assert_eq!(status["state"], "disconnected");
    assert_eq!(status["expires_at"], serde_json::Value::Null);
    let token = world.run("token acme").await;
    assert_eq!(token.exit, Exit::ReconnectNeeded);
    assert_snapshot!("token_disconnected", token);
}

#[tokio::test]
async fn the_history_of_a_connection_is_kept() {
    let world = World::new();
    world.connect().await;
    world.clock.advance(SignedDuration::from_mins(5));
    world.run("refresh acme").await;
    world.run("disconnect acme --yes").await;
    assert_snapshot!("activity", world.run("activity").await);
    assert_snapshot!("activity_json", world.run("activity acme --json").await);
}

#[tokio::test]
async fn the_requests_of_a_connection_are_listed() {
    let world = World::new();
    world.connect().await;
    world.sandbox.faults().set(Endpoint::TokenRefresh, Fault::InvalidGrant, Times::Always).unwrap();
    world.clock.advance(SignedDuration::from_mins(5));
    world.run("refresh acme").await;
    let listed = world.run("requests acme").await;
    assert_snapshot!(
        "requests",
        listed.out.replace(world.sandbox.url(ProviderId::Grigora).unwrap(), "https://grigora")
    );
    let failed = world.run("requests acme --failed --json").await.json();
    assert_eq!(
        (failed.as_array().unwrap().len(), &failed[0]["kind"], &failed[0]["status"]),
        (1, &"refresh".into(), &400.into())
    );
}
