//! Processes killed in the middle of a refresh, at every named point and at random moments: no connection may be lost,
//! unless the provider had replaced the refresh token and its response was not yet on disk. In that case the next start
//! must report this.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use grapnel_model::connection::State;
use grapnel_model::error::Code;
use grapnel_model::id::ConnectionId;

use crate::child::Looked;
use crate::world::World;

/// The points of a refresh in order (`refresh/crash_point.rs` of the core), and any moment.
const POINTS: [&str; 8] = [
    "before-mark",
    "after-mark",
    "before-send",
    "after-answer",
    "before-commit",
    "after-commit",
    "after-telling",
    ANY_MOMENT,
];
const ANY_MOMENT: &str = "any moment";
const CONNECTIONS: usize = 16;

#[derive(Default)]
struct CrashCounts {
    kills: usize,
    /// Killed too late: the process had already exited.
    late: usize,
    alive: usize,
    /// The provider had rotated the token, the new one was lost, and the program reports it.
    told: usize,
    lost: Vec<String>,
}

pub(crate) async fn prove(kills: usize) -> Result<()> {
    let world = World::new()?;
    let (app, connections) = {
        let grapnel = world.open()?;
        let app = world.add_app(&grapnel).await?;
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            connections.push(world.sign_in(&grapnel, &app, None).await?);
        }
        (app, connections)
    };
    let usual = usual(&world, &connections[0]).await?;
    let mut counts: BTreeMap<&str, CrashCounts> = BTreeMap::new();
    let mut killed = 0;
    for round in 0.. {
        if killed == kills {
            break;
        }
        let id = &connections[round % CONNECTIONS];
        let point = POINTS[round % POINTS.len()];
        let counts = counts.entry(point).or_default();
        let before = world.rotations();
        if !kill(&world, id, point, moment(usual, round)).await? {
            counts.late += 1;
            continue;
        }
        killed += 1;
        counts.kills += 1;
        let rotated = world.rotations() > before;
        match judge(&look(&world, id).await?, rotated) {
            Ok(true) => counts.alive += 1,
            Ok(false) => {
                counts.told += 1;
                world.sign_in(&world.open()?, &app, Some(id)).await?;
            }
            Err(why) => counts.lost.push(why),
        }
    }
    report(&world, &counts)
}

/// The run time of such a process when it is not killed.
async fn usual(world: &World, id: &ConnectionId) -> Result<Duration> {
    let began = Instant::now();
    ensure!(!kill(world, id, "none", Duration::from_secs(60)).await?, "it was killed by someone else");
    Ok(began.elapsed())
}

/// A moment within the run time of such a process, different in each round.
fn moment(usual: Duration, round: usize) -> Duration {
    // Multiples of the golden ratio are evenly distributed for any number of rounds.
    let part = (u64::try_from(round).unwrap_or_default() * 618) % 1000;
    usual * u32::try_from(part).unwrap_or_default() / 1000
}

/// Runs a refresh that is killed at `point` or after `moment`; returns whether it was killed in time.
async fn kill(world: &World, id: &ConnectionId, point: &str, moment: Duration) -> Result<bool> {
    let mut child = world.child("refresh", &[&id.0, point])?.stdout(Stdio::null()).spawn()?;
    if point == ANY_MOMENT && tokio::time::timeout(moment, child.wait()).await.is_err() {
        child.start_kill()?;
    }
    let ended = child.wait().await?;
    let was_killed = ended.signal() == Some(9);
    ensure!(was_killed || ended.success(), "the process ended by itself, with {ended}");
    Ok(was_killed)
}

pub(crate) async fn look(world: &World, id: &ConnectionId) -> Result<Looked> {
    let output = world.child("look", &[&id.0])?.stderr(Stdio::inherit()).output().await?;
    ensure!(output.status.success(), "what is there cannot be looked at: {}", output.status);
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Whether the connection works; or else, whether the provider caused its loss and the loss was reported.
pub(crate) fn judge(looked: &Looked, rotated: bool) -> Result<bool, String> {
    if looked.refused.is_none() && looked.after == State::Active {
        return Ok(true);
    }
    let told = looked.error.as_ref().is_some_and(|(code, _)| *code == Code::AnswerLost);
    let reconnect = looked.refused.as_ref().is_some_and(|(code, _)| *code == Code::ReconnectNeeded);
    if rotated && told && reconnect && looked.after == State::ReconnectNeeded {
        return Ok(false);
    }
    Err(format!("rotated: {rotated}; {looked:?}"))
}

fn report(world: &World, counts: &BTreeMap<&str, CrashCounts>) -> Result<()> {
    println!("killed at         kills  alive  answer lost, and told  lost");
    let mut all = CrashCounts::default();
    for point in POINTS {
        let Some(counts) = counts.get(point) else { continue };
        println!(
            "{point:<16} {:>6} {:>6} {:>22} {:>5}",
            counts.kills,
            counts.alive,
            counts.told,
            counts.lost.len()
        );
        counts.lost.iter().for_each(|why| println!("    {why}"));
        all.kills += counts.kills;
        all.alive += counts.alive;
        all.told += counts.told;
        all.lost.extend(counts.lost.iter().cloned());
    }
    let lost = all.lost.len();
    println!("{:<16} {:>6} {:>6} {:>22} {lost:>5}", "in all", all.kills, all.alive, all.told);
    println!("secrets looked for in every file, and not found: {}", world.scan()?);
    for point in POINTS.iter().filter(|point| **point != ANY_MOMENT) {
        let killed = counts.get(point).map_or(0, |counts| counts.kills);
        ensure!(killed > 0 || all.kills < POINTS.len(), "no process died at {point}: does that point exist?");
    }
    ensure!(lost == 0, "{lost} connections were lost");
    Ok(())
}
