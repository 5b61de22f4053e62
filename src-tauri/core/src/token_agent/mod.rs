//! The token agent: a running window hands a token that is good to `grapnel token`, from memory, over a Unix socket in
//! the data directory. Whatever it does not hand out at once, it leaves to whoever asked.

#[cfg(unix)]
mod answer;
#[cfg(unix)]
mod ask;
#[cfg(unix)]
mod asker;
#[cfg(not(unix))]
mod elsewhere;
#[cfg(unix)]
mod socket;
#[cfg_attr(not(unix), allow(dead_code, reason = "nothing is said where nobody answers"))]
mod wire;

use crate::activity::{Asker, Kind};
use crate::env::Env;
use crate::error::Result;
use crate::id::{AppId, ConnectionId};
use crate::store::activity;

#[cfg(unix)]
pub use ask::ask;
#[cfg(not(unix))]
pub use elsewhere::ask;
#[cfg(not(unix))]
pub(crate) use elsewhere::serve;
#[cfg(unix)]
pub(crate) use socket::serve;
pub use wire::{HandedOut, Question};

/// Notes that a program was given an access token. What asks again and again is one entry an hour.
pub(crate) fn note(env: &Env, of: (&ConnectionId, &AppId), asker: &Asker) -> Result<()> {
    let said = (&*asker.known_by(), &*asker.sentence());
    env.store.jot(|tx| activity::add_repeated(tx, env.now(), Kind::TokenHandedOut, said, of))
}
