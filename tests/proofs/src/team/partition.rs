//! The way to the database fails in the middle of a refresh: it stops, delays, is cut in a message, and comes back; or
//! the server crashes and starts again. Another machine needs the token meanwhile. Nothing is lost, nobody waits longer
//! than the stated bound, and one request is sent for each refresh.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use grapnel_model::error::Code;
use grapnel_model::id::{ConnectionId, TeamId};
use grapnel_test_database::{Proxy, Stop, Way};
use tokio::task::JoinSet;

use super::machine::{Answered, Ask, Machine};
use super::world::TeamWorld;

/// The bound on the wait for another machine (`OTHER_MACHINE_TIMEOUT` in `refresh/shared.rs` of the core).
const BOUND: Duration = Duration::from_secs(60);
/// How late the provider answers in the cases in which it is slow: later than the server ends a silent session.
const LATE: Duration = Duration::from_secs(20);

/// What happens to the way of the machine that refreshes, until it has its token.
#[derive(Debug, Clone, Copy)]
enum Failure {
    /// Nothing passes, in either direction.
    Stops,
    /// What was sent arrives late.
    Delays,
    /// Its connections end; new ones are possible.
    Cut,
    /// Its connections end, and no new ones are possible.
    Blocked,
    /// The next message to the server ends in its middle.
    CutThere,
    /// The next answer of the server ends in its middle.
    CutBack,
    /// As [`Failure::Blocked`], while the provider answers late.
    BlockedAndSlow,
}

const CASES: [(&str, Failure); 17] = [
    ("after-team-lock", Failure::Stops),
    ("after-team-lock", Failure::Cut),
    ("after-team-lock", Failure::CutThere),
    ("before-team-mark", Failure::CutThere),
    ("before-team-mark", Failure::CutBack),
    ("after-team-mark", Failure::Stops),
    ("after-team-mark", Failure::Delays),
    ("after-team-mark", Failure::Cut),
    ("after-team-mark", Failure::Blocked),
    ("after-answer", Failure::Cut),
    ("after-answer", Failure::BlockedAndSlow),
    ("before-team-write", Failure::Stops),
    ("before-team-write", Failure::Cut),
    ("before-team-write", Failure::Blocked),
    ("before-team-write", Failure::CutThere),
    ("before-team-write", Failure::CutBack),
    ("after-team-write", Failure::Blocked),
];
/// The points at which the server crashes.
const CRASHES: [&str; 5] =
    ["after-team-lock", "after-team-mark", "after-answer", "before-team-write", "after-team-write"];

/// The machine that refreshes behind the proxy, and another one.
struct Pair {
    number: usize,
    id: ConnectionId,
    proxy: Proxy,
    first: Machine,
    second: Machine,
}

struct Outcome {
    pair: Pair,
    first: Answered,
    second: Answered,
    /// Until the team had the new token.
    healed: Duration,
}

pub(super) async fn prove() -> Result<()> {
    Box::pin(network()).await?;
    Box::pin(server()).await
}

async fn network() -> Result<()> {
    println!(
        "the way to the database fails in a refresh, {} cases; another machine asks for the token",
        CASES.len()
    );
    let (mut world, ids) = TeamWorld::new(CASES.len()).await?;
    let mut pairs = Vec::new();
    for (number, id) in ids.iter().enumerate() {
        let proxy = Proxy::start(world.server.port()).await?;
        let url = world.server.url_at("127.0.0.1", proxy.port(), "");
        let first = world.machine(&format!("far {number}"), url).await?;
        let second = world.machine(&format!("near {number}"), world.server.socket_url()).await?;
        pairs.push(Pair { number, id: id.clone(), proxy, first, second });
    }
    world.expire();
    let mut running = JoinSet::new();
    let requests = world.requests();
    for mut pair in pairs {
        pair.first.set_ahead(world.ahead).await?;
        pair.second.set_ahead(world.ahead).await?;
        running.spawn(run(pair, world.team.clone()));
    }
    let mut outcomes = Vec::new();
    while let Some(ended) = running.join_next().await {
        outcomes.push(ended??);
    }
    let requests = world.requests() - requests;
    outcomes.sort_by_key(|outcome| outcome.pair.number);
    println!("{:19}{:17}{:29}{:29}in the team after", "at", "the way", "this machine", "the other");
    for outcome in &outcomes {
        let (point, failure) = CASES[outcome.pair.number];
        println!(
            "{point:<18} {:<16} {:<28} {:<28} {:.1?}",
            format!("{failure:?}"),
            told(&outcome.first),
            told(&outcome.second),
            outcome.healed
        );
    }
    let mut wrong = Vec::new();
    for outcome in &mut outcomes {
        let (point, failure) = CASES[outcome.pair.number];
        if let Err(why) = judge(&world, outcome).await {
            wrong.push(format!("{point}, {failure:?}: {why:#}"));
        }
    }
    for why in &wrong {
        println!("    {why}");
    }
    let slowest = outcomes.iter().map(|outcome| outcome.first.took.max(outcome.second.took)).max();
    println!(
        "{requests} requests for {} refreshes; the longest wait was {:.1?}, the bound is {BOUND:?}",
        CASES.len(),
        slowest.unwrap_or_default()
    );
    ensure!(wrong.is_empty(), "{} connections are not well", wrong.len());
    ensure!(requests == CASES.len(), "one request was needed for each refresh");
    let machines = outcomes.iter().flat_map(|outcome| [&outcome.pair.first, &outcome.pair.second]);
    world.scan(&machines.collect::<Vec<_>>())
}

async fn run(mut pair: Pair, team: TeamId) -> Result<Outcome> {
    let (point, failure) = CASES[pair.number];
    let Pair { id, proxy, first, second, .. } = &mut pair;
    first.refresh_to(id, point).await?;
    match failure {
        Failure::Stops => proxy.freeze(),
        Failure::Delays => proxy.delay(Duration::from_millis(700)),
        Failure::Cut => proxy.cut(),
        Failure::Blocked | Failure::BlockedAndSlow => proxy.block(),
        Failure::CutThere => proxy.cut_after(Way::There, 20),
        Failure::CutBack => proxy.cut_after(Way::Back, 3),
    }
    let began = Instant::now();
    second.say(&Ask::Token(id.clone())).await?;
    let mut early = None;
    if matches!(failure, Failure::BlockedAndSlow) {
        // The other machine may not ask before the provider has answered this one.
        early = tokio::time::timeout(LATE, second.answered()).await.ok();
    }
    let refreshing = async {
        first.say(&Ask::GoOn).await?;
        let answered = first.answered().await?;
        proxy.resume();
        proxy.delay(Duration::ZERO);
        // As a running program does when the team can be reached again.
        loop {
            first.sync(&team).await?;
            if !first.look(id).await?.is_pending || began.elapsed() > BOUND {
                return anyhow::Ok((answered, began.elapsed()));
            }
        }
    };
    let asking = async {
        match early {
            Some(early) => early,
            None => second.answered().await,
        }
    };
    let ((refreshed, healed), asked) = tokio::try_join!(refreshing, asking)?;
    Ok(Outcome { pair, first: refreshed, second: asked, healed })
}

fn told(answered: &Answered) -> String {
    match &answered.token {
        Ok(_) => format!("token after {:.1?}", answered.took),
        Err(error) => format!("{:?} after {:.1?}", error.code, answered.took),
    }
}

/// Both machines have the team's token, and it works. Who did not get one was told why.
async fn judge(world: &TeamWorld, outcome: &mut Outcome) -> Result<()> {
    let Outcome { pair, first, second, .. } = outcome;
    ensure!(first.took <= BOUND && second.took <= BOUND, "somebody waited for too long");
    let theirs = second.token.as_ref().map_err(|error| anyhow::anyhow!("the other machine: {error:?}"))?;
    match &first.token {
        Ok(token) => ensure!(token == theirs, "the two machines got different tokens"),
        Err(error) => ensure!(
            matches!(error.code, Code::TeamUnreachable | Code::DataBusy),
            "the machine behind the failure was told something else: {error:?}"
        ),
    }
    world.is_alive(&pair.id, &mut [&mut pair.first, &mut pair.second]).await
}

/// The server crashes in the middle of a refresh, and is started again.
async fn server() -> Result<()> {
    println!("the server is stopped at once in a refresh, and started again");
    let (mut world, ids) = TeamWorld::new(CRASHES.len()).await?;
    let mut first = world.machine("Grace", world.server.socket_url()).await?;
    let mut second = world.machine("Linus", world.server.socket_url()).await?;
    let (mut slowest, mut requests) = (Duration::ZERO, 0);
    let sample = ids.first().context("no connection")?;
    let held = second.token(sample).await?;
    world.server.stop(Stop::Immediate)?;
    let without = second.token(sample).await?;
    ensure!(held.token == without.token, "without the server no token was handed out: {without:?}");
    println!("a valid token without the server: after {:.1?}; with it: {:.1?}", without.took, held.took);
    world.server.resume()?;
    // Once for all: a machine reads the account after a refresh, and would refresh again if its token had expired.
    world.expire();
    for machine in [&mut first, &mut second] {
        machine.set_ahead(world.ahead).await?;
    }
    for (id, point) in ids.iter().zip(CRASHES) {
        let before = world.requests();
        first.refresh_to(id, point).await?;
        world.server.stop(Stop::Immediate)?;
        first.say(&Ask::GoOn).await?;
        let (refreshed, asked) = (first.answered().await?, second.token(id).await?);
        world.server.resume()?;
        let refused = asked.token.as_ref().err().map(|error| error.code);
        ensure!(refused == Some(Code::TeamUnreachable), "what was asked without the server: {asked:?}");
        let mended = first.sync(&world.team).await?;
        ensure!(mended.is_none(), "the server is back, and not reached: {mended:?}");
        let again = second.token(id).await?;
        ensure!(again.token.is_ok(), "{point}: {again:?}");
        let made = world.requests() - before;
        println!("{point:<18} {}; then the other {}; {made} request", told(&refreshed), told(&again));
        ensure!(made == 1, "{point}: {made} requests");
        requests += made;
        slowest = slowest.max(refreshed.took).max(asked.took).max(again.took);
        world.is_alive(id, &mut [&mut first, &mut second]).await.context(point)?;
    }
    println!("{requests} requests for {} refreshes; the longest wait was {slowest:.1?}", CRASHES.len());
    ensure!(slowest <= BOUND, "somebody waited for too long");
    world.scan(&[&first, &second])
}
