//! A keyring (GNOME's, on a desktop of its own) that is locked while a refresh is between its request and its response:
//! the new tokens are stored. A program that starts while the keyring is locked reports it and sends no request, and
//! continues when it is unlocked.

use std::time::Duration;

use anyhow::{Result, ensure};
use grapnel_model::error::Code;
use grapnel_model::id::ConnectionId;
use grapnel_tests::keyring::{self, Keyring};
use grapnel_tests::session;
use tokio::process::Command;

use crate::stopped::Stopped;
use crate::world::World;

/// The role of this proof on the desktop that was created for it.
pub(crate) const HERE: &str = "locked-here";
/// The point of the refresh at which the keyring is locked.
const POINTS: [&str; 4] = ["after-mark", "before-send", "after-answer", "before-commit"];
/// Longer than a token's lifetime.
const HOUR: i64 = 3700;

pub(crate) async fn prove(rounds: usize) -> Result<()> {
    let desktop = session::start(Keyring::Unlocked).await?;
    let mut inside = Command::from(desktop.command(std::env::current_exe()?));
    inside.args([HERE, &rounds.to_string()]).kill_on_drop(true);
    ensure!(inside.status().await?.success(), "on a desktop of its own");
    Ok(())
}

/// Runs it with the keyring of this process's session.
pub(crate) async fn here(rounds: usize) -> Result<()> {
    println!("the keyring is locked at   times  saved  told, sent nothing  went on by itself");
    let mut secrets = 0;
    for point in POINTS {
        for _ in 0..rounds {
            secrets += round(point).await?;
        }
        println!("{point:<25} {rounds:>6} {rounds:>6} {rounds:>19} {rounds:>18}");
    }
    println!("secrets looked for in every file, and not found: {secrets}");
    Ok(())
}

async fn round(point: &str) -> Result<usize> {
    let world = World::on_desktop()?;
    let id = {
        let grapnel = world.open()?;
        let app = world.add_app(&grapnel).await?;
        world.sign_in(&grapnel, &app, None).await?
    };
    in_flight(&world, &id, point).await?;
    at_start(&world, &id).await?;
    let grapnel = world.open()?;
    world.is_alive(&grapnel, &id).await?;
    // The WAL files do not change while a process has the database open.
    world.scan()
}

/// The keyring is locked while a refresh is at `point`; another refresh follows.
async fn in_flight(world: &World, id: &ConnectionId, point: &str) -> Result<()> {
    let mut program = start(world, id, point, 0)?;
    ensure!(program.opened().await?.is_none(), "the data does not open");
    program.refresh_to_the_point().await?;
    keyring::lock().await?;
    for (word, rotations) in [("go on", 1), ("refresh", 2)] {
        let failure = program.refreshed(word).await?;
        ensure!(failure.is_none() && world.rotations() == rotations, "{rotations}: {failure:?}");
    }
    let standing = program.stands("look").await?;
    ensure!(standing.is_well(), "it stands at {standing:?}");
    program.kill().await
}

/// A program starts while the keyring is locked and its connection is due for refresh.
async fn at_start(world: &World, id: &ConnectionId) -> Result<()> {
    world.sandbox.clock().advance(Duration::from_secs(HOUR.unsigned_abs()));
    world.clock.set_ahead(HOUR);
    let rotations = world.rotations();
    let mut program = start(world, id, "none", HOUR)?;
    ensure!(program.opened().await?.is_none(), "the data does not open");
    program.stands("lock").await?;
    let failure = program.refreshed("refresh").await?;
    let is_told = failure.as_ref().is_some_and(|failure| failure.code == Code::KeyringLocked);
    ensure!(is_told, "told as something else: {failure:?}");
    ensure!(world.rotations() == rotations, "something was sent");
    keyring::unlock().await?;
    program.stands("settle").await?;
    ensure!(world.rotations() == rotations + 1, "{} refreshes", world.rotations() - rotations);
    program.end().await
}

fn start(world: &World, id: &ConnectionId, point: &str, ahead: i64) -> Result<Stopped> {
    Stopped::start(&mut world.child("stop", &[&id.0, point, &ahead.to_string()])?)
}
