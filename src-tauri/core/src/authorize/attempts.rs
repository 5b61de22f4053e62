//! Attempts: reading, cancelling and timing out.

use grapnel_model::account::Account;
use grapnel_model::activity::Kind;
use grapnel_model::attempt::{Attempt, OtherAccount, Phase};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::{AppId, AttemptId, ConnectionId};
use grapnel_model::provider::{GrantType, Overrides, Profile};
use grapnel_model::provider_text::clean;
use grapnel_model::secret::SecretString;
use grapnel_store::attempt::AttemptRow;
use grapnel_store::{self as store, activity, app, connection};

use crate::context::Context;

/// The authorization URL.
pub(super) async fn authorization_url(ctx: &Context, row: &AttemptRow) -> Result<SecretString> {
    let url = row.sealed_url.as_ref().filter(|_| row.phase == Phase::Waiting).ok_or_else(|| {
        Error::new(Code::CallbackLate, "This sign-in is over, and its link with it.").hint("Start again.")
    })?;
    ctx.vault.open(&url_associated_data(&row.id), url).await
}

/// Cancels an attempt that waits for its callback. A finished one stays as it is.
pub(crate) fn cancel(ctx: &Context, id: &AttemptId) -> Result<()> {
    end_waiting(ctx, id, Phase::Cancelled, "Sign-in cancelled.").map(drop)
}

/// An attempt, finished or not.
pub(crate) fn get(ctx: &Context, id: &AttemptId) -> Result<Attempt> {
    let row = ctx.store.read(|c| store::attempt::get(c, id))?.ok_or_else(no_attempt)?;
    view(ctx, &row)
}

/// The unfinished attempts. One that has expired, since its process ended, is timed out here.
pub(crate) fn open(ctx: &Context) -> Result<Vec<Attempt>> {
    let (overdue, open): (Vec<_>, Vec<_>) = ctx
        .store
        .read(store::attempt::open)?
        .into_iter()
        .partition(|row| row.phase == Phase::Waiting && row.expires_at <= ctx.now());
    for row in overdue {
        time_out(ctx, &row.id)?;
    }
    open.iter().map(|row| view(ctx, row)).collect()
}

/// Times out an attempt that still waits.
pub(crate) fn time_out(ctx: &Context, id: &AttemptId) -> Result<()> {
    let by_device = ctx
        .store
        .read(|c| store::attempt::get(c, id))?
        .is_some_and(|row| row.grant_type == GrantType::DeviceCode);
    let text = if by_device {
        "The code expired before the sign-in was approved."
    } else {
        "The sign-in was not completed in the browser in time."
    };
    end_waiting(ctx, id, Phase::TimedOut, text).map(drop)
}

/// Cancels the waiting attempts of an app or a connection that is about to be deleted. Returns whether none is left: a
/// code exchange in progress cannot be cancelled.
pub(crate) fn clear(ctx: &Context, app: Option<&AppId>, of: Option<&ConnectionId>) -> Result<bool> {
    for row in ctx.store.read(|c| store::attempt::open_of(c, app, of))? {
        end_waiting(ctx, &row.id, Phase::Cancelled, "Sign-in cancelled.")?;
    }
    Ok(ctx.store.read(|c| store::attempt::open_of(c, app, of))?.is_empty())
}

/// Ends an attempt if it still waits for its callback. Returns whether it did.
fn end_waiting(ctx: &Context, id: &AttemptId, phase: Phase, text: &str) -> Result<bool> {
    let ended = ctx.store.write(|tx| {
        let waiting = store::attempt::get(tx, id)?.filter(|row| row.phase == Phase::Waiting);
        let Some(row) = waiting else { return Ok(false) };
        store::attempt::end(tx, id, phase, None)?;
        let of = (row.connection_id.as_ref(), Some(&row.app_id));
        activity::add(tx, ctx.now(), Kind::SignInEnded, text, of)?;
        Ok(true)
    })?;
    if ended {
        emit_attempt(ctx, id)?;
    }
    Ok(ended)
}

/// Emits an event with the state of an attempt.
pub(super) fn emit_attempt(ctx: &Context, id: &AttemptId) -> Result<Attempt> {
    let attempt = get(ctx, id)?;
    ctx.emit(Event::Attempt(Box::new(attempt.clone())));
    Ok(attempt)
}

pub(super) fn view(ctx: &Context, row: &AttemptRow) -> Result<Attempt> {
    let app = ctx.store.read(|c| app::get(c, &row.app_id))?.ok_or_else(Error::no_app)?;
    let done = row.connection_id.as_ref().filter(|_| row.phase == Phase::Done);
    let (other_account, same_account) = ctx.store.read(|c| {
        let same = done.map_or(Ok(Vec::new()), |id| connection::of_same_account(c, id))?;
        Ok((other_account_of(c, row.intended_connection.as_ref().filter(|_| done.is_some()), done)?, same))
    })?;
    Ok(Attempt {
        id: row.id.clone(),
        app_id: row.app_id.clone(),
        provider_name: Profile::find(&app.provider)?.name_in_sentence(&app.overrides),
        grant_type: row.grant_type,
        connection_id: row.connection_id.clone(),
        phase: row.phase,
        redirect_uri: row.redirect_uri.clone(),
        started_at: row.started_at,
        expires_at: row.expires_at,
        error: row.error.clone(),
        refused: row.refused.clone(),
        other_account,
        same_account,
        notes: details_note(row, &app.provider, &app.overrides).into_iter().collect(),
        app_name: app.name,
        exchange: row.exchange.clone(),
    })
}

/// A note on types of authorization details that the provider does not announce (RFC 9396 §10). They are asked for all
/// the same: the metadata may be incomplete.
fn details_note(row: &AttemptRow, provider: &str, overrides: &Overrides) -> Option<String> {
    let asked = row.authorization_details.as_ref()?;
    let profile = Profile::find(provider).ok()?;
    let announced = profile.config(overrides).ok()?.authorization_details_types;
    let is_unknown = |kind: &&str| !announced.iter().any(|one| one == kind);
    let mut unknown: Vec<String> = asked.types().filter(is_unknown).map(|kind| clean(kind, &[])).collect();
    unknown.dedup();
    if announced.is_empty() || unknown.is_empty() {
        return None;
    }
    Some(format!(
        "{} announces the types of authorization details {}, and not {}. It may refuse the sign-in.",
        profile.name_in_sentence(overrides),
        clean(&announced.join(", "), &[]),
        unknown.join(", ")
    ))
}

pub(super) fn verifier_associated_data(id: &AttemptId) -> String {
    format!("attempt/{id}/verifier")
}

pub(super) fn url_associated_data(id: &AttemptId) -> String {
    format!("attempt/{id}/url")
}

pub(crate) fn no_attempt() -> Error {
    Error::new(Code::NotFound, "This sign-in is not known any more.").hint("Start again.")
}

/// The other account, if the sign-in was stored beside the connection it was meant for.
fn other_account_of(
    c: &rusqlite::Connection,
    intended_connection: Option<&ConnectionId>,
    kept_as: Option<&ConnectionId>,
) -> rusqlite::Result<Option<OtherAccount>> {
    let find = |id: Option<&ConnectionId>| id.map_or(Ok(None), |id| connection::get(c, id));
    let (Some(old), Some(new)) = (find(intended_connection)?, find(kept_as)?) else { return Ok(None) };
    let called = |account: Option<&Account>| account.map(Account::label).unwrap_or_default();
    Ok(Some(OtherAccount {
        account: called(old.identity.account.as_ref()),
        signed_in: called(new.identity.account.as_ref()),
        connection_id: old.id,
        connection: old.name,
        kept_as: new.name,
    }))
}
