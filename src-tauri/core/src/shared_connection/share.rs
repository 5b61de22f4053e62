//! Shares a connection with a team, and stops sharing it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use grapnel_model::activity::Kind;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::{ConnectionId, TeamId};
use grapnel_model::team::{TeamActivity, TeamRole};
use grapnel_store::shared_connection::{self, SharedRow};
use grapnel_store::{activity, team};
use grapnel_team::port::{RecordId, Written};

use crate::context::Context;
use crate::grant;
use crate::refresh;
use crate::shared_record::{self, Pushed};
use crate::signed_in::SignedIn;
use crate::team_session::TeamSession;

/// How long a person waits for the team's lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(60);
/// How many entries of a connection's activity are shown.
const SHOWN_ENTRIES: u32 = 200;

/// Shares a connection: the team gets its app and its tokens.
///
/// # Errors
/// They say whether it is shared.
pub(crate) async fn share(ctx: &Arc<Context>, id: &ConnectionId, team_id: &TeamId) -> Result<()> {
    let nothing =
        |error: Error| error.means("Nothing was shared. The tokens stay on this computer, unchanged.");
    let session = shared_record::session(ctx, team_id).await.map_err(nothing)?;
    if session.role() == TeamRole::Worker {
        return Err(not_by_worker());
    }
    // No refresh may spend the refresh token that the team is about to get.
    let _held = refresh::hold(ctx, id).await?;
    let of = SignedIn::load(ctx, id)?;
    let row = &of.connection;
    if row.grant.is_none() {
        return Err(grant::disconnected(&row.name));
    }
    if let Some(error) = row.refresh_status.error.clone().filter(|_| row.holds_another_account()) {
        return Err(error.means("Nothing was shared."));
    }
    if ctx.unsaved(id).is_some() {
        return Err(Error::new(Code::DataBusy, "New tokens of this connection are not stored yet.")
            .means("Nothing was shared.")
            .hint("Refresh it, then share it."));
    }
    // The record is added as what the team does not have yet, also if this process ends before.
    let new = SharedRow::new(id.clone(), team_id.clone(), RecordId::random().0);
    let already = ctx.store.write(|tx| {
        if let Some(shared) = shared_connection::get(tx, id)? {
            return team::get(tx, &shared.team_id);
        }
        shared_connection::put(tx, &new).map(|()| None)
    })?;
    if let Some(team) = already {
        return Err(Error::new(
            Code::InvalidInput,
            format!("This connection is shared with the team “{}” already.", team.name),
        )
        .means("Nothing was changed.")
        .hint("To share it again, stop sharing it first: grapnel unshare"));
    }
    let pushed = shared_record::push(ctx, &session, id, Instant::now() + LOCK_TIMEOUT).await;
    if let Err(error) = pushed {
        // Added, and only not stored here; or nobody knows.
        let record = RecordId(new.record_id.clone());
        let is_added =
            error.code == Code::TeamUnreachable || !matches!(session.read_new(ctx, &record).await, Ok(None));
        if is_added {
            // The connection must not be refreshed beside the team.
            shared_record::keep_pending(ctx, id, &error);
            return Err(error
                .means(
                    "The team may have the connection already. If it does not, Grapnel completes the change when the \
                     team’s database can be reached. The tokens stay on this computer, unchanged.",
                )
                .hint("See whether it is shared: grapnel team status. To undo it then: grapnel unshare"));
        }
        ctx.store.write(|tx| shared_connection::remove(tx, id))?;
        return Err(nothing(error));
    }
    let text = format!("Shared with the team “{}”.", session.name());
    let of = (Some(id), Some(&row.app_id));
    ctx.store.write(|tx| activity::add(tx, ctx.now(), Kind::Shared, &text, of))?;
    ctx.emit(Event::Connection(id.clone()));
    ctx.emit(Event::Teams);
    Ok(())
}

/// Stops sharing a connection. It stays here with its tokens, and is disconnected on the other computers.
///
/// # Errors
/// They say whether it is still shared.
pub(crate) async fn unshare(ctx: &Arc<Context>, id: &ConnectionId) -> Result<()> {
    let shared = ctx.store.read(|c| shared_connection::get(c, id))?.ok_or_else(not_shared)?;
    let session = match shared_record::session(ctx, &shared.team_id).await {
        // Nothing of this database can be used now: so that it can be shared in another one.
        Err(error) if error.code.is_of_team_content() && is_owner(ctx, &shared.team_id)? => {
            let _held = refresh::hold(ctx, id).await?;
            return unlink(ctx, &shared, RecordState::ToEnd);
        }
        session => session.map_err(still_shared)?,
    };
    if session.role() != TeamRole::Owner {
        return Err(Error::new(
            Code::TeamRefused,
            "Only an owner of the team can stop sharing a connection.",
        )
        .means("Nothing was changed.")
        .hint("Ask an owner; or remove the connection from this computer only."));
    }
    let _held = refresh::hold(ctx, id).await?;
    let held = match shared_record::hold(ctx, id).await {
        // So that it can be shared anew, from the computer with the newest tokens.
        Err(error) if error.code.is_of_team_content() => {
            return unshare_unusable(ctx, &session, &shared).await;
        }
        held => held.map_err(still_shared)?,
    };
    let Some(held) = held else { return Err(not_shared()) };
    let _busy = ctx.begin_uninterruptible().await;
    // The tokens that stay here are the newest ones.
    if shared_record::push_locked(ctx, &session, id).await.map_err(still_shared)? == Pushed::GaveWay {
        tracing::info!("the team had newer tokens");
    }
    let Some(shared) = ctx.store.read(|c| shared_connection::get(c, id))? else { return Ok(()) };
    let record = session.read(ctx, &shared).await.map_err(still_shared)?;
    // Stored first: if the answer is lost, or this process ends, the record tells by it that the tokens stay here.
    let attempt = shared.unsharing.clone().unwrap_or_else(|| RecordId::random().0);
    ctx.store.write(|tx| shared_connection::set_unsharing(tx, id, Some(&attempt)))?;
    tracing::trace!(target: "grapnel_core::point", "before-team-unshare");
    let ended = record.document.unshared(session.by(ctx), attempt);
    let written = session.write(ctx, &record, &ended, None).await;
    tracing::trace!(target: "grapnel_core::point", "after-team-unshare");
    match written {
        Ok(Written::Stored) => {}
        // The intent stays: the record may have been written.
        Err(error) => return Err(perhaps_unshared(error)),
        Ok(Written::Superseded(_) | Written::Rekeyed(_) | Written::Missing) => {
            ctx.store.write(|tx| shared_connection::set_unsharing(tx, id, None))?;
            return Err(Error::new(
                Code::TeamConflict,
                "Another machine of the team changed this connection.",
            )
            .means("It is still shared.")
            .hint("Try again."));
        }
    }
    let unlinked = unlink(ctx, &shared, RecordState::Ended).map_err(|error| {
        error
            .means(
                "The team no longer shares the connection. That is not stored here yet; Grapnel completes it when it \
                 next looks at the team. The connection and its tokens stay here.",
            )
            .or_hint("See it with: grapnel team status")
    });
    held.release().await;
    unlinked
}

fn is_owner(ctx: &Context, id: &TeamId) -> Result<bool> {
    Ok(ctx.store.read(|c| team::get(c, id))?.is_some_and(|team| team.role == TeamRole::Owner))
}

fn still_shared(error: Error) -> Error {
    error.means("The connection is still shared; nothing was changed. Valid tokens are still handed out.")
}

fn perhaps_unshared(error: Error) -> Error {
    error
        .means("It may be no longer shared. The connection and its tokens stay here in any case.")
        .hint("When the team’s database can be reached, look whether it is still shared, and try again.")
}

/// Stops sharing a connection whose record is gone, or older than what was seen of it.
async fn unshare_unusable(ctx: &Arc<Context>, session: &TeamSession, shared: &SharedRow) -> Result<()> {
    let deleted = session.team().delete(&RecordId(shared.record_id.clone())).await;
    session.checked(ctx, deleted).map_err(|error| match error.code {
        Code::TeamUnreachable => perhaps_unshared(error),
        _ => still_shared(error),
    })?;
    unlink(ctx, shared, RecordState::Ended)
}

/// What becomes of the record of a connection that is no longer shared from here.
#[derive(Clone, Copy, PartialEq)]
enum RecordState {
    /// The team knows that it is not shared any more, or the record is gone.
    Ended,
    /// The team's database holds it as it was. If it can be used again, two sides would hold one refresh token.
    ToEnd,
}

/// Ends the sharing here; the connection and its tokens stay.
fn unlink(ctx: &Context, shared: &SharedRow, record: RecordState) -> Result<()> {
    ctx.store.write(|tx| {
        shared_record::unlink(tx, shared, ctx.now())?;
        let to_end = record == RecordState::ToEnd;
        shared_connection::set_to_end(tx, &shared.team_id, &shared.record_id, to_end)
    })?;
    ctx.emit(Event::Connection(shared.connection_id.clone()));
    ctx.emit(Event::Teams);
    Ok(())
}

/// What the team did with a shared connection, newest first.
pub(crate) async fn team_activity(ctx: &Arc<Context>, id: &ConnectionId) -> Result<Vec<TeamActivity>> {
    let shared = ctx.store.read(|c| shared_connection::get(c, id))?.ok_or_else(not_shared)?;
    let session = shared_record::session(ctx, &shared.team_id).await?;
    session.activity(ctx, &shared, SHOWN_ENTRIES).await
}

fn not_shared() -> Error {
    Error::new(Code::InvalidInput, "This connection is not shared with a team.").means("Nothing was changed.")
}

fn not_by_worker() -> Error {
    Error::new(Code::TeamRefused, "A worker cannot share connections.")
        .means("Nothing was shared.")
        .hint("Share it as a member or an owner.")
}
