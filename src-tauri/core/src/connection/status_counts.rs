//! Counts the connections by status, reading only those with anything to report.

use grapnel_model::connection::{State, Summary};
use grapnel_model::error::Result;
use grapnel_store::connection_status;

use super::state::StatusContext;
use crate::app;
use crate::context::Context;

/// The number of connections by status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatusCounts {
    /// All connections.
    pub all: usize,
    /// Those without tokens.
    pub disconnected: usize,
    /// Those that are locked.
    pub locked: usize,
    /// Those whose refresh failed temporarily.
    pub retrying: usize,
    /// Those that need a new sign-in, by name.
    pub needing: Vec<Summary>,
}

/// Counts them.
pub(crate) fn count(ctx: &Context) -> Result<StatusCounts> {
    let unsaved = ctx.unsaved_connections();
    let (noted, (all, disconnected)) = ctx.store.read(|c| {
        let mut noted = connection_status::needing_attention(c)?;
        for row in &unsaved {
            if noted.iter().all(|one| one.id != row.id) {
                noted.extend(connection_status::one(c, &row.id)?);
            }
        }
        Ok((noted, connection_status::counts(c)?))
    })?;
    let mut counts = StatusCounts { all, disconnected, ..StatusCounts::default() };
    if ctx.vault.error().is_some() {
        counts.locked = all - disconnected;
        return Ok(counts);
    }
    if noted.is_empty() {
        return Ok(counts);
    }
    for summary in StatusContext::of(ctx, app::all(ctx)?).summaries(noted) {
        match summary.state {
            State::Retrying => counts.retrying += 1,
            State::ReconnectNeeded => counts.needing.push(summary),
            _ => {}
        }
    }
    counts.needing.sort_by_cached_key(|one| one.name.to_lowercase());
    Ok(counts)
}
