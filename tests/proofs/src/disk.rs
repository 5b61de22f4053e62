//! A full, read-only or failing disk, and a database that another process has locked, before and during a refresh.
//! Afterwards the connection works with the newest tokens; or, if the process was killed meanwhile, the next start
//! reports that the response was lost.

mod case;
pub(crate) mod failure;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Result, ensure};
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use case::{Case, Found, Moment};
use failure::Failure;

/// The role of this proof inside the mount namespace.
pub(crate) const HERE: &str = "disk-here";
/// Commands that enter a namespace in which file systems can be mounted: as a user, and as root.
const NAMESPACES: [&[&str]; 2] = [&["--user", "--map-root-user", "--mount"], &["--mount"]];
/// The number of cases that run concurrently.
const AT_ONCE: usize = 6;

pub(crate) async fn prove(rounds: usize) -> Result<()> {
    for namespace in NAMESPACES {
        if can_mount(namespace).await? {
            let mut inside = Command::new("unshare");
            inside.args(namespace).arg(std::env::current_exe()?).args([HERE, &rounds.to_string(), "true"]);
            ensure!(inside.status().await?.success(), "inside a namespace of mounts");
            return Ok(());
        }
    }
    println!(
        "skipped: “{}” and “{}”; nothing can be mounted here.",
        Failure::Full.name(),
        Failure::ReadOnly.name()
    );
    println!("“{}” is the next best.", Failure::Unwritable.name());
    here(rounds, false).await
}

/// Whether such a namespace can be created, and a file system mounted in it.
async fn can_mount(namespace: &[&str]) -> Result<bool> {
    let at = tempfile::tempdir()?;
    let mut tried = Command::new("unshare");
    tried.args(namespace).args(["mount", "-t", "tmpfs", "grapnel-proof"]).arg(at.path());
    Ok(tried.output().await.is_ok_and(|output| output.status.success()))
}

#[derive(Default)]
struct DiskCounts {
    cases: usize,
    refused: usize,
    alive: usize,
    told: usize,
    wrong: Vec<String>,
}

/// Tries every case that is possible here.
pub(crate) async fn here(rounds: usize, mounts: bool) -> Result<()> {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for case in (0..rounds).flat_map(|_| Case::all()).filter(|case| mounts || !case.failure.needs_mount()) {
        let turns = Arc::clone(&turns);
        running.spawn(async move {
            let _turn = turns.acquire_owned().await;
            (case, case.run().await)
        });
    }
    let (mut counts, mut secrets) = (BTreeMap::<(Failure, Moment), DiskCounts>::new(), 0);
    while let Some(ended) = running.join_next().await {
        let (case, outcome) = ended?;
        let counts = counts.entry((case.failure, case.moment)).or_default();
        counts.cases += 1;
        match outcome {
            Ok(Found { was_refused, is_alive, secrets: looked_for }) => {
                counts.refused += usize::from(was_refused);
                *(if is_alive { &mut counts.alive } else { &mut counts.told }) += 1;
                secrets += looked_for;
            }
            Err(error) => counts.wrong.push(format!("{case:?}: {error:#}")),
        }
    }
    report(&counts, secrets)
}

fn report(counts: &BTreeMap<(Failure, Moment), DiskCounts>, secrets: usize) -> Result<()> {
    println!(
        "                                       cases  failed  alive  killed: answer lost, and told  wrong"
    );
    let mut wrong = 0;
    for ((failure, moment), counts) in counts {
        println!(
            "{:<23} {:<14} {:>6} {:>7} {:>6} {:>30} {:>6}",
            failure.name(),
            moment.name(),
            counts.cases,
            counts.refused,
            counts.alive,
            counts.told,
            counts.wrong.len()
        );
        counts.wrong.iter().for_each(|why| println!("    {why}"));
        wrong += counts.wrong.len();
    }
    let sum = |of: fn(&DiskCounts) -> usize| counts.values().map(of).sum::<usize>();
    println!(
        "{:<38} {:>6} {:>7} {:>6} {:>30} {wrong:>6}",
        "in all",
        sum(|counts| counts.cases),
        sum(|counts| counts.refused),
        sum(|counts| counts.alive),
        sum(|counts| counts.told)
    );
    println!("secrets looked for in every file, and not found: {secrets}");
    ensure!(wrong == 0, "{wrong} went wrong");
    Ok(())
}
