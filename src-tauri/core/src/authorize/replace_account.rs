//! Replacing the account of a connection, after another account signed in and the person wants that one.

use std::sync::Arc;

use grapnel_model::account::Account;
use grapnel_model::activity::Kind;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::{AttemptId, ConnectionId};
use grapnel_store::{activity, attempt, connection};

use super::attempts::{no_attempt, tell};
use crate::env::Env;
use crate::grant;

/// Puts what was kept beside a connection in its place: the person wants the account that signed in. The connection that
/// was made for it goes.
pub(crate) async fn replace(env: &Arc<Env>, id: &AttemptId) -> Result<ConnectionId> {
    let working = env.at_work().await?;
    let attempt = env.store.read(|c| attempt::get(c, id))?.ok_or_else(no_attempt)?;
    let (Some(old), Some(new)) = (attempt.meant_for, attempt.connection_id) else {
        return Err(Error::new(Code::NotFound, "No other account waits to replace this one.")
            .means("Nothing was changed."));
    };
    let found = env.store.read(|c| Ok((connection::get(c, &old)?, connection::get(c, &new)?)))?;
    let (Some(there), Some(signed_in)) = found else { return Err(Error::no_connection()) };
    let from = grant::newest(env, signed_in.clone());
    let sealed = grant::seal_for(env, &old, &from).await?;
    let now = env.now();
    let called =
        |account: Option<&Account>| account.map_or_else(|| "an unknown account".into(), Account::called);
    let text = format!(
        "The account changed from {} to {}, because you asked.",
        called(there.identity.account.as_ref()),
        called(signed_in.identity.account.as_ref())
    );
    let is_moved = env.store.write(|tx| {
        // A renewal that ended meanwhile has brought other tokens.
        if !connection::clear_grant(tx, &new, signed_in.version)?
            || !connection::set_grant(tx, &old, there.version, &sealed)?
        {
            return Ok(false);
        }
        connection::take_identity(tx, &old, &new)?;
        attempt::set_connection(tx, id, &old)?;
        attempt::set_meant_for(tx, id, None)?;
        connection::remove(tx, &new)?;
        activity::add(tx, now, Kind::OtherAccount, &text, (Some(&old), Some(&attempt.app_id)))?;
        Ok(true)
    });
    if !is_moved? {
        return Err(Error::new(Code::DataBusy, "A connection was renewed at this moment.")
            .means("Nothing was changed.")
            .hint("Try again."));
    }
    drop(working);
    env.drop_unsaved(&old);
    env.drop_unsaved(&new);
    env.store.drop_renewal_lock(&new);
    env.tell(Event::Connection(new.clone()));
    env.tell(Event::Connection(old.clone()));
    tell(env, id)?;
    env.cache.forget(&new.0).await?;
    env.cache.forget(&old.0).await?;
    Ok(old)
}
