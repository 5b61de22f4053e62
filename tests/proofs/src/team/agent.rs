//! `grapnel token` for a valid token while the agent runs: as fast for a shared connection as for a local one.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use grapnel_core::token_agent::{AgentOptions, AgentRequest, ask};
use tokio::net::UnixStream;

use super::figures::{median, millis, ratio};
use super::world::TeamWorld;

/// What the difference may be at most: that of two measurements of the same.
const MAX_RATIO: f64 = 1.5;

pub(super) async fn prove(tokens: usize) -> Result<()> {
    let (world, ids) = TeamWorld::new(1).await?;
    let local = "Local ledger of the wharf";
    world.world.sign_in_as(&world.owner, &world.app, local).await?;
    let shared = world.owner.connection(ids.first().context("no connection")?)?.summary.name;
    let (serving, following) = (world.owner.clone(), world.owner.clone());
    let serving = tokio::spawn(async move { serving.serve_tokens(AgentOptions::default()).await });
    let following = tokio::spawn(async move { following.follow_teams().await });
    while UnixStream::connect(world.world.home().join("agent.sock")).await.is_err() {
        tokio::task::yield_now().await;
    }
    let home = world.world.home().to_owned();
    let asked = tokio::task::spawn_blocking(move || {
        let mut took = [Vec::new(), Vec::new()];
        for number in 0..tokens * 2 {
            let (name, took) = ([local, &shared][number % 2], &mut took[number % 2]);
            let request = AgentRequest { name: name.to_owned(), min_valid: Duration::ZERO };
            let began = Instant::now();
            ensure!(ask(&home, &request).is_some(), "the agent has no token of {name}");
            took.push(began.elapsed());
        }
        anyhow::Ok(took)
    });
    let [of_local, of_shared] = asked.await??.map(median);
    serving.abort();
    following.abort();
    let ratio = ratio(of_shared, of_local);
    println!(
        "a token from the agent, median of {tokens}: shared {}, local {}: {ratio:.2} times that",
        millis(of_shared),
        millis(of_local)
    );
    ensure!(ratio < MAX_RATIO, "a shared connection is slower than a local one");
    Ok(())
}
