//! Claiming: a callback is matched with the attempt that it answers, and makes it its own. Whatever does not
//! fit changes nothing.

use super::callback::{self, Callback, Fault, Names};
use super::{Phase, tell, time_out};
use crate::env::Env;
use crate::error::{Code, Error, Result};
use crate::id::AttemptId;
use crate::provider::{Conventions, Profile};
use crate::secret::{ExposeSecret, SecretString, sha256};
use crate::store::attempt::AttemptRow;
use crate::store::{self, app};

/// Reads a callback address, and claims the attempt that it answers.
pub(super) fn claim(env: &Env, address: &SecretString) -> Result<(AttemptRow, Callback)> {
    let callback = callback::parse(address.expose_secret(), &names(env)?).map_err(|fault| fault.explain())?;
    let row = match &callback.state {
        Some(state) => by_state(env, state)?.ok_or_else(unknown)?,
        None => without_state(env, &callback)?.ok_or_else(|| {
            refused(
                Code::CallbackInvalid,
                "An answer came back from the browser without a state, so that nobody can tell who sent it.",
            )
        })?,
    };
    if let Some(fault) = misfit(env, &row, &callback)? {
        return Err(fault.explain());
    }
    take(env, row).map(|row| (row, callback))
}

/// Claims `id` with what a person pasted: the whole address, or the code alone where nothing else is to be checked.
pub(super) fn claim_pasted(
    env: &Env,
    id: &AttemptId,
    pasted: &SecretString,
) -> Result<(AttemptRow, Callback)> {
    let text = pasted.expose_secret().trim();
    let row = env.store.read(|c| store::attempt::get(c, id))?.ok_or_else(super::no_attempt)?;
    if text.is_empty() {
        return Err(wrong_paste("Nothing was pasted."));
    }
    if !text.contains(':') && !text.contains('/') {
        return claim_code(env, row, text);
    }
    let callback = callback::parse(text, &names(env)?).map_err(|fault| {
        wrong_paste(&match fault {
            Fault::Neither => {
                "That address carries neither a code nor an error. It may be the address of the sign-in page."
                    .into()
            }
            fault => format!("{NOT_IT}: {fault}."),
        })
    })?;
    let answers = match &callback.state {
        Some(state) => by_state(env, state)?,
        None => Some(without_state(env, &callback)?.ok_or_else(|| {
            wrong_paste("That address carries no state, so that nobody can tell whose answer it is.")
        })?),
    };
    match answers {
        Some(other) if other.id != *id => {
            return Err(wrong_paste("That address answers another sign-in.")
                .hint("Paste it where that sign-in waits. Here goes the address that this one came to."));
        }
        None => return Err(wrong_paste("That address answers no sign-in of this Grapnel.")),
        Some(_) => {}
    }
    if let Some(fault) = misfit(env, &row, &callback)? {
        return Err(wrong_paste(&format!("{NOT_IT}: {fault}.")));
    }
    take(env, row).map(|row| (row, callback))
}

const NOT_IT: &str = "That is not the address that the provider sent you to";

fn claim_code(env: &Env, row: AttemptRow, code: &str) -> Result<(AttemptRow, Callback)> {
    if conventions(env, &row)?.require_state {
        return Err(wrong_paste(
            "That is only a code. Without the state beside it nobody can tell whose it is.",
        ));
    }
    let callback = Callback::of_code(&row.redirect_uri, code).map_err(|fault| fault.explain())?;
    take(env, row).map(|row| (row, callback))
}

/// The attempt that a callback without a state can only answer: one whose provider sends none, and that waits alone.
fn without_state(env: &Env, callback: &Callback) -> Result<Option<AttemptRow>> {
    let waiting = env.store.read(store::attempt::open)?.into_iter().filter(|row| {
        let lenient = conventions(env, row).is_ok_and(|conventions| !conventions.require_state);
        lenient && row.phase == Phase::Waiting && callback.came_to(&row.redirect_uri)
    });
    let waiting: Vec<AttemptRow> = waiting.collect();
    Ok(<[AttemptRow; 1]>::try_from(waiting).ok().map(|[row]| row))
}

/// In what a callback does not fit an attempt: it came to another address, or from another issuer (RFC 9207).
fn misfit(env: &Env, row: &AttemptRow, callback: &Callback) -> Result<Option<Fault>> {
    if !callback.came_to(&row.redirect_uri) {
        return Ok(Some(Fault::NotOurs));
    }
    let conventions = conventions(env, row)?;
    Ok(match (&callback.issuer, conventions.issuer) {
        (Some(named), Some(known)) if *named != known => {
            Some(Fault::OtherIssuer { named: crate::http::clean(named, &[]), known })
        }
        (None, Some(known)) if conventions.require_iss => Some(Fault::NoIssuer(known)),
        _ => None,
    })
}

/// Makes an attempt this callback's: of two callbacks, one wins.
fn take(env: &Env, row: AttemptRow) -> Result<AttemptRow> {
    let late = |why: &str| {
        refused(Code::CallbackLate, format!("An answer came back from the browser for a sign-in that {why}."))
    };
    if row.phase == Phase::Waiting && row.expires_at <= env.now() {
        time_out(env, &row.id)?;
        return Err(late("had waited too long"));
    }
    if env.store.write(|tx| store::attempt::advance(tx, &row.id, Phase::Waiting, Phase::Exchanging))? {
        tell(env, &row.id)?;
        return Ok(row);
    }
    Err(late(match row.phase {
        Phase::Cancelled => "was cancelled here",
        Phase::TimedOut => "had waited too long",
        _ => "was already answered",
    }))
}

fn by_state(env: &Env, state: &SecretString) -> Result<Option<AttemptRow>> {
    let hash = sha256(state.expose_secret().as_bytes());
    env.store.read(|c| store::attempt::by_state(c, &hash))
}

/// The names by which the providers of all apps carry code and state. An app whose values this version cannot read
/// does not stand in the way of the others.
fn names(env: &Env) -> Result<Names> {
    let mut names = Names::default();
    for app in env.store.read(app::all)? {
        let conventions =
            Profile::find(&app.provider).and_then(|profile| profile.conventions(&app.overrides));
        if let Ok(conventions) = conventions {
            names.add(&conventions);
        }
    }
    Ok(names)
}

fn conventions(env: &Env, row: &AttemptRow) -> Result<Conventions> {
    let app = env.store.read(|c| app::get(c, &row.app_id))?.ok_or_else(Error::no_app)?;
    Profile::find(&app.provider)?.conventions(&app.overrides)
}

fn unknown() -> Error {
    refused(
        Code::CallbackUnknown,
        "An answer came back from the browser that belongs to no sign-in of this Grapnel.",
    )
}

fn refused(code: Code, message: impl Into<String>) -> Error {
    Error::new(code, message)
        .means("It changed nothing. Your tokens are as they were.")
        .hint("If you did not just sign in, someone may have made you open a forged link; nothing more is to be done. If you did, start again.")
}

fn wrong_paste(message: &str) -> Error {
    Error::input("pasted", message)
        .means("The sign-in still waits.")
        .hint("Copy the whole address from the browser’s address bar, after you agreed there.")
}
