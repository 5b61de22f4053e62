//! Writes what the connection here has and the team has not: a new grant, or that it was disconnected.

use std::sync::Arc;
use std::time::Instant;

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::ConnectionId;
use grapnel_model::team::TeamRefresh;
use grapnel_store::connection::ConnectionRow;
use grapnel_store::shared_connection::{self, SharedRow};
use grapnel_team::port::{RecordId, Written};

use super::apply::{apply, who};
use super::definition::SharingState;
use super::document::{SharedDocument, is_same_token};
use super::errors::{name_taken, vanished};
use super::failure::SharedFailure;
use super::record::Record;
use crate::archive_document::{ArchivedConnection, archived_app, archived_connection};
use crate::context::Context;
use crate::signed_in::SignedIn;
use crate::team_session::TeamSession;

/// How often a write is tried again that another one came before.
const MAX_WRITES: u32 = 5;

/// What became of what the team did not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// The team has it now.
    Written,
    /// The team has something newer, which replaced it here.
    GaveWay,
    /// There was nothing to write.
    Nothing,
}

/// What to do with what is only here.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    /// It replaces what the record has.
    Write,
    /// The record has it: the answer to an earlier write was lost.
    Adopt,
    /// The record's is newer and replaces it.
    GiveWay,
}

/// Takes the team's lock and writes what the team does not have.
pub(crate) async fn push(
    ctx: &Arc<Context>,
    team: &Arc<TeamSession>,
    id: &ConnectionId,
    deadline: Instant,
) -> Result<Pushed> {
    let Some(shared) = ctx.store.read(|c| shared_connection::get(c, id))? else { return Ok(Pushed::Nothing) };
    let within = deadline.saturating_duration_since(Instant::now());
    let lock = team.lock_any_version(ctx, &RecordId(shared.record_id), within).await?;
    let pushed = push_locked(ctx, team, id).await;
    // If the session is gone, the lock is gone with it.
    let _ = lock.release().await;
    pushed
}

/// Records that the team does not have the connection's grant.
pub(crate) fn keep_pending(ctx: &Context, id: &ConnectionId, error: &Error) {
    tracing::info!(%error, "new tokens could not be written to the team");
    let kept = ctx.store.write(|tx| shared_connection::set_pending(tx, id, ctx.now(), error));
    if let Err(error) = kept {
        // The versions say it, too.
        tracing::warn!(%error, "it could not be stored that the team lacks new tokens");
    }
    ctx.emit(Event::Connection(id.clone()));
}

/// Writes what the team does not have, while the caller holds the team's lock.
pub(crate) async fn push_locked(
    ctx: &Arc<Context>,
    team: &Arc<TeamSession>,
    id: &ConnectionId,
) -> Result<Pushed> {
    for _ in 0..MAX_WRITES {
        let of = SignedIn::load(ctx, id)?;
        let Some(shared) = ctx.store.read(|c| shared_connection::get(c, id))? else {
            return Ok(Pushed::Nothing);
        };
        let has_grant = of.connection.version != shared.grant_version;
        if !has_grant && shared.app_edits == 0 {
            return Ok(Pushed::Nothing);
        }
        if shared.record_version == 0 {
            match Box::pin(insert(ctx, team, &of, &shared)).await? {
                Some(pushed) => return Ok(pushed),
                None => continue,
            }
        }
        let record = team.read(ctx, &shared).await?;
        if !has_grant {
            match Box::pin(push_app(ctx, team, (&of, &shared), &record)).await? {
                Some(pushed) => return Ok(pushed),
                None => continue,
            }
        }
        let ours = archived_connection(ctx, &of.connection, true).await?;
        let (document, decision) =
            (&record.document, decide(&of.connection, &ours, &shared, &record.document));
        let new = match decision {
            Decision::Adopt => {
                let seen = (record.version, record.generation());
                let counter = record.definition_counter()?;
                linked(ctx, &of.connection, &shared, (seen, counter, document)).await?;
                if shared.app_edits > 0 {
                    continue;
                }
                return Ok(Pushed::Written);
            }
            Decision::GiveWay => {
                let error = if document.is_unshared() {
                    unshared_meanwhile(document.by())
                } else {
                    gave_way(document.by())
                };
                let text = format!("A refresh by {} gave way to this one.", who(&team.by(ctx)));
                Box::pin(apply(ctx, &of, &shared, &record, Some(error))).await?;
                team.log(ctx, &shared, &text);
                return Ok(Pushed::GaveWay);
            }
            Decision::Write => {
                let is_new = is_new_sign_in(&ours, &shared);
                document.with_grant(ours, team.by(ctx), is_new)
            }
        };
        // A refresh of other tokens may need other secrets of the app.
        let is_split_anew = new.sign_in_number() != document.sign_in_number() && record.inner.app.is_some();
        let (new, manage) = if is_split_anew {
            let app = Box::pin(archived_app(ctx, &of.app.row, Vec::new())).await?;
            let (new, manage) = new.with_app(app, of.connection.allowed_origins.clone())?;
            (new, Some(manage))
        } else {
            (new, None)
        };
        match team.write(ctx, &record, &new, manage.as_ref()).await? {
            Written::Stored => {
                let seen = (record.version + 1, record.generation());
                let counter = record.next_counter(&new, manage.as_ref())?;
                let app_counter = if is_split_anew { counter } else { shared.app_counter };
                let shared = SharedRow { app_counter, ..shared };
                linked(ctx, &of.connection, &shared, (seen, counter, &new)).await?;
                team.log(ctx, &shared, sentence(&of.connection, document));
                if shared.app_edits > 0 {
                    continue;
                }
                return Ok(Pushed::Written);
            }
            Written::Superseded(_) => {}
            Written::Rekeyed(_) => team.renew_keys(ctx).await?,
            Written::Missing => return Err(vanished()),
        }
    }
    Err(Error::new(Code::TeamConflict, "Other machines of the team changed this connection again and again.")
        .means("The new tokens are kept here, and written to the team later."))
}

/// Writes the app, which was changed here. `None` if something came before, so that it is to be tried again.
async fn push_app(
    ctx: &Arc<Context>,
    team: &Arc<TeamSession>,
    (of, shared): (&SignedIn, &SharedRow),
    record: &Record,
) -> Result<Option<Pushed>> {
    let id = &of.connection.id;
    let settle = || -> Result<()> {
        ctx.store.write(|tx| shared_connection::settle_app_edits(tx, id, shared.app_edits))?;
        ctx.emit(Event::Connection(id.clone()));
        Ok(())
    };
    if record.version > shared.record_version {
        apply(ctx, of, shared, record, None).await?;
        return Ok(None);
    }
    let Some(manage_before) = record.inner.app.as_deref().filter(|_| !record.document.is_unshared()) else {
        // A worker changes no app.
        settle()?;
        return Ok(Some(Pushed::Nothing));
    };
    let app = archived_app(ctx, &of.app.row, Vec::new()).await?;
    let (new, manage) = record.document.with_app(app, of.connection.allowed_origins.clone())?;
    if *manage.write()? == *manage_before && new.has_definition_of(&record.document)? {
        settle()?;
        return Ok(Some(Pushed::Nothing));
    }
    match team.write(ctx, record, &new, Some(&manage)).await? {
        Written::Stored => {
            let (seen, counter) =
                ((record.version + 1, record.generation()), record.next_counter(&new, Some(&manage))?);
            linked(ctx, &of.connection, shared, (seen, counter, &new)).await?;
            ctx.store.write(|tx| shared_connection::set_app_counter(tx, id, counter))?;
            settle()?;
            team.log(ctx, shared, "Changed the app.");
            Ok(Some(Pushed::Written))
        }
        Written::Superseded(_) => Ok(None),
        Written::Rekeyed(_) => team.renew_keys(ctx).await.map(|()| None),
        Written::Missing => Err(vanished()),
    }
}

/// Adds the record of a connection that was just shared. `None` if it is there already.
async fn insert(
    ctx: &Arc<Context>,
    team: &Arc<TeamSession>,
    of: &SignedIn,
    shared: &SharedRow,
) -> Result<Option<Pushed>> {
    let app = archived_app(ctx, &of.app.row, Vec::new()).await?;
    let connection = archived_connection(ctx, &of.connection, true).await?;
    let (document, manage) = SharedDocument::split(app, connection, team.by(ctx))?;
    match team.insert(ctx, shared, &document, &manage).await? {
        Written::Stored => {
            let shared = &SharedRow { app_counter: 1, ..shared.clone() };
            linked(ctx, &of.connection, shared, ((1, 0), 1, &document)).await?;
            team.log(ctx, shared, "Shared.");
            Ok(Some(Pushed::Written))
        }
        Written::Rekeyed(_) => {
            team.renew_keys(ctx).await?;
            Ok(None)
        }
        Written::Superseded(_) | Written::Missing => Err(name_taken(&of.connection.name)),
    }
}

/// What a refresh or a sign-in of one machine is against that of another: a newer sign-in wins; among refreshes of one
/// sign-in the one that the team had first, since the provider has rotated from it.
fn decide(
    row: &ConnectionRow,
    ours: &ArchivedConnection,
    shared: &SharedRow,
    document: &SharedDocument,
) -> Decision {
    if document.is_unshared() {
        return Decision::GiveWay;
    }
    let is_ended = matches!(document.state(), SharingState::Ended { .. });
    match (&ours.tokens, document.tokens()) {
        // The tokens are of another account: what the record has is kept until the person has decided.
        (None, _) if row.grant.is_some() => Decision::Adopt,
        (None, None) if is_ended => Decision::Adopt,
        (Some(ours), Some(theirs)) if is_same_token(ours, theirs) => Decision::Adopt,
        (None, _) => Decision::Write,
        _ if document.grant_number() == shared.grant_number => Decision::Write,
        (Some(_), None) if is_new_sign_in(ours, shared) || !is_ended => Decision::Write,
        // A refresh gives way to a disconnect, to another refresh, and to a sign-in.
        _ if !is_new_sign_in(ours, shared) => Decision::GiveWay,
        _ if document.sign_in_number() == shared.sign_in_number => Decision::Write,
        // Two sign-ins that knew nothing of each other: only the clocks can say which is newer.
        (Some(ours), theirs) if theirs.is_none_or(|theirs| ours.signed_in_at > theirs.signed_in_at) => {
            Decision::Write
        }
        (Some(_), _) => Decision::GiveWay,
    }
}

/// Whether the grant here is of another sign-in than the one that the team had when it was last seen.
fn is_new_sign_in(ours: &ArchivedConnection, shared: &SharedRow) -> bool {
    ours.tokens.as_ref().is_some_and(|ours| ours.signed_in_at != shared.signed_in_at)
}

/// Stores that the team has the grant of `row`.
async fn linked(
    ctx: &Context,
    row: &ConnectionRow,
    shared: &SharedRow,
    ((version, generation), definition_counter, document): ((i64, i64), i64, &SharedDocument),
) -> Result<()> {
    let row_version = row.version;
    let new = SharedRow {
        record_version: version,
        key_generation: generation.max(shared.key_generation),
        definition_counter,
        grant_number: document.grant_number(),
        sign_in_number: document.sign_in_number(),
        signed_in_at: document.tokens().and_then(|tokens| tokens.signed_in_at),
        grant_version: row_version,
        refreshed: Some(document.by().clone()),
        pending_since: None,
        conflict: None,
        ..shared.clone()
    };
    let id = row.id.clone();
    ctx.store
        .group_commit(move |c| {
            // It may have been left, or not be shared any more.
            if shared_connection::get(c, &new.connection_id)?.is_some() {
                shared_connection::put(c, &new)?;
            }
            Ok(())
        })
        .await?;
    ctx.emit(Event::Connection(id));
    Ok(())
}

fn sentence(row: &ConnectionRow, before: &SharedDocument) -> &'static str {
    let signed_in_at = row.token_metadata().map(|held| held.signed_in_at);
    let is_same_sign_in = before.tokens().map(|held| held.signed_in_at) == signed_in_at;
    match signed_in_at {
        None => "Disconnected.",
        Some(_) if is_same_sign_in => "Refreshed.",
        Some(_) => "Signed in.",
    }
}

fn unshared_meanwhile(by: &TeamRefresh) -> Error {
    Error::new(
        Code::TeamConflict,
        format!(
            "{} stopped sharing this connection, and the team never got the tokens of this computer.",
            who(by)
        ),
    )
    .means("They stay here, and are used on this computer only.")
    .hint("If the team is to have the connection again, share it.")
}

fn gave_way(by: &TeamRefresh) -> Error {
    Error::new(
        Code::TeamConflict,
        format!("The team’s database could not be reached, and meanwhile {} got other tokens.", who(by)),
    )
    .means("Those are used now. The ones that this computer had got were dropped; they were not revoked, which could \
        end the access of the whole team.")
    .hint("Nothing is to be done. If the next refresh is refused, reconnect in the browser.")
}

/// Writes a failed refresh to the record, unless something came before. `asked` says whether a person did.
pub(crate) async fn write_failure(
    ctx: &Arc<Context>,
    team: &Arc<TeamSession>,
    record: &Record,
    (failure, asked): (SharedFailure, bool),
) -> Result<()> {
    let id = record.document.connection_id();
    let is_told = !failure.is_of_this_computer();
    let is_news =
        asked || record.document.failure().is_none_or(|before| before.error.code != failure.error.code);
    let text = format!("Refresh failed: {}", failure.error.message);
    // Otherwise the same again, which takes back the start of the refresh.
    let new = if is_told { record.document.with_failure(failure) } else { record.document.clone() };
    if team.write(ctx, record, &new, None).await? != Written::Stored {
        return Ok(());
    }
    let version = record.version + 1;
    ctx.store.write(|tx| shared_connection::set_seen(tx, &id, version))?;
    if is_told
        && is_news
        && let Some(shared) = ctx.store.read(|c| shared_connection::get(c, &id))?
    {
        team.log(ctx, &shared, &text);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
