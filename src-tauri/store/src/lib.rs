//! Storage: one SQLite database with a module per table, the vault that encrypts the secrets in it, and the content
//! cache in a database of its own.
//!
//! Reads and writes are transactions, and a write is on the disk when it returns. Nothing here uses the network.

pub mod activity;
pub mod api_exchange;
pub mod app;
pub mod attempt;
pub mod cache;
pub mod change_log;
mod change_watcher;
pub mod clock;
mod column;
pub mod connection;
pub mod connection_status;
mod database;
pub mod derived_token;
mod failure;
mod filesystem;
mod group_commit;
pub mod hook;
pub mod integrity;
mod locks;
mod open;
mod pending_write;
pub mod refresh_candidates;
pub mod revocation;
pub mod saved_request;
pub mod sealed;
pub mod settings;
pub mod shared_connection;
pub mod team;
pub mod vault;
pub mod vault_table;

pub use database::Store;
pub use failure::BACKUP_FILES;
pub use locks::Presence;
pub use open::{make_private_directory, write_private};
