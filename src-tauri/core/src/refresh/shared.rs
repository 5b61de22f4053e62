//! The steps that a refresh of a shared connection has in addition: the team's lock, the record before the request, and
//! the record after it. So one machine refreshes, and the others take over what it got.

use std::sync::Arc;
use std::time::{Duration, Instant};

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::ConnectionId;
use grapnel_oauth::http::Limits;
use grapnel_store::connection::Retry;
use grapnel_store::shared_connection;
use grapnel_team::port::{Began, Locking, RecordLock};

use super::crash_point::{CrashPoint, pass_crash_point};
use super::outcome::RefreshReason;
use crate::context::Context;
use crate::shared_record::{self, Pushed, Record, SharedFailure};
use crate::signed_in::SignedIn;
use crate::team_session::TeamSession;

/// How long to wait for another machine that refreshes the connection: longer than a refresh takes.
const OTHER_MACHINE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long after another machine has begun a refresh its result is waited for, although nothing holds the lock: it may
/// have lost the database while its request is on its way, and write the new tokens once it can. Longer than a request,
/// and than the server keeps the lock of a machine that fell silent.
const LOST_MACHINE_GRACE: Duration = Limits::TOKEN.time().saturating_add(WRITE_TIME);
/// How long it may take to write new tokens to the team.
const WRITE_TIME: Duration = Duration::from_secs(5);
/// The pause between two looks for that result.
const GRACE_PAUSE: Duration = Duration::from_millis(500);

/// How a refresh goes on.
pub(super) enum Entered {
    /// The connection is not shared.
    Local,
    /// This machine refreshes it.
    Locked(Box<SharedRefresh>),
    /// The record had something newer, which is stored now; or the team has this computer's new tokens now.
    Newer,
}

/// A refresh of a shared connection that holds the team's lock.
pub(super) struct SharedRefresh {
    ctx: Arc<Context>,
    team: Arc<TeamSession>,
    lock: Box<dyn RecordLock>,
    record: Record,
}

/// Takes the team's lock, if the connection is shared, unless the record has something newer. The caller holds the
/// connection's other locks.
pub(super) async fn enter(ctx: &Arc<Context>, of: &SignedIn) -> Result<Entered> {
    let id = &of.connection.id;
    let Some(shared) = ctx.store.read(|c| shared_connection::get(c, id))? else { return Ok(Entered::Local) };
    let team = shared_record::session(ctx, &shared.team_id).await?;
    let deadline = Instant::now() + OTHER_MACHINE_TIMEOUT;
    if of.connection.version != shared.grant_version {
        shared_record::push(ctx, &team, id, deadline).await?;
        return Ok(Entered::Newer);
    }
    pass_crash_point(CrashPoint::BeforeTeamLock);
    loop {
        let within = deadline.saturating_duration_since(Instant::now());
        let lock = match team.lock(ctx, &shared, within).await? {
            Locking::Held(lock) => Some(lock),
            Locking::Newer(_) => None,
        };
        pass_crash_point(CrashPoint::AfterTeamLock);
        let record = team.read(ctx, &shared).await?;
        if record.version > shared.record_version {
            shared_record::apply(ctx, of, &shared, &record).await?;
            release(lock).await;
            return Ok(Entered::Newer);
        }
        let Some(lock) = lock else { continue };
        let others = record.begun.as_ref().filter(|begun| begun.machine != *team.machine());
        if others.is_some_and(|begun| begun.age < LOST_MACHINE_GRACE) && within > GRACE_PAUSE {
            release(Some(lock)).await;
            tokio::time::sleep(GRACE_PAUSE).await;
            continue;
        }
        let ctx = Arc::clone(ctx);
        return Ok(Entered::Locked(Box::new(SharedRefresh { ctx, team, lock, record })));
    }
}

async fn release(lock: Option<Box<dyn RecordLock>>) {
    // If the session is gone, the lock is gone with it.
    if let Some(lock) = lock
        && let Err(error) = lock.release().await
    {
        tracing::debug!(%error, "the team's lock was gone when it was released");
    }
}

impl SharedRefresh {
    /// Whether an earlier response may have been lost: a machine has begun a refresh and told no result.
    pub(super) fn response_may_be_lost(&self) -> bool {
        self.record.begun.is_some()
    }

    /// Marks the start of the refresh for the other machines.
    pub(super) async fn begin(&self) -> Result<()> {
        pass_crash_point(CrashPoint::BeforeTeamMark);
        let before = self.record.begun.as_ref().map(|begun| &begun.machine);
        let begun = self.lock.begin(self.record.port_version(), before, self.team.machine()).await;
        match self.team.checked(&self.ctx, begun)? {
            Began::Marked => {
                pass_crash_point(CrashPoint::AfterTeamMark);
                Ok(())
            }
            Began::Changed => Err(Error::new(
                Code::TeamConflict,
                "Another machine of the team changed this connection at the same moment.",
            )
            .means("No request was sent; the tokens are unchanged.")
            .hint("Try again.")),
        }
    }

    /// Removes the mark: no request is sent after all.
    pub(super) async fn unbegin(&self) {
        if let Err(error) = self.lock.unbegin(self.record.port_version(), self.team.machine()).await {
            tracing::debug!(%error, "the start of a refresh could not be taken back");
        }
    }

    /// Writes the new grant, which is stored here, to the record. If that fails, it is written later.
    pub(super) async fn write_grant(self: Box<Self>, id: &ConnectionId) {
        pass_crash_point(CrashPoint::BeforeTeamWrite);
        let written = shared_record::push_locked(&self.ctx, &self.team, id).await;
        pass_crash_point(CrashPoint::AfterTeamWrite);
        match written {
            Ok(Pushed::Written) => {}
            Ok(Pushed::GaveWay | Pushed::Nothing) => tracing::info!("the team has other tokens"),
            Err(error) => shared_record::keep_pending(&self.ctx, id, &error),
        }
        release(Some(self.lock)).await;
    }

    /// Writes a failed refresh to the record, so that the other machines do not try the same.
    pub(super) async fn write_failure(
        self: Box<Self>,
        (error, retry): (&Error, &Retry),
        reason: RefreshReason,
    ) {
        let failure = SharedFailure::new(error.clone(), retry);
        let asked = reason == RefreshReason::Requested;
        pass_crash_point(CrashPoint::BeforeTeamWrite);
        if let Err(error) =
            shared_record::write_failure(&self.ctx, &self.team, &self.record, (failure, asked)).await
        {
            tracing::info!(%error, "a failed refresh could not be told to the team");
        }
        pass_crash_point(CrashPoint::AfterTeamWrite);
        release(Some(self.lock)).await;
    }
}
