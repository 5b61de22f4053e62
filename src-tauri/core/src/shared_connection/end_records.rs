//! Ends the sharing of records whose connections an owner unlinked here while the team's database could not be used.

use std::time::Duration;

use grapnel_model::error::{Code, Result};
use grapnel_model::team::TeamRole;
use grapnel_store::shared_connection;
use grapnel_team::port::{RecordId, Written};

use crate::context::Context;
use crate::team_session::TeamSession;

/// How long another machine may hold the lock of a record; after that, it is ended at the next sync.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// Ends those that can be; the others are kept for the next time.
///
/// # Errors
/// If the database cannot be reached.
pub(super) async fn end_records(ctx: &Context, team: &TeamSession) -> Result<()> {
    let records = ctx.store.read(|c| shared_connection::to_end(c, team.id()))?;
    if team.role() != TeamRole::Owner {
        return Ok(());
    }
    for record in records {
        match end(ctx, team, &RecordId(record.clone())).await {
            Ok(true) => {
                ctx.store.write(|tx| shared_connection::set_to_end(tx, team.id(), &record, false))?;
            }
            Ok(false) => {}
            Err(error) if error.code == Code::TeamUnreachable => return Err(error),
            Err(error) => tracing::warn!(%error, "a record that is no longer shared could not be ended"),
        }
    }
    Ok(())
}

/// Returns whether it is ended, or gone.
async fn end(ctx: &Context, team: &TeamSession, id: &RecordId) -> Result<bool> {
    // No other machine is in the middle of a refresh then, whose tokens would be lost.
    let lock = team.lock_any_version(ctx, id, LOCK_TIMEOUT).await?;
    let is_ended = match team.read_new(ctx, id).await? {
        Some(record) if !record.document.is_unshared() => {
            let ended = record.document.unshared(team.by(ctx), RecordId::random().0);
            matches!(team.write(ctx, &record, &ended, None).await?, Written::Stored | Written::Missing)
        }
        _ => true,
    };
    let _ = lock.release().await;
    Ok(is_ended)
}
