//! Fault injection: errors of real servers and networks, each applied a given number of times.

mod apply;
pub(crate) mod endpoint;
pub(crate) mod fault;
pub(crate) mod plan;
pub(crate) mod refusals;
mod reply_body;
mod token_reply;

pub(crate) use apply::apply_fault;
pub use endpoint::Endpoint;
pub use fault::Fault;
pub use plan::{Faults, PlannedFault, Times};
pub(crate) use refusals::{FAULT_DESCRIPTION, RefusalReplies};
