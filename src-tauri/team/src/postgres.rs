//! A team's database in PostgreSQL.
//!
//! One session per process and team carries all requests, the locks and the notifications; a rotation of the keys and
//! a migration have a session of their own for their transaction. The session is opened at the first request, and
//! again at the next one after it was lost.

mod failure;
mod inner;
mod lock;
mod rotation;
mod rows;
mod schema;
mod session;
mod setup;
mod socket;
mod store;
mod suitability;
mod tls;
mod unreached;
mod url;

pub use schema::{SchemaName, known as schema_version};
pub use store::PostgresStore;
pub use url::DatabaseUrl;

#[cfg(test)]
mod tests;
