//! The time from the start of the program to its first rendered page, and the memory of the program and its webview's
//! processes, compared with an empty window of the same toolkit.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use grapnel_tests::artifacts;
use grapnel_tests::desktop::Desktop;
use grapnel_tests::keyring::Keyring;
use grapnel_tests::process::Running;
use grapnel_tests::session;
use tokio::time::sleep;

use crate::figures::{Figures, Timed, Took, load};
use crate::fleet;
use crate::screen::Screen;

const ROUNDS: usize = 9;
/// The delay between the first page and the memory measurement.
const SETTLING: Duration = Duration::from_secs(2);
const FEW: (usize, usize) = (10, 2);
const MANY: (usize, usize) = (10_000, 40);
/// Connections that a team shares.
const SHARED: (usize, usize) = (50_000, 40);

/// A program and its data directory.
struct Subject {
    what: &'static str,
    program: PathBuf,
    home: PathBuf,
}

pub(crate) async fn run() -> Result<()> {
    let desktop = session::start(Keyring::Unlocked).await?;
    let command = desktop.command("true");
    let display = command.get_envs().find(|(name, _)| *name == "DISPLAY").and_then(|(_, value)| value);
    let screen = Screen::of(display.and_then(|name| name.to_str()).context("no display")?)?;
    let [nothing, some, full, shared] =
        ["nothing", "some", "full", "shared"].map(|name| desktop.root().join(name));
    for (home, (connections, apps)) in [(&some, FEW), (&full, MANY), (&shared, SHARED)] {
        fleet::fill(home, connections, apps).await?;
    }
    fleet::share(&shared)?;
    let program = artifacts::program().canonicalize().context("Grapnel is not built")?;
    let empty = std::env::current_exe()?.with_file_name("empty-window");
    let subjects = [
        Subject { what: "floor: an empty window", program: empty, home: nothing.clone() },
        Subject { what: "Grapnel, first start", program: program.clone(), home: nothing },
        Subject { what: "Grapnel with 10 connections", program: program.clone(), home: some },
        Subject { what: "Grapnel with 10,000 connections", program: program.clone(), home: full },
        Subject { what: "Grapnel with 50,000 shared ones", program, home: shared },
    ];
    println!("{ROUNDS} starts of each, in turn; {}", load());
    let mut times: HashMap<&str, Vec<Took>> = HashMap::new();
    let mut memory: HashMap<&str, Vec<u64>> = HashMap::new();
    for round in 0..=ROUNDS {
        for subject in &subjects {
            let (time, held) = start(&desktop, &screen, subject).await?;
            // The first round is a warm-up.
            if round > 0 {
                times.entry(subject.what).or_default().push(time);
                memory.entry(subject.what).or_default().push(held);
            }
        }
    }
    for Subject { what, .. } in &subjects {
        let times = Figures::from(times.remove(what).unwrap_or_default());
        let mut held = memory.remove(what).unwrap_or_default();
        held.sort_unstable();
        println!("{what:<36}{times}   {} MB", held.get(held.len() / 2).unwrap_or(&0) / 1_000);
    }
    println!("at the end: {}", load());
    Ok(())
}

/// Starts a program and waits for its page; returns how long that took, and its memory in kB.
async fn start(desktop: &Desktop, screen: &Screen, subject: &Subject) -> Result<(Took, u64)> {
    let mut command = desktop.command(&subject.program);
    command.env("GRAPNEL_HOME", &subject.home);
    let start = Timed::begin();
    let mut running = Running::start(&mut command, &desktop.log("bench"))?;
    screen.painted().await?;
    let time = start.end();
    sleep(SETTLING).await;
    let held = memory(desktop, &subject.program)?;
    running.end();
    drop(running);
    screen.cleared().await?;
    Ok((time, held))
}

/// The proportional set size of the program and its webview's processes, in kB.
fn memory(desktop: &Desktop, program: &Path) -> Result<u64> {
    let is_its = |exe: &Path| exe == program || exe.to_string_lossy().contains("/webkit2gtk-4.1/");
    let mut all = 0;
    for seen in desktop.processes() {
        if !std::fs::read_link(format!("/proc/{}/exe", seen.pid)).is_ok_and(|exe| is_its(&exe)) {
            continue;
        }
        let told = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", seen.pid))?;
        let line = told.lines().find_map(|line| line.strip_prefix("Pss:")).context("no size is told")?;
        all += line.trim().trim_end_matches(" kB").parse::<u64>()?;
    }
    Ok(all)
}
