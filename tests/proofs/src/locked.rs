//! A keyring (GNOME's, on a desktop of its own) that is locked while a refresh is between its request and its answer:
//! the new tokens are kept. A program that starts while it is locked says so and sends nothing, and goes on by itself
//! when it is unlocked.

use std::time::Duration;

use anyhow::{Result, ensure};
use grapnel_model::error::Code;
use grapnel_model::id::ConnectionId;
use grapnel_tests::keyring::{self, Keyring};
use grapnel_tests::session;
use tokio::process::Command;

use crate::stopped::Stopped;
use crate::world::World;

/// The same proof, on the desktop that was made for it.
pub(crate) const HERE: &str = "locked-here";
/// Where a refresh stands when the keyring is locked.
const POINTS: [&str; 4] = ["after-mark", "before-send", "after-answer", "before-commit"];
/// Longer than a token lives.
const HOUR: i64 = 3700;

pub(crate) async fn prove(rounds: usize) -> Result<()> {
    let desktop = session::start(Keyring::Unlocked).await?;
    let mut inside = Command::from(desktop.command(std::env::current_exe()?));
    inside.args([HERE, &rounds.to_string()]).kill_on_drop(true);
    ensure!(inside.status().await?.success(), "on a desktop of its own");
    Ok(())
}

/// Tries it with the keyring of this process's session.
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
    // The files stay as they are for as long as someone has them open.
    world.scan()
}

/// It is locked while a refresh stands at the point, and another one follows.
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

/// A program starts while the keyring is locked, and its connection's time has come.
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
