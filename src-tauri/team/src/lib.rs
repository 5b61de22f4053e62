//! Shared connections of a team: encrypted records in a database that the team's machines share, the team's keys, and
//! its membership.
//!
//! [`port`] is what a database has to do, `postgres` does it with PostgreSQL. `Team` is what the core uses: it
//! decrypts what the port delivers, and checks it. Nothing here knows what a record contains, and nothing is stored
//! locally: what must be remembered between two calls is `Seen`.

mod error;
pub mod port;

pub use error::{Result, TeamError};
