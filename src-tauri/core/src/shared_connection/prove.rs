//! Proves that a team's database can be used: it answers, and its locks exclude.

use std::time::Duration;

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::ConnectionId;
use grapnel_model::id::TeamId;
use grapnel_store::shared_connection::SharedRow;
use grapnel_team::port::{Locking, RecordId};

use crate::context::Context;
use crate::shared_record;

/// How long the lock of a record that nobody has may take.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// Proves that locks exclude, takes one, and reads the membership; returns its version.
pub(crate) async fn prove(ctx: &Context, id: &TeamId) -> Result<i64> {
    let session = shared_record::session(ctx, id).await?;
    session.renew_keys(ctx).await?;
    let excludes = session.team().store().prove().await;
    session.checked(ctx, excludes)?;
    let nobodys = SharedRow {
        record_version: i64::MAX,
        ..SharedRow::new(ConnectionId(String::new()), id.clone(), RecordId::random().0)
    };
    match session.lock(ctx, &nobodys, LOCK_TIMEOUT).await? {
        Locking::Held(lock) => {
            let _ = lock.release().await;
        }
        Locking::Newer(_) => return Err(Error::new(Code::Internal, "The team’s database locks nothing.")),
    }
    shared_record::stored_version(session.team().seen().version)
}
