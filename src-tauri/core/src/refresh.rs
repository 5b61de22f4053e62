//! Refreshing tokens (RFC 6749 §6, or anew with the client's own credentials, §4.4). A connection has one refresh at a
//! time. Its start is stored before the request is sent, and the new tokens are stored before they are used. No failure
//! deletes anything.

mod access_token;
mod attempt;
mod client_credentials;
mod connection_lock;
mod crash_point;
mod current_token;
mod failure_record;
mod job_queue;
mod keep_alive;
mod outcome;
mod own_mark;
mod refusal;
mod renewal;
mod schedule;
mod shared;
mod write_grant;

use std::sync::Arc;
use std::time::{Duration, Instant};

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::ConnectionId;
use grapnel_store::{connection, refresh_candidates, settings, shared_connection};
use jiff::Timestamp;

pub(crate) use access_token::{
    access_token, after_rejection, for_id_token, in_place_of_rejected, is_valid_for, replace_rejected,
};
pub(crate) use current_token::CurrentToken;
pub(crate) use keep_alive::keep_alive;

use crate::context::Context;
use crate::shared_record;
use crate::signed_in::SignedIn;
use attempt::refresh;
pub(crate) use connection_lock::hold;
use outcome::{RefreshReason, no_refresh_token};

/// How long a program that is about to end tries to store new tokens.
const STORE_AT_EXIT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long it tries to write new tokens to a team.
const PUSH_AT_EXIT_TIMEOUT: Duration = Duration::from_secs(5);
/// The pause between these attempts.
const STORE_AT_EXIT_PAUSE: Duration = Duration::from_secs(1);

/// When a connection will be refreshed automatically; `None` if it cannot be, or needs a new sign-in.
pub(crate) fn refreshes_at(ctx: &Context, id: &ConnectionId) -> Result<Option<Timestamp>> {
    let (of, set) = ctx.store.read(|c| Ok((refresh_candidates::one(c, id)?, settings::get(c)?)))?;
    Ok(of.and_then(|of| schedule::due(&of, set.margin)))
}

/// Refreshes on request of a person.
pub(crate) async fn now(ctx: &Arc<Context>, id: &ConnectionId) -> Result<()> {
    let signed_in = SignedIn::load(ctx, id)?;
    let row = &signed_in.connection;
    if row.grant.is_some() && !row.can_refresh() {
        // Nothing failed: the stored token stays valid until it is rejected.
        return Err(no_refresh_token(&signed_in.app.provider()?, RefreshReason::Requested));
    }
    let version = row.version;
    refresh(ctx, signed_in, version, RefreshReason::Requested).await?;
    // The person is told that it is done once the team has it, too.
    ctx.teams.written(id).await;
    Ok(())
}

/// Records that an API also rejects the token of `version`, which was just refreshed.
pub(crate) fn rejected_by_api(ctx: &Context, id: &ConnectionId, version: i64, error: &Error) -> Result<()> {
    ctx.store.write(|tx| connection::set_refused(tx, id, version, error))?;
    ctx.emit(Event::Connection(id.clone()));
    Ok(())
}

/// When the program starts: a refresh that an earlier run started and did not finish may have been sent.
pub(crate) fn recover_interrupted(ctx: &Context) -> Result<()> {
    for row in ctx.store.read(connection::interrupted_refreshes)? {
        attempt::record_interrupted(ctx, &row)?;
    }
    Ok(())
}

/// Stores new tokens that are only in memory before the program ends, retrying for a while, and writes those that a
/// team does not have.
pub(crate) async fn write_unsaved(ctx: &Arc<Context>) {
    store_unsaved(ctx).await;
    ctx.teams.all_written().await;
    let pending = match ctx.store.read(shared_connection::pending) {
        Ok(pending) => pending,
        Err(error) => return tracing::warn!(%error, "it is unknown which tokens the teams lack"),
    };
    let pushed = async {
        for shared in pending {
            // What cannot be written now is kept, and written by the next run.
            let _ = shared_record::push_pending(ctx, &shared.connection_id).await;
        }
    };
    let _ = tokio::time::timeout(PUSH_AT_EXIT_TIMEOUT, pushed).await;
}

/// The connections whose new tokens are only here, by name: their team does not have them, or they are only in memory.
pub(crate) fn unwritten(ctx: &Context) -> Result<Vec<String>> {
    let unsaved: Vec<_> = ctx.unsaved_connections().into_iter().map(|row| row.name).collect();
    let pending = ctx.store.read(|c| {
        let all = shared_connection::pending(c)?.into_iter();
        all.map(|shared| Ok(connection::get(c, &shared.connection_id)?.map(|row| row.name))).collect()
    });
    let pending: Vec<Option<String>> = pending?;
    let mut names: Vec<_> = pending.into_iter().flatten().chain(unsaved).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// Writes to the teams what they do not have, for at most this time.
///
/// # Errors
/// They do not have all of it. The error is why.
pub(crate) async fn write_to_teams(ctx: &Arc<Context>, within: Duration) -> Result<()> {
    let mut failed = None;
    let writing = async {
        loop {
            store_unsaved(ctx).await;
            ctx.teams.all_written().await;
            for shared in ctx.store.read(shared_connection::pending)? {
                failed = shared_record::push_pending(ctx, &shared.connection_id).await.err();
            }
            if unwritten(ctx)?.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(STORE_AT_EXIT_PAUSE).await;
        }
    };
    let written = tokio::time::timeout(within, Box::pin(writing)).await;
    written.unwrap_or_else(|_| {
        let unanswered = || Error::new(Code::TeamUnreachable, "The team’s database does not answer.");
        Err(failed.unwrap_or_else(unanswered))
    })
}

async fn store_unsaved(ctx: &Arc<Context>) {
    let begun = Instant::now();
    loop {
        let mut failed = None;
        for row in ctx.unsaved_connections() {
            failed = write_one_unsaved(ctx, &row.id, row.version).await.err().or(failed);
        }
        let Some(error) = failed else { return };
        if begun.elapsed() > STORE_AT_EXIT_TIMEOUT {
            tracing::error!(%error, "new tokens could not be stored before the program ends");
            return;
        }
        tokio::time::sleep(STORE_AT_EXIT_PAUSE).await;
    }
}

async fn write_one_unsaved(ctx: &Arc<Context>, id: &ConnectionId, version: i64) -> Result<()> {
    match refresh(ctx, SignedIn::load(ctx, id)?, version, RefreshReason::Due).await {
        Err(outcome::RefreshFailure::Local(error)) => Err(error),
        _ => Ok(()),
    }
}
