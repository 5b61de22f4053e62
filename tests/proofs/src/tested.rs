//! Proofs that are tests of the core: run as such, and told.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

/// Tests of `src-tauri/core/tests/it`, and the tables that they hold.
pub(crate) struct Tested {
    tests: &'static [&'static str],
    tables: &'static [&'static str],
}

pub(crate) const FAULTS: Tested = Tested {
    tests: &[
        "faults::at_the_exchange",
        "faults::at_the_renewal",
        "faults::at_the_api",
        "faults::of_the_switches",
        "faults::every_fault_is_in_a_table",
    ],
    tables: &["at_the_exchange", "at_the_renewal", "at_the_api", "of_the_switches"],
};
pub(crate) const ASLEEP: Tested = Tested {
    tests: &["two_hours_awake_bring_the_right_renewals", "a_machine_that_slept_renews_once_on_waking"],
    tables: &[],
};

/// The same as everywhere, so that nothing is built twice.
const FEATURES: &str = "grapnel-desktop/custom-protocol";

pub(crate) async fn prove(tested: &Tested) -> Result<()> {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--quiet", "--workspace", "--features", FEATURES, "--test", "it", "--"]);
    cargo.args(tested.tests).args(["--nocapture", "--test-threads=2"]).current_dir(&house);
    ensure!(cargo.status().await?.success(), "a test has failed");
    for table in tested.tables {
        let snapshot = house.join(format!("src-tauri/core/tests/it/snapshots/it__faults__{table}.snap"));
        let text = std::fs::read_to_string(&snapshot)?;
        // What insta says of itself is between two lines of dashes.
        let rows = text.splitn(3, "---\n").nth(2).context("an empty snapshot")?;
        println!("\n=== {} ===\n\n{rows}", table.replace('_', " "));
        let rows: Vec<&str> = rows.split("\n\n").collect();
        let helped = rows.iter().filter(|row| row.contains("and a sign-in helps")).count();
        println!(
            "{}: {} rows; nothing deleted in any; in {helped} the provider rotated unseen, and a sign-in helps",
            table.replace('_', " "),
            rows.len()
        );
    }
    Ok(())
}
