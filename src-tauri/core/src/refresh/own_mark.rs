//! Takes back this machine's mark of a refresh that was not sent: the answer of the team's database to the mark was
//! lost. Otherwise the other machines wait for a result that does not come.

use std::sync::Arc;
use std::time::{Duration, Instant};

use grapnel_model::error::Result;
use grapnel_store::connection;
use grapnel_store::shared_connection::{self, SharedRow};
use grapnel_team::port::Locking;
use tokio::time::sleep;

use super::connection_lock::hold;
use crate::context::Context;
use crate::team_session::TeamSession;

/// The pause between two attempts.
const PAUSE: Duration = Duration::from_secs(1);
/// How long one attempt waits for the team's lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// Tries for this time, after which nobody waits for the result any more.
pub(super) async fn take_back(
    ctx: Arc<Context>,
    team: Arc<TeamSession>,
    shared: SharedRow,
    within: Duration,
) {
    let begun = Instant::now();
    while begun.elapsed() < within {
        match Box::pin(try_to_take_back(&ctx, &team, &shared)).await {
            Ok(()) => return,
            Err(error) => tracing::debug!(%error, "the mark of a refresh could not be taken back"),
        }
        sleep(PAUSE).await;
    }
}

async fn try_to_take_back(ctx: &Arc<Context>, team: &TeamSession, shared: &SharedRow) -> Result<()> {
    let id = &shared.connection_id;
    // No process of this machine refreshes it meanwhile, so that the mark is not that of a later refresh.
    let _held = hold(ctx, id).await?;
    let now = ctx.store.read(|c| Ok((connection::get(c, id)?, shared_connection::get(c, id)?)))?;
    let (Some(row), Some(now)) = now else { return Ok(()) };
    let is_unchanged = now.record_id == shared.record_id && now.record_version == shared.record_version;
    // A request was sent if the grant has changed, or if the start of a refresh is stored here.
    if !is_unchanged || row.version != now.grant_version || row.refresh_status.is_begun {
        return Ok(());
    }
    let Locking::Held(lock) = team.lock(ctx, &now, LOCK_TIMEOUT).await? else { return Ok(()) };
    let version = u64::try_from(now.record_version).unwrap_or_default();
    let taken_back = lock.unbegin(version, team.machine()).await;
    // If the session is gone, the lock is gone with it.
    let _ = lock.release().await;
    team.checked(ctx, taken_back)
}
