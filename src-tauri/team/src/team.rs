//! A team as one of its members has it.

mod handle;
mod members;

pub use handle::{Activity, Team, Update, checked_name};
pub use members::{Invited, Removal};
