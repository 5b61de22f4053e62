//! The store: one SQLite database with everything that is kept. Reads and writes are whole transactions,
//! and a write is on the disk when it returns.

pub(crate) mod activity;
pub(crate) mod app;
pub(crate) mod attempt;
pub(crate) mod cache;
pub(crate) mod change;
pub(crate) mod clock;
mod column;
pub(crate) mod connection;
mod database;
mod failure;
mod filesystem;
mod group_commit;
mod locks;
mod open;
mod others;
mod pending_write;
pub(crate) mod renewable;
pub(crate) mod revocation;
pub(crate) mod sealed;
pub(crate) mod settings;
pub(crate) mod sound;
pub(crate) mod standing;
pub(crate) mod vault;

pub use database::Store;
pub(crate) use failure::FILES;
pub(crate) use locks::Presence;
pub use open::write_private;
