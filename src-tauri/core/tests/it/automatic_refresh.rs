//! Automatic refresh before expiry: running, after suspend, and with a clock that is set; and retries after failures.

use std::sync::Arc;
use std::time::Duration;

use grapnel_model::activity::Kind;
use grapnel_model::connection::State;
use grapnel_model::error::Code;
use grapnel_model::id::ConnectionId;
use grapnel_model::secret::ExposeSecret;
use grapnel_sandbox::{Endpoint, Fault, Times};
use jiff::SignedDuration;

use crate::leaks::nothing_leaked;
use crate::support::keep_alive::{Keeper, Kept, keep_alive};
use crate::support::world::World;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

#[tokio::test]
async fn connections_due_within_two_hours_are_refreshed() {
    let kept = Kept::new().await;
    let mut end = kept.details().summary.expires_at.unwrap();
    let (mut refreshes, before) = (0, kept.world.clock.waits());
    for _ in 0..120 {
        kept.world.pass(MINUTE);
        kept.world.clock.settled().await;
        let held = kept.details().tokens.unwrap();
        if held.refresh_count > refreshes {
            // Neither too early nor too late, allowing for the steps of a minute.
            let early = end.duration_since(held.issued_at);
            assert!(early >= MINUTE * 4 && early <= MINUTE * 8, "refreshed {early} before its end");
            (refreshes, end) = (held.refresh_count, held.expires_at.unwrap());
        }
    }
    assert_eq!(refreshes, 2);
    assert_eq!(kept.world.tokens_given(), 3);
    // It slept until a job was due, without polling.
    let waits = kept.world.clock.waits() - before;
    assert!(waits <= 8, "{waits} waits");
    assert!(kept.world.sandbox.departures().is_empty(), "{:?}", kept.world.sandbox.departures().all());
    nothing_leaked(&kept.world);
    println!(
        "two hours awake: {refreshes} refreshes, each 4 to 8 minutes before the end; {waits} waits for the clock"
    );
}

#[tokio::test]
async fn after_suspend_each_due_connection_is_refreshed_once() {
    let kept = Kept::new().await;
    kept.world.sleep(HOUR * 2);
    kept.world.clock.settled().await;
    assert_eq!(kept.refresh_count(), 1);
    assert_eq!(kept.details().summary.state, State::Active);
    // Suspend before anything is due causes no refresh.
    kept.world.sleep(MINUTE * 20);
    kept.world.clock.settled().await;
    assert_eq!(kept.refresh_count(), 1);
    kept.world.sleep(HOUR * 9);
    kept.world.clock.settled().await;
    assert_eq!(kept.refresh_count(), 2);
    nothing_leaked(&kept.world);
    println!("asleep for 2 hours, 20 minutes and 9 hours: 1, 0 and 1 refreshes, each on waking");
}

#[tokio::test]
async fn setting_the_clock_moves_no_refresh() {
    for set_by in [HOUR * 3, HOUR * -3] {
        let kept = Kept::new().await;
        let before = kept.details().summary.expires_at.unwrap();
        kept.world.clock.set(set_by);
        kept.world.clock.settled().await;
        assert_eq!(kept.refresh_count(), 0, "set by {set_by}");
        assert_eq!(kept.details().summary.state, State::Active, "set by {set_by}");
        kept.world.pass(MINUTE * 50);
        kept.world.clock.settled().await;
        assert_eq!(kept.refresh_count(), 0, "set by {set_by}");
        kept.world.pass(MINUTE * 7);
        kept.world.clock.settled().await;
        assert_eq!(kept.refresh_count(), 1, "set by {set_by}");
        // The displayed expiry stays correct.
        let after = kept.details().summary.expires_at.unwrap();
        let gained = after.duration_since(before);
        assert!((gained - MINUTE * 57).abs() < MINUTE, "{gained}");
        // Another process, which starts now with the wrong clock, uses the same corrected time.
        let other = kept.world.second_start();
        let token = other.token(&kept.id, Duration::ZERO).await.unwrap().value;
        assert_eq!(kept.refresh_count(), 1, "set by {set_by}");
        let same = kept.world.grapnel.token(&kept.id, Duration::ZERO).await.unwrap().value;
        assert_eq!(token.expose_secret(), same.expose_secret());
    }
}

#[tokio::test]
async fn an_unavailable_provider_is_retried_with_back_off() {
    let kept = Kept::new().await;
    kept.fail(Fault::ServerError(503), Times::Always);
    let mut pauses = Vec::new();
    kept.pass_until_due().await;
    for failures in 1..=12 {
        let details = kept.details();
        let failed = details.failed_refreshes.unwrap();
        assert_eq!((failed.count, failed.cause.as_deref()), (failures, Some("HTTP 503")));
        assert!(kept.now().duration_since(failed.last_at.unwrap()) < SignedDuration::from_secs(1));
        let summary = details.summary;
        assert_eq!(summary.state, State::Retrying);
        let wait = summary.retry_at.unwrap().duration_since(kept.now());
        let passed = kept.pass_until_due().await;
        assert!((passed - wait).abs() < SignedDuration::from_secs(1), "shown {wait}, waited {passed}");
        pauses.push(passed.as_secs());
    }
    for (number, pause) in pauses.iter().enumerate() {
        let longest = (10 << number.min(9)).min(3_600);
        assert!((longest / 2 - 1..=longest).contains(pause), "{pauses:?}");
    }
    assert_eq!(kept.details().error.unwrap().code, Code::ProviderUnavailable);
    kept.world.sandbox.faults().clear();
    kept.pass_until_due().await;
    assert_eq!(kept.details().summary.state, State::Active);
    assert_eq!(kept.details().summary.retry_at, None);
    assert_eq!(kept.details().failed_refreshes, None);
    assert_eq!(kept.refresh_count(), 1);
    // The activity log has two entries for it instead of fourteen.
    let told = kept.world.grapnel.activity(Some(&kept.id), None).unwrap();
    let told: Vec<_> = told.iter().map(|entry| format!("{:?}: {}", entry.kind, entry.text)).collect();
    insta::with_settings!({ filters => [(r"(on [\d-]+ )?at [\d:]{8}", "at [time]")] }, {
        insta::assert_snapshot!(told.join("\n"));
    });
}

#[tokio::test]
async fn retry_after_is_honored_in_seconds_and_as_a_date() {
    for fault in [Fault::TooMany(700), Fault::TooManyUntil(700)] {
        let kept = Kept::new().await;
        kept.fail(fault.clone(), 1);
        kept.pass_until_due().await;
        let waited = kept.pass_until_due().await;
        assert!(waited >= SignedDuration::from_secs(698), "{fault}: {waited}");
        assert!(waited <= SignedDuration::from_secs(771), "{fault}: {waited}");
        assert_eq!(kept.refresh_count(), 1);
    }
}

#[tokio::test]
async fn only_a_person_causes_requests_during_a_back_off() {
    let kept = Kept::new().await;
    kept.fail(Fault::TooMany(600), 2);
    kept.world.sleep(HOUR * 2);
    kept.world.clock.settled().await;
    let told = kept.world.grapnel.token(&kept.id, Duration::ZERO).await.unwrap_err();
    assert_eq!(told.code, Code::ProviderUnavailable);
    assert_eq!(
        kept.world.sandbox.faults().planned()[0].times,
        Times::Next(1),
        "the provider was asked again"
    );
    // A person's request is sent to the provider at once.
    kept.world.grapnel.refresh(&kept.id).await.unwrap_err();
    assert!(kept.world.sandbox.faults().planned().is_empty());
    kept.world.grapnel.refresh(&kept.id).await.unwrap();
    assert_eq!(kept.details().summary.state, State::Active);
}

#[tokio::test]
async fn a_token_request_succeeds_as_soon_as_the_network_is_back() {
    let kept = Kept::new().await;
    kept.fail(Fault::ServerError(503), 9);
    kept.pass_until_due().await;
    for _ in 0..8 {
        kept.pass_until_due().await;
    }
    let wait = kept.details().summary.retry_at.unwrap().duration_since(kept.now());
    assert!(wait > MINUTE * 20, "{wait}");
    kept.world.pass(MINUTE * 10);
    kept.world.grapnel.token(&kept.id, Duration::ZERO).await.unwrap();
    assert_eq!(kept.details().summary.state, State::Active);
}

#[tokio::test]
async fn one_success_ends_the_back_off_of_all_connections() {
    let kept = Kept::new().await;
    let other = kept.world.connect_another().await;
    kept.fail(Fault::ServerError(503), Times::Always);
    let (mut events, failing) = (kept.world.grapnel.events(), |id: &ConnectionId| {
        kept.world.grapnel.connection(id).unwrap().summary.state == State::Retrying
    });
    while !(failing(&kept.id) && failing(&other)) {
        kept.pass_until_due().await;
    }
    for _ in 0..12 {
        kept.pass_until_due().await;
    }
    kept.world.sandbox.faults().clear();
    kept.world.pass(SignedDuration::from_secs(3));
    kept.world.grapnel.refresh(&kept.id).await.unwrap();
    while failing(&other) {
        events.recv().await.unwrap();
    }
}

#[tokio::test]
async fn after_suspend_waiting_retries_run_at_once() {
    let kept = Kept::new().await;
    kept.fail(Fault::ServerError(503), 9);
    for _ in 0..9 {
        kept.pass_until_due().await;
    }
    assert_eq!(kept.details().summary.state, State::Retrying);
    kept.world.sleep(MINUTE);
    kept.world.clock.settled().await;
    assert_eq!(kept.details().summary.state, State::Active);
    assert_eq!(kept.refresh_count(), 1);
}

#[tokio::test]
async fn a_lost_response_is_followed_by_one_decisive_retry() {
    let kept = Kept::new().await;
    kept.fail(Fault::LostReply, 1);
    let left = kept.world.clock.settled().await.duration_since(kept.now());
    let mut events = kept.world.grapnel.events();
    kept.world.pass(left);
    kept.world.clock.settled().await;
    let details = kept.details();
    assert_eq!(details.summary.state, State::Retrying);
    assert_eq!(details.error.unwrap().code, Code::AnswerLost);
    let soon = details.summary.retry_at.unwrap().duration_since(kept.now());
    assert!(soon <= SignedDuration::from_secs(4), "{soon}");
    kept.world.pass(soon);
    while kept.details().summary.state != State::ReconnectNeeded {
        events.recv().await.unwrap();
    }
    // The provider has rotated: the failure is reported, and nothing is deleted.
    let details = kept.details();
    assert!(details.tokens.is_some());
    assert_eq!(details.summary.retry_at, None);
    insta::assert_json_snapshot!(details.error);
    let told = kept.world.grapnel.activity(Some(&kept.id), None).unwrap();
    let kinds: Vec<_> = told.iter().take(2).map(|entry| entry.kind).collect();
    assert_eq!(kinds, [Kind::RefreshRefused, Kind::AnswerLost]);
}

/// If the refresh token does not rotate, a lost response loses nothing.
#[tokio::test]
async fn a_lost_response_without_rotation_is_recovered_by_the_next_retry() {
    let kept = Kept::new().await;
    kept.fail(Fault::ServerError(500), 1);
    kept.pass_until_due().await;
    assert_eq!(kept.details().error.unwrap().code, Code::AnswerLost);
    kept.pass_until_due().await;
    assert_eq!(kept.details().summary.state, State::Active);
    assert_eq!(kept.details().error, None);
}

#[tokio::test]
async fn a_restart_continues_the_back_off() {
    let mut kept = Kept::new().await;
    kept.fail(Fault::ServerError(503), 6);
    for _ in 0..6 {
        kept.pass_until_due().await;
    }
    let (retry_at, error) = (kept.details().summary.retry_at, kept.details().error);
    drop(kept.keeper);
    kept.world.start_again();
    let details = kept.world.grapnel.connection(&kept.id).unwrap();
    assert_eq!((details.summary.retry_at, details.error), (retry_at, error));
    kept.keeper = keep_alive(&kept.world);
    let next = kept.world.clock.settled().await;
    assert!(next.duration_since(retry_at.unwrap()).abs() < SignedDuration::from_secs(1));
    kept.fail(Fault::ServerError(503), 1);
    let waited = kept.pass_until_due().await;
    assert!(waited > SignedDuration::from_mins(2), "{waited}");
    // The seventh pause of the back-off, not the first.
    let next = kept.details().summary.retry_at.unwrap().duration_since(kept.now());
    assert!(next > SignedDuration::from_mins(5), "{next}");
}

#[tokio::test]
async fn a_locked_keyring_stops_refreshes_without_repeated_prompts() {
    let mut world = World::new();
    let id = world.connect().await;
    world.start_again();
    world.keyring.fail(Code::KeyringLocked);
    world.pass(HOUR * 2);
    let (mut events, asked) = (world.grapnel.events(), world.keyring.asked());
    let _keeper = keep_alive(&world);
    while world.grapnel.connection(&id).unwrap().summary.state != State::Locked {
        events.recv().await.unwrap();
    }
    world.pass(HOUR * 2);
    world.clock.settled().await;
    assert_eq!((world.tokens_given(), world.keyring.asked() - asked), (1, 1));
    world.keyring.fail(None);
    assert_eq!(world.grapnel.check_vault().await, None);
    while world.grapnel.connection(&id).unwrap().summary.state != State::Active {
        events.recv().await.unwrap();
    }
    assert_eq!(world.tokens_given(), 2);
}

#[tokio::test]
async fn a_token_without_known_expiry_is_refreshed_once_rejected() {
    let world = World::new();
    world.sandbox.faults().set(Endpoint::TokenExchange, Fault::ExpiresInMissing, 1).unwrap();
    let id = world.connect().await;
    let _keeper = keep_alive(&world);
    world.sleep(HOUR * 30);
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.expires_at, None);
    assert_eq!(world.tokens_given(), 1);
    // The sandbox has expired it: its API rejects the token, and one refresh resolves that.
    world.grapnel.projects(&id).await.unwrap();
    assert_eq!(world.tokens_given(), 2);
    // From now on the expiry is known and observed.
    let due = world.clock.settled().await;
    assert!(due < world.grapnel.connection(&id).unwrap().summary.expires_at.unwrap());
}

/// A sign-in by the command line while the window runs.
#[tokio::test]
async fn connections_of_another_process_are_refreshed_too() {
    let mut world = World::new();
    let ours = world.grapnel.clone();
    ours.follow_others().unwrap();
    let clock = Arc::clone(&world.clock);
    let keeper = Keeper(tokio::spawn(async move { ours.keep_alive().await }));
    world.grapnel = world.second_start();
    let id = world.connect().await;
    // The first process schedules it as soon as it is notified.
    let due = clock.settled().await;
    world.sandbox.clock().advance(HOUR.unsigned_abs());
    clock.advance(due.duration_since(jiff::Timestamp::now()));
    clock.settled().await;
    assert_eq!(world.grapnel.connection(&id).unwrap().tokens.unwrap().refresh_count, 1);
    drop(keeper);
}
