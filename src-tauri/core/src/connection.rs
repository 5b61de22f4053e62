//! Connections: their status, and the notifications about them.

mod edit;
mod first_page;
mod list;
mod pending_notifications;
mod scopes;
mod snapshot;
mod state;
mod status_counts;

pub(crate) use edit::{arrange, cleaned_annotations, edit};
pub(crate) use first_page::first;
pub(crate) use list::{all, details, forget, named, some};
pub(crate) use pending_notifications::take;
pub(crate) use snapshot::snapshot;
pub use status_counts::StatusCounts;
pub(crate) use status_counts::count;
