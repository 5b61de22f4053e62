//! Renewing tokens (RFC 6749 §6). One renewal of a connection at a time; that it was begun is written down
//! before it is sent; the new tokens are kept before anyone uses them; and no failure deletes anything.

mod keep_alive;
mod outcome;
mod plan;
mod point;
mod renewal;
mod schedule;
mod verdict;

use std::sync::Arc;
use std::time::{Duration, Instant};

use grapnel_model::connection::Held;
use grapnel_model::error::{Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::ConnectionId;
use grapnel_model::provider::Profile;
use grapnel_model::secret::SecretString;
use jiff::{SignedDuration, Timestamp};

pub(crate) use keep_alive::keep_alive;

use crate::env::Env;
use crate::grant;
use crate::store::connection::ConnectionRow;
use crate::store::{activity, app, connection, renewable, settings};
use outcome::{Why, no_refresh_token};
use renewal::{renew, row};

/// An access token that is good as far as is known, and the version to name it by if it proves not to be.
pub(crate) struct Fresh {
    pub(crate) token: SecretString,
    pub(crate) version: i64,
}

/// A token that ends this soon is renewed before it is used: it could end on its way. For a short life, a tenth
/// of it.
const LEEWAY: SignedDuration = SignedDuration::from_secs(30);

/// When a connection is to be renewed by itself; nothing where it cannot be, or only a person helps.
pub(crate) fn renews_at(env: &Env, id: &ConnectionId) -> Result<Option<Timestamp>> {
    let (of, set) = env.store.read(|c| Ok((renewable::one(c, id)?, settings::get(c)?)))?;
    Ok(of.and_then(|of| schedule::due(&of, set.margin)))
}

/// The access token of a connection, renewed first if it would end within `min_valid`, or soon anyway. Where the
/// provider gives none that lasts so long, one is good enough that has half of its life before it.
pub(crate) async fn fresh(env: &Arc<Env>, id: &ConnectionId, min_valid: Duration) -> Result<Fresh> {
    let row = row(env, id)?;
    let held = row.held.as_ref().ok_or_else(|| grant::disconnected(&row.name))?;
    if let Some(trouble) = row.trouble.clone().filter(|_| row.holds_another_account()) {
        return Err(trouble);
    }
    if does(env, &row, held, min_valid) {
        return current(env, id).await;
    }
    match fresh_because(env, id, row.version, Why::Needed).await {
        // Renewing it early did not work out; it still does what it was asked for.
        Err(_) if left(env, held) > asked(held, min_valid) => current(env, id).await,
        renewed => renewed,
    }
}

/// Whether the token that a connection holds does as it is.
pub(crate) fn does(env: &Env, row: &ConnectionRow, held: &Held, min_valid: Duration) -> bool {
    if row.holds_another_account() {
        return false;
    }
    let (left, leeway) = (left(env, held), LEEWAY.min(life(held) / 10));
    // What cannot be renewed is good until its very end.
    left > asked(held, min_valid).max(leeway) || (row.sealed_refresh.is_none() && left > SignedDuration::ZERO)
}

/// What no token of this provider lasts for is no reason to renew each time that someone asks.
fn asked(held: &Held, min_valid: Duration) -> SignedDuration {
    let asked = SignedDuration::try_from(min_valid).unwrap_or(SignedDuration::MAX);
    if asked < life(held) { asked } else { life(held) / 2 }
}

/// One whose end nobody told lasts for ever, as far as is known.
fn left(env: &Env, held: &Held) -> SignedDuration {
    held.expires_at.map_or(SignedDuration::MAX, |end| env.time.now().duration_until(end))
}

fn life(held: &Held) -> SignedDuration {
    held.expires_at.map_or(SignedDuration::MAX, |end| held.issued_at.duration_until(end))
}

/// The access token of a connection in place of one that someone was given and that proved not to be accepted: renewed,
/// unless that has happened since any was given out.
pub(crate) async fn instead_of_rejected(
    env: &Arc<Env>,
    id: &ConnectionId,
    min_valid: Duration,
) -> Result<Fresh> {
    let row = row(env, id)?;
    let held = row.held.as_ref().ok_or_else(|| grant::disconnected(&row.name))?;
    let handed_out = env.store.read(|c| activity::last_handed_out(c, id))?;
    // That is by the machine's clock, and the other by the corrected one.
    let handed_out = handed_out.and_then(|at| at.checked_add(env.time.ahead()).ok());
    if handed_out.is_some_and(|at| at < held.issued_at) {
        return fresh(env, id, min_valid).await;
    }
    fresh_instead_of(env, id, row.version).await
}

/// Renews because an API did not accept the token of `version`.
pub(crate) async fn fresh_instead_of(env: &Arc<Env>, id: &ConnectionId, version: i64) -> Result<Fresh> {
    fresh_because(env, id, version, Why::NotAccepted).await
}

async fn fresh_because(env: &Arc<Env>, id: &ConnectionId, version: i64, why: Why) -> Result<Fresh> {
    let known = row(env, id)?.trouble.filter(|trouble| trouble.code.needs_person());
    if let Some(trouble) = known {
        return Err(trouble);
    }
    renew(env, id, version, why).await?.into_result()?;
    current(env, id).await
}

/// Notes that the token of `version`, which was just renewed, is not accepted either.
pub(crate) fn refused_by_api(env: &Env, id: &ConnectionId, version: i64, trouble: &Error) -> Result<()> {
    env.store.write(|tx| connection::set_refused(tx, id, version, trouble))?;
    env.tell(Event::Connection(id.clone()));
    Ok(())
}

/// At the program's start: a renewal that an earlier one began and never ended may have been sent.
pub(crate) fn settle_cut_off(env: &Env) -> Result<()> {
    for row in env.store.read(connection::cut_off)? {
        renewal::settle_cut_off(env, &row)?;
    }
    Ok(())
}

/// Renews because a person asks for it.
pub(crate) async fn now(env: &Arc<Env>, id: &ConnectionId) -> Result<()> {
    let row = row(env, id)?;
    if row.held.is_some() && row.sealed_refresh.is_none() {
        // Nothing was tried and nothing is wrong: the token that is held stays good until it is refused.
        return Err(no_refresh_token(&provider_of(env, &row)?, Why::Asked));
    }
    renew(env, id, row.version, Why::Asked).await?.into_result()
}

/// How long a program that ends goes on trying to write new tokens.
const LAST_TRIES: Duration = Duration::from_secs(20);
/// Between such tries.
const BREATH: Duration = Duration::from_secs(1);

/// Writes new tokens that the store did not take, before the program ends and they with it. Tries for a while.
pub(crate) async fn write_unsaved(env: &Arc<Env>) {
    let begun = Instant::now();
    loop {
        let mut failed = None;
        for row in env.unsaved_ones() {
            failed = renew(env, &row.id, row.version, Why::Due).await.err().or(failed);
        }
        let Some(error) = failed else { return };
        if begun.elapsed() > LAST_TRIES {
            tracing::error!(%error, "new tokens are lost with this program");
            return;
        }
        tokio::time::sleep(BREATH).await;
    }
}

fn provider_of(env: &Env, row: &ConnectionRow) -> Result<String> {
    let app = env.store.read(|c| app::get(c, &row.app_id))?.ok_or_else(Error::no_app)?;
    Ok(Profile::find(&app.provider)?.called(&app.overrides))
}

async fn current(env: &Env, id: &ConnectionId) -> Result<Fresh> {
    // The key first: what is read now opens with it, even if the vault moves between.
    env.vault.check().await?;
    let row = row(env, id)?;
    Ok(Fresh { token: grant::access_token(env, &row).await?, version: row.version })
}
