//! Takes what a record says over into the connection here.

use std::sync::Arc;

use grapnel_model::account::Account;
use grapnel_model::activity::Kind;
use grapnel_model::error::{Error, Result};
use grapnel_model::event::Event;
use grapnel_model::provider::{Origins, Profile};
use grapnel_model::team::TeamRefresh;
use grapnel_store::connection::{ConnectionRow, Retry, SealedGrant};
use grapnel_store::shared_connection::{self, SharedRow};
use grapnel_store::{activity, connection, derived_token, team};
use rusqlite::Connection;

use super::definition::SharingState;
use super::errors::not_ended;
use super::record::Record;
use crate::archive_document::sealed_grant;
use crate::context::Context;
use crate::signed_in::SignedIn;

/// What a record changes here.
enum Change {
    /// Another grant.
    Grant { grant: Box<SealedGrant>, allowed_origins: Option<Origins>, account: Option<Account> },
    /// The same grant; refreshes failed since, or not any more.
    Status,
    /// It is disconnected for the whole team.
    Disconnected,
    /// An owner stopped sharing it, in this attempt.
    Unshared { attempt: String },
}

/// Stores what a record says. `dropped` is the error that tells about a grant of this
/// computer that gives way to it. Returns whether the connection was still as `of`.
pub(crate) async fn apply(
    ctx: &Arc<Context>,
    of: &SignedIn,
    shared: &SharedRow,
    record: &Record,
    dropped: Option<Error>,
) -> Result<bool> {
    let document = &record.document;
    let row = &of.connection;
    // What is encrypted here is stored before the vault is re-keyed.
    let _sealing = ctx.vault_shared_lock().await?;
    let change = change(ctx, of, shared, record, dropped.is_some()).await?;
    let write = Applied {
        row: row.clone(),
        shared: SharedRow {
            record_version: record.version,
            key_generation: record.generation(),
            definition_counter: record.definition_counter()?,
            grant_number: document.grant_number(),
            sign_in_number: document.sign_in_number(),
            signed_in_at: document.tokens().and_then(|tokens| tokens.signed_in_at),
            refreshed: Some(document.by().clone()),
            pending_since: None,
            conflict: dropped.clone(),
            ..shared.clone()
        },
        failure: record.failure(ctx.time.now()),
        by: who(document.by()),
        dropped,
        at: ctx.now(),
    };
    let is_applied = ctx.store.group_commit(move |c| write.store(c, change)).await?;
    if is_applied {
        ctx.emit(Event::Connection(row.id.clone()));
    }
    Ok(is_applied)
}

async fn change(
    ctx: &Context,
    of: &SignedIn,
    shared: &SharedRow,
    record: &Record,
    replaces: bool,
) -> Result<Change> {
    let (row, document) = (&of.connection, &record.document);
    let tokens = match (document.state(), document.tokens()) {
        (SharingState::Shared, Some(tokens)) => tokens,
        (state, _) => {
            // Who made the attempt knows it.
            let is_own = |attempt: &String| shared.unsharing.as_ref() == Some(attempt);
            if !matches!(state, SharingState::Unshared { attempt, .. } if is_own(attempt)) {
                check_ended(record)?;
            }
            return Ok(match state {
                SharingState::Unshared { attempt, .. } => Change::Unshared { attempt: attempt.clone() },
                _ => Change::Disconnected,
            });
        }
    };
    if !replaces && row.grant.is_some() && document.grant_number() == shared.grant_number {
        return Ok(Change::Status);
    }
    let theirs = document.app();
    let config = Profile::find(&theirs.provider)?.config(&theirs.overrides)?;
    let out = document.connection();
    let grant = sealed_grant(ctx, &row.id, &config, (&out, tokens)).await?;
    // Tokens go to the hosts that they were given for, also if the app here was changed.
    let origins = out.allowed_origins.unwrap_or_else(|| config.origins());
    let is_elsewhere = of.app.config().is_ok_and(|own| !own.origins().is_subset(&origins));
    Ok(Change::Grant {
        grant: Box::new(grant),
        allowed_origins: Some(origins).filter(|_| is_elsewhere),
        account: out.account,
    })
}

/// Whether somebody who may has ended what has no tokens any more.
pub(crate) fn check_ended(record: &Record) -> Result<()> {
    match record.document.state() {
        SharingState::Ended { .. } => Ok(()),
        SharingState::Unshared { .. } if record.inner.is_by_owner => Ok(()),
        SharingState::Unshared { .. } => {
            Err(not_ended("says that it is no longer shared, which no owner has said"))
        }
        // Who has no more than a worker's key can write that.
        SharingState::Shared => Err(not_ended("has lost its tokens, and nobody who may has disconnected it")),
    }
}

/// What is to be stored.
struct Applied {
    row: ConnectionRow,
    shared: SharedRow,
    failure: Option<(Error, Retry)>,
    by: String,
    dropped: Option<Error>,
    at: jiff::Timestamp,
}

impl Applied {
    fn store(self, c: &Connection, change: Change) -> rusqlite::Result<bool> {
        let Self { row, mut shared, failure, by, dropped, at } = self;
        let is_current = connection::get(c, &row.id)?.is_some_and(|now| now.version == row.version);
        let Some(now) = shared_connection::get(c, &row.id)?.filter(|_| is_current) else { return Ok(false) };
        // Another task or process may have taken over something newer, or begun to stop sharing it.
        if now.record_id != shared.record_id || now.record_version > shared.record_version {
            return Ok(false);
        }
        shared.unsharing.clone_from(&now.unsharing);
        let of = (Some(&row.id), Some(&row.app_id));
        if let Some(error) = &dropped {
            activity::add(c, at, Kind::TeamFailed, &error.message, of)?;
        }
        match change {
            Change::Grant { grant, allowed_origins, account } => {
                let signed_in = |held: Option<&grapnel_model::connection::TokenMetadata>| {
                    held.and_then(|held| held.signed_in_at)
                };
                let is_new_sign_in = signed_in(row.token_metadata()) != signed_in(Some(&grant.metadata));
                connection::set_grant(c, &row.id, row.version, &grant)?;
                if let Some(origins) = &allowed_origins {
                    connection::set_allowed_origins(c, &row.id, origins)?;
                }
                if is_new_sign_in {
                    derived_token::clear(c, &row.id)?;
                }
                if let Some(account) =
                    account.filter(|account| row.identity.account.as_ref() != Some(account))
                {
                    connection::set_account(c, &row.id, &account)?;
                }
                let text = if is_new_sign_in {
                    format!("Signed in by {by}.")
                } else {
                    format!("Refreshed by {by}.")
                };
                activity::add_again(c, at, Kind::TeamChanged, &text, of)?;
                shared.grant_version = row.version + 1;
                end_refresh(c, &row, row.version + 1, failure)?;
            }
            Change::Status => {
                end_refresh(c, &row, row.version, failure)?;
                shared.grant_version = row.version;
            }
            Change::Disconnected => {
                let was_connected = connection::clear_grant(c, &row.id, row.version)?;
                if was_connected {
                    let text = format!("Disconnected for the whole team by {by}.");
                    activity::add(c, at, Kind::Disconnected, &text, of)?;
                }
                shared.grant_version = row.version + i64::from(was_connected);
            }
            // Tokens that the team never had are nobody else's.
            Change::Unshared { attempt } if now.unsharing.as_ref() == Some(&attempt) || dropped.is_some() => {
                unlink(c, &shared, at)?;
                return Ok(true);
            }
            Change::Unshared { .. } => {
                connection::clear_grant(c, &row.id, row.version)?;
                let text = format!("{by} stopped sharing it. The tokens were deleted here.");
                activity::add(c, at, Kind::Shared, &text, of)?;
                shared_connection::remove(c, &row.id)?;
                shared_connection::set_forgotten(c, &shared.team_id, &shared.record_id)?;
                return Ok(true);
            }
        }
        shared_connection::put(c, &shared)?;
        Ok(true)
    }
}

/// Ends the sharing of a connection here, which stays with its tokens.
pub(crate) fn unlink(c: &Connection, shared: &SharedRow, at: jiff::Timestamp) -> rusqlite::Result<()> {
    let id = &shared.connection_id;
    let team = team::get(c, &shared.team_id)?.map(|team| team.name).unwrap_or_default();
    let app = connection::get(c, id)?.map(|row| row.app_id);
    shared_connection::remove(c, id)?;
    shared_connection::set_forgotten(c, &shared.team_id, &shared.record_id)?;
    let text = format!("No longer shared with the team “{team}”.");
    activity::add(c, at, Kind::Shared, &text, (Some(id), app.as_ref()))
}

fn end_refresh(
    c: &Connection,
    row: &ConnectionRow,
    version: i64,
    failure: Option<(Error, Retry)>,
) -> rusqlite::Result<()> {
    match failure {
        Some((error, retry)) => connection::end_refresh(c, &row.id, version, &error, &retry).map(drop),
        None => Ok(()),
    }
}

/// A member and a machine in a sentence.
pub(crate) fn who(by: &TeamRefresh) -> String {
    format!("{} on {}", by.member, by.machine)
}
