//! A team whose machines share connections by a PostgreSQL database: one refresh for all machines, no token lost when a
//! process, the network or the server fails, an older backup noticed, and nothing in the clear at the server.

mod agent;
mod crash;
mod figures;
mod flight;
pub(crate) mod machine;
mod partition;
mod restore;
mod scan;
mod size;
mod world;

use anyhow::{Context, Result, bail, ensure};

pub(crate) const USAGE: &str = "prove team [flight [MACHINES THREADS CONNECTIONS] | crash [KILLS] | partition | \
    restore | scan | size [CONNECTIONS] | agent [TOKENS]]";

pub(crate) async fn prove(arguments: &[&str]) -> Result<()> {
    let number = |text: &&str| text.parse::<usize>().with_context(|| format!("“{text}” is no number"));
    let (part, sizes) = match arguments {
        [] => (None, Vec::new()),
        [part, sizes @ ..] => (Some(*part), sizes.iter().map(number).collect::<Result<Vec<_>>>()?),
    };
    let size = |at: usize, default| sizes.get(at).copied().unwrap_or(default);
    let is_wanted = |name| part.is_none_or(|part| part == name);
    let most_sizes = match part {
        Some("flight") => 3,
        Some("crash" | "size" | "agent") => 1,
        None | Some("partition" | "restore" | "scan") => 0,
        Some(_) => bail!("{USAGE}"),
    };
    ensure!(sizes.len() <= most_sizes, "{USAGE}");
    if is_wanted("flight") {
        Box::pin(flight::prove(size(0, 32), size(1, 8), size(2, 1000))).await?;
    }
    if is_wanted("crash") {
        Box::pin(crash::prove(size(0, 1000))).await?;
    }
    if is_wanted("partition") {
        Box::pin(partition::prove()).await?;
    }
    if is_wanted("restore") {
        Box::pin(restore::prove()).await?;
    }
    if is_wanted("scan") {
        Box::pin(scan::prove()).await?;
    }
    if is_wanted("size") {
        Box::pin(size::prove(size(0, 50_000))).await?;
    }
    if is_wanted("agent") {
        Box::pin(agent::prove(size(0, 1000))).await?;
    }
    Ok(())
}
