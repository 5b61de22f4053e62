//! One renewal, from the lock that keeps others from it to what is kept of it.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use grapnel_model::activity::Kind;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::ConnectionId;
use grapnel_model::provider::{Profile, Refresh};
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

use super::outcome::{Before, Outcome, Why, no_refresh_token};
use super::point::{Point, reached};
use crate::content::id_token::{self, Refreshed};
use crate::env::{Env, Unsaved};
use crate::grant::{self, Client};
use crate::http::Turn;
use crate::http::token::{Ask, ask};
use crate::retry::{self, after, dice, in_words};
use crate::store::connection::{ConnectionRow, Retry, SealedGrant};
use crate::store::{activity, clock, connection};
use crate::{app_secrets, revoke};

/// Renews, unless the grant of version `instead_of` was replaced meanwhile. The work is a task of its own:
/// a caller that gives up must not break off a rotation between its request and its answer.
pub(super) async fn renew(env: &Arc<Env>, id: &ConnectionId, instead_of: i64, why: Why) -> Result<Outcome> {
    let (env, id) = (Arc::clone(env), id.clone());
    let work = tokio::spawn(async move {
        let renewal = env.renewal(&id);
        let held = renewal.lock().await;
        // What is in memory alone is to be written, whatever is known.
        let known =
            if env.unsaved(&id).is_some() { None } else { known(&env, &row(&env, &id)?, instead_of, why) };
        if let Some(known) = known {
            return Ok(known);
        }
        env.tell(Event::Connection(id.clone()));
        let outcome = Box::pin(in_turn(&env, &id, instead_of, why)).await;
        drop(held);
        env.tell(Event::Connection(id));
        reached(Point::AfterTelling);
        outcome
    });
    work.await.map_err(|_| Error::new(Code::Internal, "The renewal was broken off."))?
}

/// What is known without asking the provider: someone else has renewed, or has just tried in vain.
fn known(env: &Env, row: &ConnectionRow, instead_of: i64, why: Why) -> Option<Outcome> {
    if row.held.is_some() && row.version != instead_of {
        return Some(Outcome::Superseded);
    }
    let is_quiet = row.retry.quiet_until.is_some_and(|end| env.time.now() < end);
    let trouble = row.trouble.clone().filter(|_| is_quiet && why != Why::Asked)?;
    Some(Outcome::Transient(trouble, None))
}

/// Renews when it is this connection's turn at its provider, and no other process renews it.
async fn in_turn(env: &Env, id: &ConnectionId, instead_of: i64, why: Why) -> Result<Outcome> {
    let (_, app) = env.store.read(|c| connection::with_app(c, id))?.ok_or_else(Error::no_connection)?;
    let conventions = Profile::find(&app.provider)?.conventions(&app.overrides)?;
    // The turn comes first: who waits for it holds no file, and no thread.
    let turn = env.http.turn(conventions.renewal.url.as_ref().unwrap_or(&conventions.token_url)).await;
    let alone = alone(env, id).await?;
    let _working = env.at_work().await?;
    attempt(env, id, (&turn, &alone), instead_of, why).await
}

/// Waits until no other process renews this connection.
async fn alone(env: &Env, id: &ConnectionId) -> Result<Arc<File>> {
    // Since its last renewal it is this process's, until what that brought is stored.
    if let Some(unsaved) = env.unsaved(id) {
        return Ok(unsaved.alone);
    }
    if let Some(lock) = env.store.try_renewal_lock(id)? {
        return Ok(Arc::new(lock));
    }
    let (store, id) = (env.store.clone(), id.clone());
    let locked = tokio::task::spawn_blocking(move || store.renewal_lock(&id));
    let locked = tokio::time::timeout(OTHERS, locked).await.map_err(|_| held_elsewhere())?;
    let broken_off = |_| Error::new(Code::Internal, "Waiting for another process was broken off.");
    Ok(Arc::new(locked.map_err(broken_off)??))
}

/// The longest that another process takes for a renewal, unless its disk fails; and some more.
const OTHERS: Duration = Duration::from_secs(90);

fn held_elsewhere() -> Error {
    Error::new(Code::DataBusy, "Another Grapnel has been renewing this connection for more than a minute.")
        .means("It may hold new tokens that it cannot write to the disk. Nothing was changed here.")
        .hint("Look whether the disk is full, then try again.")
}

async fn attempt(
    env: &Env,
    id: &ConnectionId,
    (turn, alone): (&Turn, &Arc<File>),
    instead_of: i64,
    why: Why,
) -> Result<Outcome> {
    // It is the only copy there is, and stays where it is until it is stored.
    if let Some(unsaved) = env.unsaved(id) {
        let grant = grant::seal_anew(env, id, unsaved.grant).await?;
        let outcome = save(env, &unsaved.row, grant, alone, why).await?;
        env.drop_unsaved(id);
        return Ok(outcome);
    }
    let (row, app) = env.store.read(|c| connection::with_app(c, id))?.ok_or_else(Error::no_connection)?;
    if row.held.is_none() {
        return Err(grant::disconnected(&row.name));
    }
    // While this one waited, another process may have come to an end of it.
    if let Some(known) = known(env, &row, instead_of, why) {
        return Ok(known);
    }
    app_secrets::seal_clear(env, &app).await?;
    let client = Client::of(env, &app).await?;
    grant::may_be_sent(row.kept_for.as_ref(), &client.conventions)?;
    // What comes of it is for the hosts that were asked, also if the app's are others by then.
    let kept_for = row.kept_for.or_else(|| Some(client.conventions.origins()));
    let row = ConnectionRow { kept_for, ..row };
    let renews = client.conventions.renewal.refresh != Refresh::None;
    let Some(sealed) = row.sealed_refresh.as_ref().filter(|_| renews) else {
        return settle(env, &row, Outcome::Refused(no_refresh_token(&client.provider, why)), why).await;
    };
    let token = env.vault.open(&grant::refresh_place(id), sealed).await?;
    reached(Point::BeforeMark);
    let (begun, at) = (id.clone(), env.now());
    env.store.write_together(move |c| connection::begin_refresh(c, &begun, at)).await?;
    reached(Point::AfterMark);
    reached(Point::BeforeSend);
    let answered = ask(&env.http, turn, &client.conventions, &client.credentials, Ask::Refresh(token)).await;
    reached(Point::AfterAnswer);
    match answered {
        Ok(granted) => {
            let told = id_token::refreshed(&client, &granted, row.id_claims.as_ref());
            let mut sealed = grant::seal(env, id, &client.conventions, granted, Some(&row)).await?;
            match told {
                Refreshed::Same => {}
                Refreshed::Another(trouble) => sealed.trouble = Some(trouble),
                Refreshed::Untold(deviation) => {
                    sealed.trouble = row.trouble.clone().filter(|_| row.holds_another_account());
                    sealed.deviations.extend(deviation);
                }
            }
            save(env, &row, sealed, alone, why).await
        }
        Err(unanswered) => {
            let before = Before {
                answer_lost: row.answer_may_be_lost(),
                refusals: row.retry.refusals,
                access_lives: why != Why::NotAccepted && is_good(env, &row),
            };
            let outcome = Outcome::of(&client, unanswered.failure, before);
            settle(env, &row, outcome, why).await
        }
    }
}

/// Whether the access token has not ended, as far as is known.
fn is_good(env: &Env, row: &ConnectionRow) -> bool {
    let now = env.time.now();
    row.held.as_ref().is_some_and(|held| held.expires_at.is_none_or(|end| end > now))
}

/// Keeps new tokens before anyone uses them. The provider has made the old ones void by now, so a store that
/// fails is tried again, and if it goes on failing the tokens stay in memory for the next renewal to keep.
async fn save(
    env: &Env,
    row: &ConnectionRow,
    grant: SealedGrant,
    alone: &Arc<File>,
    why: Why,
) -> Result<Outcome> {
    let mut pause = Duration::from_millis(100);
    let new = Arc::new((row.clone(), grant));
    reached(Point::BeforeCommit);
    let kept = loop {
        let (written, at, ahead) = (Arc::clone(&new), env.now(), env.time.ahead());
        let written = env.store.write_together(move |c| keep(c, at, ahead, &written, why));
        match written.await {
            Ok(kept) => break kept,
            Err(_) if pause < LAST_PAUSE => tokio::time::sleep(pause).await,
            Err(error) => {
                let trouble = error
                    .means("The new tokens are held in memory, for as long as Grapnel runs.")
                    .or_hint("Make room on the disk, then refresh again.");
                let ((row, grant), alone) = ((*new).clone(), Arc::clone(alone));
                env.keep_unsaved(Unsaved { row, grant, trouble: trouble.clone(), alone });
                return Err(trouble);
            }
        }
        pause *= 2;
    };
    reached(Point::AfterCommit);
    if kept {
        return Ok(new.1.trouble.clone().map_or(Outcome::Renewed, Outcome::OtherAccount));
    }
    // The person disconnected, or signed in again, while the provider answered.
    if let Err(error) = revoke::take_back(env, row, new.1.clone()).await {
        tracing::info!(%error, "tokens that came late are not taken back");
    }
    Ok(Outcome::Superseded)
}

/// Writes a new grant down, with what the renewal told; answers whether the connection holds it.
fn keep(
    connection: &Connection,
    at: Timestamp,
    ahead: SignedDuration,
    (row, grant): &(ConnectionRow, SealedGrant),
    why: Why,
) -> rusqlite::Result<bool> {
    if connection::set_grant(connection, &row.id, row.version, grant)? {
        clock::keep(connection, ahead)?;
        note_renewal(connection, at, row, grant, why)?;
        return Ok(true);
    }
    // A commit that was told to have failed may have reached the disk all the same.
    connection::holds(connection, &row.id, &grant.access)
}

/// The longest pause before a store that fails is given up for now.
const LAST_PAUSE: Duration = Duration::from_secs(3);

/// Adds a renewal to the activity. Those that nobody asked for are one entry, which counts them: a year of them
/// must not drive out what a person did.
fn note_renewal(
    connection: &Connection,
    at: Timestamp,
    row: &ConnectionRow,
    grant: &SealedGrant,
    why: Why,
) -> rusqlite::Result<()> {
    let of = (Some(&row.id), Some(&row.app_id));
    if let Some(trouble) = &grant.trouble {
        return activity::add(connection, at, Kind::OtherAccount, &trouble.message, of);
    }
    let failed = match row.retry.failures {
        0 => String::new(),
        1 => " The try before had failed.".into(),
        failures => format!(" The {failures} tries before had failed."),
    };
    let reason = match why {
        Why::Due => {
            let count = grant.held.renewals;
            let text = format!("Renewed by itself. This is renewal {count} since the sign-in.{failed}");
            return activity::add_again(connection, at, Kind::RenewedByItself, &text, of);
        }
        Why::Needed => "Renewed because the token was needed.",
        Why::NotAccepted => "Renewed because the provider’s API did not accept the token.",
        Why::Asked => "Renewed because you asked.",
    };
    activity::add(connection, at, Kind::Renewed, &format!("{reason}{failed}"), of)
}

/// Writes down how a renewal failed, and when it is tried again.
async fn settle(env: &Env, row: &ConnectionRow, outcome: Outcome, why: Why) -> Result<Outcome> {
    let Some(failure) = failure(env, row, &outcome, why) else { return Ok(outcome) };
    reached(Point::BeforeCommit);
    let is_current = env.store.write_together(failure).await?;
    reached(Point::AfterCommit);
    Ok(if is_current { outcome } else { Outcome::Superseded })
}

/// Writes down that a renewal was cut off as an earlier program ended.
pub(super) fn settle_cut_off(env: &Env, row: &ConnectionRow) -> Result<()> {
    let failure = failure(env, row, &Outcome::cut_off(), Why::Due);
    failure.map_or(Ok(()), |failure| env.store.write(|tx| failure(tx).map(drop)))
}

/// What is to be written of a renewal that failed, if it did: it answers whether the grant is still the one that was
/// to be renewed.
fn failure(
    env: &Env,
    row: &ConnectionRow,
    outcome: &Outcome,
    why: Why,
) -> Option<impl FnOnce(&Connection) -> rusqlite::Result<bool> + Send + use<>> {
    let failures = row.retry.failures.saturating_add(1);
    let (error, kind, pause) = match outcome {
        Outcome::Refused(error) => (error, Kind::RenewalRefused, None),
        Outcome::Transient(error, asked) => {
            (error, Kind::RenewalFailed, Some(retry::pause(failures, *asked, dice())))
        }
        Outcome::Doubtful(error) | Outcome::Unusable(error) => {
            (error, Kind::RenewalFailed, Some(retry::pause(failures, None, dice())))
        }
        Outcome::Unknown(error, asked) => {
            // The next try decides, and who waits for it should not wait long. After that, patience is better.
            let pause = if row.retry.failures == 0 && asked.is_none() {
                SOON.mul_f64(1.0 + dice())
            } else {
                retry::pause(failures, *asked, dice())
            };
            (error, Kind::AnswerLost, Some(pause))
        }
        Outcome::Renewed | Outcome::Superseded | Outcome::OtherAccount(_) => return None,
    };
    let now = env.time.now();
    let retry = Retry {
        failures,
        at: pause.map(|pause| after(now, pause)),
        quiet_until: quiet(outcome).map(|quiet| after(now, quiet)),
        answer_lost: row.answer_may_be_lost()
            || matches!(outcome, Outcome::Unknown(..) | Outcome::Unusable(_)),
        refusals: row.retry.refusals.saturating_add(u32::from(matches!(outcome, Outcome::Doubtful(_)))),
    };
    let trying = pause.map(|pause| format!(" Trying again {}.", in_words(pause))).unwrap_or_default();
    // Many tries that fail alike are one entry, which counts them.
    let is_news = why == Why::Asked || row.trouble.as_ref().is_none_or(|before| before.code != error.code);
    let (id, app_id, version, at, error) =
        (row.id.clone(), row.app_id.clone(), row.version, env.now(), error.clone());
    Some(move |connection: &Connection| {
        let is_current = connection::end_refresh(connection, &id, version, &error, &retry)?;
        let of = (Some(&id), Some(&app_id));
        if is_current && is_news {
            activity::add(connection, at, kind, &format!("{}{trying}", error.message), of)?;
        } else if is_current {
            let text = format!("{} {failures} attempts have failed.{trying}", error.message);
            activity::add_again(connection, at, kind, &text, of)?;
        }
        Ok(is_current)
    })
}

/// How soon a renewal whose answer was lost is tried again, at least; at most twice that.
const SOON: Duration = Duration::from_secs(2);
/// How long a failure answers for a new try.
const QUIET: Duration = Duration::from_secs(2);
/// The longest that a provider's own wish does.
const LONGEST_QUIET: Duration = Duration::from_secs(3_600);

/// How long whoever needs a token is answered without asking the provider again.
fn quiet(outcome: &Outcome) -> Option<Duration> {
    match outcome {
        Outcome::Transient(_, asked) | Outcome::Unknown(_, asked) => {
            Some(asked.unwrap_or_default().clamp(QUIET, LONGEST_QUIET))
        }
        Outcome::Doubtful(_) | Outcome::Unusable(_) => Some(QUIET),
        Outcome::Renewed | Outcome::Superseded | Outcome::Refused(_) | Outcome::OtherAccount(_) => None,
    }
}

pub(super) fn row(env: &Env, id: &ConnectionId) -> Result<ConnectionRow> {
    env.store.read(|c| connection::get(c, id))?.ok_or_else(Error::no_connection)
}

#[cfg(test)]
mod tests {
    use grapnel_model::id::AppId;

    use super::*;
    use crate::store::Store;
    use crate::store::sealed::Sealed;

    /// Taken for late, it would be revoked.
    #[test]
    fn a_grant_that_reached_the_disk_unheard_is_no_late_one() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        let (id, now) = (ConnectionId("c".into()), Timestamp::UNIX_EPOCH);
        let app = "INSERT INTO app (id, name, provider, client_id, redirect_uri, scopes, projects, overrides, created_at)
            VALUES ('a', 'a', 'grigora', 'x', 'x', '[]', '\"any\"', '{}', '2026-01-01T00:00:00Z')";
        store.write(|tx| tx.execute(app, [])).unwrap();
        store.write(|tx| connection::insert(tx, &id, &AppId("a".into()), "c", now)).unwrap();
        let row = store.read(|c| connection::get(c, &id)).unwrap().unwrap();
        let grant = |access: &str| {
            SealedGrant {
            access: Sealed(access.into()),
            refresh: None,
            held: serde_json::from_value(serde_json::json!({
                "access": { "prefix": "", "fingerprint": "" }, "refresh": null, "issued_at": now, "expires_at": null,
                "renewals": 1,
            }))
            .unwrap(),
            scopes: Vec::new(),
            project_ids: Vec::new(),
            deviations: Vec::new(),
            seen: None,
            trouble: None,
        }
        };
        let keep = |access| {
            let new = (row.clone(), grant(access));
            store.write(|tx| keep(tx, now, SignedDuration::ZERO, &new, Why::Asked)).unwrap()
        };
        assert!(keep("new"));
        assert!(keep("new"));
        assert!(!keep("late"));
        let notes =
            store.read(|c| c.query_row("SELECT count(*) FROM activity", [], |row| row.get::<_, i64>(0)));
        assert_eq!(notes.unwrap(), 1);
    }
}
