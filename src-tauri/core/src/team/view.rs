//! The teams as they are shown.

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::TeamId;
use grapnel_model::team::Team;
use grapnel_store::shared_connection::{self, Counts};
use grapnel_store::team::{self, TeamRow};

use crate::context::Context;

/// Every team, as it was when its database was last reached.
pub(crate) fn all(ctx: &Context) -> Result<Vec<Team>> {
    ctx.store.read(|c| {
        let shown = team::all(c)?.into_iter().map(|row| {
            let counts = shared_connection::counts(c, &row.id)?;
            Ok(view(row, counts))
        });
        shown.collect()
    })
}

/// One team.
pub(crate) fn one(ctx: &Context, id: &TeamId) -> Result<Team> {
    let found = ctx.store.read(|c| {
        let Some(row) = team::get(c, id)? else { return Ok(None) };
        Ok(Some(view(row, shared_connection::counts(c, id)?)))
    })?;
    found.ok_or_else(|| {
        Error::new(Code::NotFound, "This team is not here any more.")
            .hint("Join it again with a new invitation.")
    })
}

fn view(row: TeamRow, counts: Counts) -> Team {
    Team {
        id: row.id,
        name: row.name,
        host: row.host,
        database: row.database_name,
        schema: row.schema_name,
        schema_version: row.schema_version,
        role: row.role,
        members: row.members,
        connections: counts.all,
        pending: counts.pending,
        rolled_back: counts.rolled_back,
        reached_at: row.reached_at,
        unreachable: row.unreachable,
    }
}
