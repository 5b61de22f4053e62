//! A database that was restored from an older backup: every machine that has seen something newer says so, hands out
//! its valid token, and sends no old refresh token. An owner shares the connection anew.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use grapnel_model::error::{Code, Error};
use grapnel_model::id::ConnectionId;
use grapnel_test_database::Stop;
use tempfile::TempDir;

use super::figures::millis;
use super::machine::Machine;
use super::world::TeamWorld;

/// How the backup is made and restored.
#[derive(Debug, Clone, Copy)]
enum Backup {
    /// The schema, with `pg_dump` and `psql`.
    Dump,
    /// The data directory of the stopped server.
    Copy,
}

pub(super) async fn prove() -> Result<()> {
    for backup in [Backup::Dump, Backup::Copy] {
        Box::pin(one(backup)).await.with_context(|| format!("{backup:?}"))?;
    }
    Ok(())
}

async fn one(backup: Backup) -> Result<()> {
    let (mut world, ids) = TeamWorld::new(2).await?;
    let mut member = world.machine("Grace", world.server.socket_url()).await?;
    let folder = TempDir::new()?;
    world.back_up(backup, folder.path())?;
    // One connection is refreshed after the backup, the other one is not.
    let [changed, unchanged] = ids.as_slice() else { anyhow::bail!("two connections were wanted") };
    let held = member.refresh(changed).await?.token;
    ensure!(held.is_ok(), "{held:?}");
    world.owner.sync_team(&world.team).await?;
    world.restore(backup, folder.path())?;

    let requests = world.requests();
    for is_restarted in [false, true] {
        if is_restarted {
            member.start_again().await?;
        }
        member.sync(&world.team).await?;
        let conflict = member.look(changed).await?.conflict.context("nothing is said of the backup")?;
        explained(&conflict)?;
        let refused = member.refresh(changed).await?.token;
        explained(&refused.err().context("the old refresh token was sent")?)?;
        ensure!(member.token(changed).await?.token == held, "the valid token was not handed out");
    }
    ensure!(world.requests() == requests, "a request was sent");
    let of_owner = world.owner.refresh(changed).await.err().context("the owner’s machine noticed nothing")?;
    explained(&of_owner)?;
    println!("{backup:?}: {} {}", of_owner.message, of_owner.meaning.as_deref().unwrap_or_default());
    let began = Instant::now();
    explained(&member.refresh(changed).await?.token.err().context("the old refresh token was sent")?)?;
    let noticed = began.elapsed();
    let usual = works(&world, unchanged, &mut member).await?;
    println!("noticed in {}; a refresh of what did not change takes {}", millis(noticed), millis(usual));
    // When the token has expired, it is still an error with its reason.
    world.expire();
    member.set_ahead(world.ahead).await?;
    explained(&member.token(changed).await?.token.err().context("an expired token was refreshed")?)?;
    // An owner shares it anew, from the machine with the newest tokens, and all goes on.
    world.owner.unshare(changed).await?;
    world.owner.share(changed, &world.team).await?;
    world.owner.refresh(changed).await?;
    world.is_alive(changed, &mut [&mut member]).await.context("shared anew")?;
    world.scan(&[&member])
}

/// The error names the backup, and says that nothing was taken from it.
fn explained(error: &Error) -> Result<()> {
    ensure!(error.code == Code::TeamRolledBack, "another error: {error:?}");
    ensure!(error.message.contains("older backup"), "it does not say why: {error:?}");
    ensure!(error.meaning.is_some() && error.hint.is_some(), "it does not say what to do: {error:?}");
    Ok(())
}

/// A connection that is as in the backup goes on as before. Returns how long its refresh takes.
async fn works(world: &TeamWorld, id: &ConnectionId, member: &mut Machine) -> Result<Duration> {
    let refreshed = member.refresh(id).await?;
    ensure!(refreshed.token.is_ok(), "what did not change cannot be used: {refreshed:?}");
    world.owner.sync_team(&world.team).await?;
    ensure!(refreshed.token == Ok(world.token(id).await?), "the owner has another token");
    Ok(refreshed.took)
}

impl TeamWorld {
    fn back_up(&mut self, backup: Backup, folder: &Path) -> Result<()> {
        match backup {
            Backup::Dump => {
                let mut dump = self.client("pg_dump")?;
                dump.args(["-n", &self.schema()?, "-f"]).arg(folder.join("dump.sql"));
                run(&mut dump)
            }
            Backup::Copy => {
                self.server.stop(Stop::Fast)?;
                run(Command::new("cp").arg("-a").arg(self.server.data()).arg(folder.join("data")))?;
                self.server.resume()
            }
        }
    }

    fn restore(&mut self, backup: Backup, folder: &Path) -> Result<()> {
        match backup {
            Backup::Dump => {
                self.server.sql(&format!("DROP SCHEMA {} CASCADE", self.schema()?))?;
                let mut psql = self.client("psql")?;
                run(psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f"]).arg(folder.join("dump.sql")))
            }
            Backup::Copy => {
                self.server.stop(Stop::Fast)?;
                std::fs::remove_dir_all(self.server.data())?;
                run(Command::new("cp").arg("-a").arg(folder.join("data")).arg(self.server.data()))?;
                self.server.resume()
            }
        }
    }

    /// A program of PostgreSQL for this server.
    pub(super) fn client(&self, program: &str) -> Result<Command> {
        let socket = self.server.socket();
        let mut command = Command::new(program);
        command.arg("-h").arg(socket.parent().context("no folder")?);
        command.args(["-p", &self.server.port().to_string(), "-U", "postgres", "-d", "postgres"]);
        Ok(command)
    }
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
