//! How many connections stand how, counted without reading those of which nothing is noted.

use grapnel_model::connection::{State, Summary};
use grapnel_model::error::Result;
use grapnel_store::connection_status;

use super::state::StatusContext;
use crate::app;
use crate::env::Env;

/// How many connections stand how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatusCounts {
    /// All there are.
    pub all: usize,
    /// That hold no tokens any more.
    pub disconnected: usize,
    /// Whose tokens the keyring does not open.
    pub locked: usize,
    /// Whose renewal failed for a reason that passes.
    pub retrying: usize,
    /// That only a new sign-in helps, by name.
    pub needing: Vec<Summary>,
}

/// Counts them.
pub(crate) fn count(env: &Env) -> Result<StatusCounts> {
    let unsaved = env.unsaved_ones();
    let (noted, (all, disconnected)) = env.store.read(|c| {
        let mut noted = connection_status::noted(c)?;
        for row in &unsaved {
            if noted.iter().all(|one| one.id != row.id) {
                noted.extend(connection_status::one(c, &row.id)?);
            }
        }
        Ok((noted, connection_status::counts(c)?))
    })?;
    let mut counts = StatusCounts { all, disconnected, ..StatusCounts::default() };
    if env.vault.trouble().is_some() {
        counts.locked = all - disconnected;
        return Ok(counts);
    }
    if noted.is_empty() {
        return Ok(counts);
    }
    for summary in StatusContext::of(env, app::all(env)?).summaries(noted) {
        match summary.state {
            State::Retrying => counts.retrying += 1,
            State::ReconnectNeeded => counts.needing.push(summary),
            _ => {}
        }
    }
    counts.needing.sort_by_cached_key(|one| one.name.to_lowercase());
    Ok(counts)
}
