//! Shared connections of a team: encrypted records in a database that the team's machines share, the team's keys, and
//! its membership.
//!
//! [`port`] is what a database has to do, [`postgres`] does it with PostgreSQL. [`Team`] is what the core uses: it
//! encrypts and decrypts what passes the port, and checks it. Nothing here knows what a record contains, and nothing is
//! stored locally: what must be remembered between two calls is [`Seen`] for a team, [`SeenRecord`] for a record.

mod age_file;
mod cipher;
mod error;
mod identity;
mod invitation;
mod keys;
mod membership;
pub mod port;
pub mod postgres;
mod record;
mod rollback;
mod team;

pub use error::{Result, TeamError};
pub use identity::{Identity, PublicKey, SigningKey};
pub use invitation::{Invitation, needs_passphrase};
pub use keys::TeamKeys;
pub use membership::{Member, Membership, OwnerPin, Role, Seen};
pub use record::{Definition, Record};
pub use rollback::{SeenRecord, check_record};
pub use team::{Activity, Invited, Removal, Team, Update, checked_name};
