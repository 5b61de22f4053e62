//! Connections that are shared with a team: sharing one, taking in those of others, following what other machines do.

mod app;
mod end_records;
mod follow;
mod forget;
mod prove;
mod share;
mod sync;

pub(crate) use follow::follow;
pub(crate) use forget::forget;
pub(crate) use prove::prove;
pub(crate) use share::{share, team_activity, unshare};
pub(crate) use sync::{sync, take_in_named};
