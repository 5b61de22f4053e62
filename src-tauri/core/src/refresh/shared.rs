//! The steps that a refresh of a shared connection has in addition: the team's lock, the record before the request, and
//! the record after it. So one machine refreshes, and the others take over what it got.

use std::sync::Arc;
use std::time::{Duration, Instant};

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::ConnectionId;
use grapnel_oauth::http::{HostPermit, Limits};
use grapnel_store::connection::Retry;
use grapnel_store::shared_connection::{self, SharedRow};
use grapnel_team::TeamError;
use grapnel_team::port::{Began, Locking, RecordLock};
use jiff::{SignedDuration, Timestamp};
use tokio::time::{sleep, timeout, timeout_at};

use super::crash_point::{CrashPoint, pass_crash_point};
use super::outcome::RefreshReason;
use super::own_mark;
use crate::context::Context;
use crate::shared_record::{self, Pushed, Record, SharedFailure, told};
use crate::signed_in::SignedIn;
use crate::team_session::TeamSession;

/// How long to wait for another machine that refreshes the connection: longer than a refresh takes.
const OTHER_MACHINE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long the result of another machine's refresh is waited for, although nothing holds the lock: the machine may
/// have lost the database while its request is on its way, and write the new tokens once it can. Longer than a request.
const LOST_MACHINE_GRACE: Duration = Limits::TOKEN.time().saturating_add(WRITE_TIME);
/// How long it may take to write new tokens to the team.
const WRITE_TIME: Duration = Duration::from_secs(5);
/// The age of a refresh without a result from which it is not waited for. Until then, its machine may have held the
/// lock to a moment ago: for a request, for a write, and for the time after which the server ends a silent session.
const LOST_MACHINE_END: Duration = LOST_MACHINE_GRACE.saturating_mul(2);
/// The pause between two looks for that result.
const GRACE_PAUSE: Duration = Duration::from_millis(500);
/// How long the slot at the provider's host is kept while another machine has the lock.
const SLOT_PATIENCE: Duration = Duration::from_millis(500);
/// How long the write of new tokens to the team is tried. What is not written by then is written later.
const TEAM_WRITE_TIMEOUT: Duration = Duration::from_secs(20);
/// From this time after its mark on, the lock is asked for before the request is sent: the computer may have been
/// suspended, and another machine may have taken over.
const MARK_IS_OLD: SignedDuration = SignedDuration::from_secs(5);

/// The slots at the provider's host. They are given up while another machine is waited for, so that it keeps back no
/// other connection of this computer.
#[derive(Default)]
pub(super) struct Slots {
    /// That of the request.
    pub(super) permit: Option<HostPermit>,
    /// That of background refreshes.
    #[expect(dead_code, reason = "held, never read")]
    pub(super) in_background: Option<HostPermit>,
}

impl Slots {
    fn give_up(&mut self) {
        *self = Self::default();
    }
}

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
    shared: SharedRow,
    lock: Box<dyn RecordLock>,
    record: Record,
    /// When the refresh was marked, by a clock that goes on while the computer is suspended.
    marked_at: Option<Timestamp>,
}

/// Takes the team's lock, if the connection is shared, unless the record has something newer. The caller holds the
/// connection's other locks.
pub(super) async fn enter(ctx: &Arc<Context>, of: &SignedIn, slots: &mut Slots) -> Result<Entered> {
    let id = &of.connection.id;
    let Some(shared) = ctx.store.read(|c| shared_connection::get(c, id))? else { return Ok(Entered::Local) };
    let deadline = Instant::now() + OTHER_MACHINE_TIMEOUT;
    let entered = timeout_at(deadline.into(), Box::pin(enter_until(ctx, of, shared, slots, deadline))).await;
    entered.unwrap_or_else(|_| Err(told(&TeamError::LockTimedOut)))
}

async fn enter_until(
    ctx: &Arc<Context>,
    of: &SignedIn,
    shared: SharedRow,
    slots: &mut Slots,
    deadline: Instant,
) -> Result<Entered> {
    let team = shared_record::session(ctx, &shared.team_id).await?;
    if of.connection.version != shared.grant_version {
        shared_record::push(ctx, &team, &of.connection.id, deadline).await?;
        return Ok(Entered::Newer);
    }
    pass_crash_point(CrashPoint::BeforeTeamLock);
    let mut found = None;
    loop {
        let within = deadline.saturating_duration_since(Instant::now());
        let lock = match lock(ctx, &team, &shared, slots, within).await? {
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
        let is_others = record.begun.as_ref().is_some_and(|begun| {
            let since_found = found.get_or_insert_with(Instant::now).elapsed();
            begun.machine != *team.machine() && is_awaited(begun.age, since_found)
        });
        if let Some(lock) = lock {
            if !is_others {
                let (ctx, marked_at) = (Arc::clone(ctx), None);
                let refresh = SharedRefresh { ctx, team, shared, lock, record, marked_at };
                return Ok(Entered::Locked(Box::new(refresh)));
            }
            release(Some(lock)).await;
        }
        slots.give_up();
        sleep(GRACE_PAUSE).await;
    }
}

/// Takes the team's lock; gives up the slots if that takes long.
async fn lock(
    ctx: &Context,
    team: &TeamSession,
    shared: &SharedRow,
    slots: &mut Slots,
    within: Duration,
) -> Result<Locking> {
    let mut locking = Box::pin(team.lock(ctx, shared, within));
    if let Ok(locked) = timeout(SLOT_PATIENCE, &mut locking).await {
        return locked;
    }
    slots.give_up();
    locking.await
}

/// Whether the result of a refresh is waited for that another machine began this long ago. It counts from when this
/// machine found it with the lock free: before that, the other one had the lock, and may have lost the database since.
fn is_awaited(age: Duration, since_found: Duration) -> bool {
    age < LOST_MACHINE_END && age.min(since_found) < LOST_MACHINE_GRACE
}

async fn release(lock: Option<Box<dyn RecordLock>>) {
    // If the session is gone, the lock is gone with it.
    if let Some(lock) = lock
        && let Err(error) = lock.release().await
    {
        tracing::debug!(%error, "the team’s lock was gone when it was released");
    }
}

impl SharedRefresh {
    /// Whether an earlier response may have been lost: a machine has begun a refresh and told no result.
    pub(super) fn response_may_be_lost(&self) -> bool {
        self.record.begun.is_some()
    }

    /// Marks the start of the refresh for the other machines.
    pub(super) async fn begin(&mut self) -> Result<()> {
        pass_crash_point(CrashPoint::BeforeTeamMark);
        let before = self.record.begun.as_ref().map(|begun| &begun.machine);
        let begun = self.lock.begin(self.record.port_version(), before, self.team.machine()).await;
        if begun.is_err() {
            // It may be marked all the same.
            self.take_back_later();
        }
        match self.team.checked(&self.ctx, begun)? {
            Began::Marked => {
                self.marked_at = Some(self.ctx.now());
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

    /// Whether the lock is still held, as far as is known: the server is asked if time has passed since the mark.
    pub(super) async fn is_held(&self) -> bool {
        let passed = self.marked_at.map(|at| at.duration_until(self.ctx.now()).abs());
        if passed.is_some_and(|passed| passed < MARK_IS_OLD) {
            return true;
        }
        self.lock.verify().await.is_ok()
    }

    /// Removes the mark: no request is sent after all.
    pub(super) async fn unbegin(&self) {
        if let Err(error) = self.lock.unbegin(self.record.port_version(), self.team.machine()).await {
            tracing::debug!(%error, "the start of a refresh could not be taken back");
            self.take_back_later();
        }
    }

    fn take_back_later(&self) {
        let (ctx, team) = (Arc::clone(&self.ctx), Arc::clone(&self.team));
        tokio::spawn(own_mark::take_back(ctx, team, self.shared.clone(), LOST_MACHINE_GRACE));
    }

    /// Writes the new grant, which is stored here, to the record, while whoever waits for the token has it already. If
    /// that fails, it is written later.
    pub(super) fn write_grant(self: Box<Self>, id: &ConnectionId) {
        let Self { ctx, team, lock, .. } = *self;
        let (id, writing) = (id.clone(), ctx.teams.begin_write(id));
        tokio::spawn(async move {
            pass_crash_point(CrashPoint::BeforeTeamWrite);
            let pushed = Box::pin(shared_record::push_locked(&ctx, &team, &id));
            let written = timeout(TEAM_WRITE_TIMEOUT, pushed).await.unwrap_or_else(|_| Err(too_slow()));
            pass_crash_point(CrashPoint::AfterTeamWrite);
            match written {
                Ok(Pushed::Written) => {}
                Ok(Pushed::GaveWay | Pushed::Nothing) => tracing::info!("the team has other tokens"),
                Err(error) => shared_record::keep_pending(&ctx, &id, &error),
            }
            release(Some(lock)).await;
            drop(writing);
            ctx.emit(Event::Connection(id));
        });
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
        let written = shared_record::write_failure(&self.ctx, &self.team, &self.record, (failure, asked));
        match timeout(TEAM_WRITE_TIMEOUT, written).await {
            Ok(Ok(())) => {}
            failed => tracing::info!(?failed, "a failed refresh could not be told to the team"),
        }
        pass_crash_point(CrashPoint::AfterTeamWrite);
        release(Some(self.lock)).await;
    }
}

fn too_slow() -> Error {
    Error::new(Code::TeamUnreachable, "The team’s database did not take the new tokens in time.")
        .means("They are kept here, and written to the team later.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grace_counts_from_the_later_of_the_mark_and_the_free_lock() {
        let seconds = Duration::from_secs;
        let table = [
            // Found at once after it began: until a request has ended in any case.
            (0, 0, true),
            (34, 34, true),
            (35, 35, false),
            // The server freed the lock of a machine that fell silent; it has the grace from then on.
            (15, 0, true),
            (36, 21, true),
            (50, 35, false),
            // A mark that was newer than the one found first.
            (3, 40, true),
            // Longer than any machine holds the lock: it is not waited for at all.
            (69, 0, true),
            (70, 0, false),
            (86_400, 0, false),
        ];
        for (age, since_found, expected) in table {
            assert_eq!(is_awaited(seconds(age), seconds(since_found)), expected, "{age}, {since_found}");
        }
    }
}
