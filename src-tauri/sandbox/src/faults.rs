//! Faults on demand: what real servers and the networks before them do wrong, a given number of times.

pub(crate) mod body;
pub(crate) mod endpoint;
pub(crate) mod error;
pub(crate) mod fault;
pub(crate) mod plan;
mod play;
mod token_reply;
pub(crate) mod words;

pub use endpoint::Endpoint;
pub use error::FaultError;
pub use fault::Fault;
pub use plan::{Faults, Planned, Times};
pub(crate) use play::play;
pub(crate) use words::{WHY, Words};
