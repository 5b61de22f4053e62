//! The record of a shared connection in its team's database: what it says, and how it and the connection here are
//! brought to the same state.

mod agree;
mod apply;
mod definition;
mod document;
mod errors;
mod failure;
mod form;
mod identity;
mod log;
mod machine;
mod push;
mod record;
mod session;
mod shown_members;
mod unusable;

pub(crate) use agree::{apply, hold, pull_or_note, push_pending};
pub(crate) use apply::{check_ended, unlink};
pub(crate) use definition::ManageDocument;
pub(crate) use errors::told;
pub(crate) use failure::SharedFailure;
pub(crate) use identity::{
    associated_data_in, create_store, database_name, database_place, open_store, own as own_identity,
    url_associated_data,
};
pub(crate) use push::{Pushed, keep_pending, push, push_locked, write_failure};
pub(crate) use record::{Record, stored_version};
pub(crate) use session::{check_url, forget_session, keep_session, session};
pub(crate) use shown_members::shown_members;
pub(crate) use unusable::note_conflict;
