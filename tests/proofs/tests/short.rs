//! The short form of each proof; `./dev prove` runs the long ones.

use std::process::Command;

fn prove(arguments: &[&str]) {
    let ran = Command::new(env!("CARGO_BIN_EXE_prove")).args(arguments).status();
    assert!(
        ran.as_ref().is_ok_and(std::process::ExitStatus::success),
        "prove {}: {ran:?}",
        arguments.join(" ")
    );
}

#[test]
fn processes_killed_during_a_refresh_lose_no_connection() {
    prove(&["crash", "32"]);
}

#[test]
fn many_connections_due_at_once_are_refreshed_or_report_why_not() {
    prove(&["storm", "120"]);
}

#[test]
fn many_concurrent_token_requests_cause_one_refresh() {
    prove(&["flight", "3"]);
}

#[test]
fn a_failing_disk_loses_no_connection() {
    prove(&["disk", "1"]);
}

#[test]
fn a_keyring_locked_during_a_refresh_loses_no_connection() {
    prove(&["locked", "1"]);
}
