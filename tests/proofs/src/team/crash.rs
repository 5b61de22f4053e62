//! Processes killed in the middle of a refresh of a shared connection, at every named point and at random moments,
//! while another machine takes over or the program is started again: no connection may be lost, unless the provider had
//! replaced the refresh token and its response was not yet on disk. In that case every machine reports this.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use grapnel_model::id::ConnectionId;

use super::machine::{Machine, tells_of_a_lost_response};
use super::world::TeamWorld;

/// The points of a shared refresh in order (`refresh/crash_point.rs` of the core), and any moment.
const POINTS: [&str; 14] = [
    "before-team-lock",
    "after-team-lock",
    "before-team-mark",
    "after-team-mark",
    "before-mark",
    "after-mark",
    "before-send",
    "after-answer",
    "before-commit",
    "after-commit",
    "before-team-write",
    "after-team-write",
    "after-telling",
    ANY_MOMENT,
];
const ANY_MOMENT: &str = "any moment";
/// The points between the provider's response and its being on disk: the blind window.
const BLIND: [&str; 3] = ["after-answer", "before-commit", ANY_MOMENT];
const CONNECTIONS: usize = 8;
/// Longer than any refresh.
const NEVER: Duration = Duration::from_secs(600);

#[derive(Default)]
struct Counts {
    kills: usize,
    /// Killed too late: the refresh had ended.
    late: usize,
    alive: usize,
    /// The other machine was refused, until the killed one wrote the new tokens, which it had on disk.
    returned: usize,
    /// The response was lost, and every machine says so.
    told: usize,
    lost: Vec<String>,
}

/// What became of a connection.
enum Verdict {
    Alive,
    Returned,
    Told,
}

pub(super) async fn prove(kills: usize) -> Result<()> {
    println!(
        "{kills} kills in a refresh of a shared connection; then another machine goes on, or the killed one"
    );
    let (mut world, ids) = TeamWorld::new(CONNECTIONS).await?;
    let mut victim = world.machine("Grace", world.server.socket_url()).await?;
    let mut next = world.machine("Linus", world.server.socket_url()).await?;
    let usual = usual(&mut victim, &ids[0]).await?;
    let takeover = takeover(&world, &mut victim, &mut next, &ids[0]).await?;
    let mut counts: BTreeMap<&str, Counts> = BTreeMap::new();
    let mut killed = 0;
    for round in 0.. {
        if killed == kills {
            break;
        }
        let (id, point) = (&ids[round % ids.len()], POINTS[round % POINTS.len()]);
        let counts = counts.entry(point).or_default();
        let moment = if point == ANY_MOMENT { moment(usual, round) } else { NEVER };
        let before = world.world.rotations();
        if !victim.die(id, point, moment).await? {
            counts.late += 1;
            continue;
        }
        killed += 1;
        counts.kills += 1;
        let is_rotated = world.world.rotations() > before;
        // Another machine waits for the result of a refresh that has just begun.
        world.age_begun_marks()?;
        let is_next_first = (round / POINTS.len()).is_multiple_of(2);
        match judge(&world, id, (&mut victim, &mut next), is_next_first, is_rotated).await {
            Ok(Verdict::Alive) => counts.alive += 1,
            Ok(Verdict::Returned) => counts.returned += 1,
            Ok(Verdict::Told) if BLIND.contains(&point) => counts.told += 1,
            Ok(Verdict::Told) => counts.lost.push("lost outside the blind window".into()),
            Err(why) => counts.lost.push(format!("{why:#}")),
        }
        restore(&world, id, (&mut victim, &mut next)).await?;
    }
    report(&counts)?;
    println!(
        "a machine that finds the refresh of a dead one begun goes on after {takeover:.1?}; a refresh that nobody \
         disturbs takes {usual:.1?}"
    );
    world.scan(&[&victim, &next])
}

/// The time of a refresh that is not killed.
async fn usual(machine: &mut Machine, id: &ConnectionId) -> Result<Duration> {
    let began = Instant::now();
    ensure!(!machine.die(id, "none", NEVER).await?, "it was killed by someone else");
    Ok(began.elapsed())
}

/// How long the next machine waits if a machine has just died that had begun.
async fn takeover(
    world: &TeamWorld,
    victim: &mut Machine,
    next: &mut Machine,
    id: &ConnectionId,
) -> Result<Duration> {
    next.sync(&world.team).await?;
    ensure!(victim.die(id, "before-send", NEVER).await?, "it did not die");
    let answered = next.refresh(id).await?;
    ensure!(answered.token.is_ok(), "{answered:?}");
    victim.start_again().await?;
    world.is_alive(id, &mut [victim, next]).await?;
    Ok(answered.took)
}

/// A moment within a refresh, different in each round.
fn moment(usual: Duration, round: usize) -> Duration {
    // Multiples of the golden ratio are evenly distributed for any number of rounds.
    let part = (u64::try_from(round).unwrap_or_default() * 618) % 1000;
    usual * u32::try_from(part).unwrap_or_default() / 1000
}

/// Lets the other machine refresh, or the killed one after its start, and then both.
async fn judge(
    world: &TeamWorld,
    id: &ConnectionId,
    (victim, next): (&mut Machine, &mut Machine),
    is_next_first: bool,
    is_rotated: bool,
) -> Result<Verdict> {
    let first = if is_next_first {
        next.refresh(id).await?
    } else {
        victim.start_again().await?;
        victim.refresh(id).await?
    };
    if is_next_first {
        victim.start_again().await?;
    }
    // As a running program does when it starts.
    for machine in [&mut *victim, &mut *next] {
        let failed = machine.sync(&world.team).await?;
        ensure!(failed.is_none(), "a machine cannot ask the team: {failed:?}");
    }
    let (of_victim, of_next) = (victim.look(id).await?, next.look(id).await?);
    let is_told = tells_of_a_lost_response(&of_victim) && tells_of_a_lost_response(&of_next);
    if is_told {
        ensure!(is_rotated, "a response is said to be lost that was not sent");
        ensure!(first.token.is_err(), "a token was handed out that cannot work");
        return Ok(Verdict::Told);
    }
    ensure!(of_victim.error.is_none() && of_next.error.is_none(), "{of_victim:?}; {of_next:?}; {first:?}");
    world.is_alive(id, &mut [victim, next]).await?;
    if first.token.is_err() {
        ensure!(is_rotated && is_next_first, "refused without a reason: {first:?}");
        return Ok(Verdict::Returned);
    }
    Ok(Verdict::Alive)
}

/// Brings a connection back to a state in which it can be refreshed.
async fn restore(
    world: &TeamWorld,
    id: &ConnectionId,
    (victim, next): (&mut Machine, &mut Machine),
) -> Result<()> {
    world.owner.sync_team(&world.team).await?;
    if world.owner.connection(id)?.error.is_some() {
        world.sign_in_again(id).await?;
    }
    for machine in [victim, next] {
        machine.sync(&world.team).await?;
    }
    Ok(())
}

fn report(counts: &BTreeMap<&str, Counts>) -> Result<()> {
    println!("killed at         kills  alive  refused, then back  answer lost, and told  lost");
    let line = |name: &str, of: &Counts| {
        println!(
            "{name:<16} {:>6} {:>6} {:>19} {:>22} {:>5}",
            of.kills,
            of.alive,
            of.returned,
            of.told,
            of.lost.len()
        );
    };
    let mut all = Counts::default();
    for point in POINTS {
        let Some(counts) = counts.get(point) else { continue };
        line(point, counts);
        counts.lost.iter().for_each(|why| println!("    {why}"));
        all.kills += counts.kills;
        all.late += counts.late;
        all.alive += counts.alive;
        all.returned += counts.returned;
        all.told += counts.told;
        all.lost.extend(counts.lost.iter().cloned());
    }
    line("in all", &all);
    for point in POINTS.iter().filter(|point| **point != ANY_MOMENT) {
        let killed = counts.get(point).map_or(0, |counts| counts.kills);
        ensure!(killed > 0 || all.kills < POINTS.len(), "no process died at {point}: does that point exist?");
    }
    let lost = all.lost.len();
    ensure!(lost == 0, "{lost} connections were lost");
    Ok(())
}
