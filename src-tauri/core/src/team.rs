//! Teams: the database through which connections are shared, and its members.

mod create;
mod database_url;
mod input;
mod members;
mod view;
mod worker;

pub(crate) use create::{create, join, read_invitation};
pub(crate) use database_url::{change_database_url, place as database_place};
pub use input::{Invite, InviteOpener, InvitedUrl, Join, NewTeam};
pub(crate) use members::{check_key, invite, leave, own_key, own_key_fingerprint, remove};
pub(crate) use view::{all, one};
pub(crate) use worker::become_worker;
