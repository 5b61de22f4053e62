//! The token agent: a running window hands a token that is good to `grapnel token`, over a Unix socket in the data
//! directory, with the key that it has in memory. Whatever it does not hand out at once, it leaves to whoever asked.
//! On Linux, where the keyring tells when it is locked, and asks nobody which program reads it.

#[cfg(target_os = "linux")]
mod answer;
#[cfg(target_os = "linux")]
mod ask;
#[cfg(target_os = "linux")]
mod asker;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(all(target_os = "linux", any(test, feature = "fuzz")))]
pub(crate) mod fuzz;
mod process;
#[cfg(target_os = "linux")]
mod socket;
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "nothing is said where nobody answers"))]
mod wire;

use grapnel_model::activity::{Asker, Kind};
use grapnel_model::error::Result;
use grapnel_model::id::{AppId, ConnectionId};

use crate::env::Env;
use crate::store::activity;

#[cfg(target_os = "linux")]
pub use ask::ask;
#[cfg(not(target_os = "linux"))]
pub use elsewhere::ask;
#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::serve;
pub use process::requesting_process;
#[cfg(target_os = "linux")]
pub(crate) use socket::serve;
pub use wire::{HandedOut, Question};

/// Notes that a program was given an access token. What asks again and again is one entry an hour.
pub(crate) fn note(env: &Env, of: (&ConnectionId, &AppId), asker: &Asker) -> Result<()> {
    let said = (&*asker.known_by(), &*asker.sentence());
    let of = (Some(of.0), Some(of.1));
    env.store.jot(|tx| activity::add_repeated(tx, env.now(), Kind::TokenHandedOut, said, of))
}
