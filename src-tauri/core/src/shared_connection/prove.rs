//! Proves that a team's database can be used: it answers, and its locks exclude.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use grapnel_model::error::Result;
use grapnel_model::id::TeamId;
use grapnel_store::shared_connection;
use grapnel_team::port::RecordId;

use crate::context::Context;
use crate::shared_record;
use crate::team_session::TeamSession;

/// How long the lock of a record that nobody has may take.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// Proves that locks exclude, takes one, reads the membership, and looks for records that are too old; returns the
/// version of the membership.
pub(crate) async fn prove(ctx: &Arc<Context>, id: &TeamId) -> Result<i64> {
    let session = shared_record::session(ctx, id).await?;
    session.renew_keys(ctx).await?;
    let excludes = session.team().store().prove().await;
    session.checked(ctx, excludes)?;
    let lock = session.lock_any_version(ctx, &RecordId::random(), LOCK_TIMEOUT).await?;
    let _ = lock.release().await;
    find_rolled_back(ctx, &session).await?;
    shared_record::stored_version(session.team().seen().version)
}

/// Notes with each connection whether its record is older than what was seen of it.
async fn find_rolled_back(ctx: &Arc<Context>, session: &TeamSession) -> Result<()> {
    let listed = session.list(ctx).await?;
    let versions: HashMap<&str, i64> =
        listed.iter().map(|(record, version)| (record.0.as_str(), *version)).collect();
    for known in ctx.store.read(|c| shared_connection::of_team(c, session.id()))? {
        let there = versions.get(known.record_id.as_str()).copied().unwrap_or_default();
        let is_noted = known.conflict.as_ref().is_some_and(|error| error.code.is_of_team_content());
        if there < known.record_version || is_noted {
            shared_record::pull_or_note(ctx, session, &known).await?;
        }
    }
    Ok(())
}
