//! Proofs that are tests of the core: runs them and prints their output.

use std::path::Path;

use anyhow::{Result, ensure};
use tokio::process::Command;

/// Each fault of the sandbox, at the code exchange, the refresh and the API.
pub(crate) const FAULTS: &[&str] = &[
    "faults::at_the_exchange",
    "faults::at_the_refresh",
    "faults::at_the_api",
    "faults::of_the_switches",
    "faults::every_fault_is_in_a_table",
];
/// Two hours in which the computer is partly suspended.
pub(crate) const ASLEEP: &[&str] = &[
    "connections_due_within_two_hours_are_refreshed",
    "after_suspend_each_due_connection_is_refreshed_once",
];

/// The same features as in every other build, so that nothing is built twice.
const FEATURES: &str = "grapnel-desktop/custom-protocol";

/// Runs these tests of `src-tauri/core/tests/it`.
pub(crate) async fn prove(tests: &[&str]) -> Result<()> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--quiet", "--workspace", "--features", FEATURES, "--test", "it", "--"]);
    cargo.args(tests).args(["--nocapture", "--test-threads=2"]).current_dir(&workspace);
    ensure!(cargo.status().await?.success(), "a test has failed");
    Ok(())
}
