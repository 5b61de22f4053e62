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

#[test]
fn many_machines_of_a_team_that_need_a_token_cause_one_refresh() {
    prove(&["team", "flight", "4", "4", "20"]);
}

#[test]
fn machines_killed_during_a_shared_refresh_lose_no_connection() {
    prove(&["team", "crash", "28"]);
}

#[test]
fn a_failing_way_to_the_teams_database_loses_no_connection_and_causes_one_refresh() {
    prove(&["team", "partition"]);
}

#[test]
fn an_older_backup_of_the_teams_database_is_noticed_and_explained() {
    prove(&["team", "restore"]);
}

#[test]
fn the_teams_database_holds_no_secret_and_no_name() {
    prove(&["team", "scan"]);
}

#[test]
fn many_shared_connections_make_one_no_slower() {
    prove(&["team", "size", "300"]);
}

#[test]
fn the_agent_hands_out_a_shared_token_as_fast_as_a_local_one() {
    prove(&["team", "agent", "200"]);
}
