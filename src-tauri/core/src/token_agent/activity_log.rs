//! Activity log entries about processes that were given a token.

use grapnel_model::activity::{Kind, RequestingProcess};
use grapnel_model::error::Result;
use grapnel_model::id::{AppId, ConnectionId};
use grapnel_store::activity;

use crate::context::Context;

/// Logs that a program was given an access token. Repeated requests of a program share one entry an hour.
pub(crate) fn log_hand_out(
    ctx: &Context,
    of: (&ConnectionId, &AppId),
    process: &RequestingProcess,
) -> Result<()> {
    let said = (&*process.log_name(), &*process.sentence());
    add(ctx, of, said)
}

/// Adds an entry that a process was given an ID token. It is not one with the access tokens that it was given.
pub(crate) fn log_id_token(
    ctx: &Context,
    of: (&ConnectionId, &AppId),
    process: &RequestingProcess,
) -> Result<()> {
    let said = (&*format!("{} (ID token)", process.log_name()), &*process.sentence_of("ID token"));
    add(ctx, of, said)
}

/// Adds an entry that a process was given a token that token exchange derived from the connection's.
pub(crate) fn log_derived_token(
    ctx: &Context,
    of: (&ConnectionId, &AppId),
    process: &RequestingProcess,
) -> Result<()> {
    let said = (&*format!("{} (derived token)", process.log_name()), &*process.sentence_of("Derived token"));
    add(ctx, of, said)
}

fn add(ctx: &Context, of: (&ConnectionId, &AppId), said: (&str, &str)) -> Result<()> {
    let of = (Some(of.0), Some(of.1));
    ctx.store.write_without_sync(|tx| activity::add_repeated(tx, ctx.now(), Kind::TokenHandedOut, said, of))
}
