//! `grapnel token` for a valid token while the agent runs: as fast for a shared connection as for a local one.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use grapnel_core::token_agent::AgentOptions;
use grapnel_tests::artifacts;
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
    let program = artifacts::program().with_file_name("grapnel").canonicalize();
    let program = program.context("grapnel is not built")?;
    let asked = tokio::task::spawn_blocking(move || {
        let mut took = [Vec::new(), Vec::new()];
        for number in 0..tokens * 2 {
            let name = [local, &shared][number % 2];
            took[number % 2].push(token(&program, &home, name)?);
        }
        anyhow::Ok(took)
    });
    let [of_local, of_shared] = asked.await??.map(median);
    serving.abort();
    following.abort();
    let ratio = ratio(of_shared, of_local);
    println!(
        "grapnel token beside the agent, median of {tokens}: shared {}, local {}: {ratio:.2} times that",
        millis(of_shared),
        millis(of_local)
    );
    ensure!(ratio < MAX_RATIO, "a shared connection is slower than a local one");
    Ok(())
}

/// The time of a whole `grapnel token`. Without a keyring in its environment, only the agent can give it the token.
fn token(program: &Path, home: &Path, name: &str) -> Result<Duration> {
    let mut command = Command::new(program);
    command.args(["token", name]).env_clear().env("GRAPNEL_HOME", home).stdin(Stdio::null());
    let began = Instant::now();
    let ran = command.output()?;
    let took = began.elapsed();
    ensure!(ran.status.success(), "no token of {name}: {}", String::from_utf8_lossy(&ran.stderr));
    Ok(took)
}
