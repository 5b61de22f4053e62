//! The port to a team's database. Everything that passes it is random, a version, a time, or ciphertext.
//!
//! The contract, for any engine:
//! - A **version** of a record grows by one with each write that succeeds, and by nothing else. A rotation of the
//!   team's keys replaces the ciphertext and the generation of a record, and leaves its version.
//! - **Writes compare**: a write names the version and the generation that it replaces and succeeds in whole or not at
//!   all. It carries a random [`WriteId`]; the same write again succeeds without effect, so that a write whose answer
//!   was lost can be repeated.
//! - A **lock** excludes every other session of every machine. It belongs to a session of the database and ends with
//!   it. The start of a refresh ([`RecordLock::begin`]) travels on the very session that holds the lock: it fails if
//!   that session is gone.
//! - **Watching** is best effort. A subscriber may miss changes while the session is down and is told so.
//! - A call that fails with [`TeamError::Unreachable`](crate::TeamError::Unreachable) may or may not have been done.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use grapnel_model::secret::{hex, random};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use crate::error::Result;

/// What the methods of the port return.
pub type PortFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// A new random ID of 128 bits.
            pub fn random() -> Self {
                Self(hex(&random::<16>()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// Identifies a team.
    TeamId
);
id!(
    /// Identifies the record of a shared connection.
    RecordId
);
id!(
    /// Identifies a member of a team.
    MemberId
);
id!(
    /// Identifies a machine: one data directory, or one run of a worker.
    MachineId
);
id!(
    /// Identifies one write, so that its repetition is known as such. Keep it with the grant that is to be written.
    WriteId
);
id!(
    /// Identifies an entry of a record's activity.
    ActivityId
);

/// The version of a record: 1 when it is inserted.
pub type Version = u64;
/// The generation of the team's keys: 1 when the team is created.
pub type Generation = u32;

/// The tag under which a record is found by its name: an HMAC under a key of the team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lookup(pub [u8; 32]);

/// The ciphertext of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRecord {
    /// The ID.
    pub id: RecordId,
    /// The version.
    pub version: Version,
    /// The generation of the keys that encrypt it.
    pub generation: Generation,
    /// The write that made this version.
    pub write_id: WriteId,
    /// What a refresh writes. Encrypted under the use key.
    pub tokens: Vec<u8>,
    /// What is shared, and where it may be sent. Encrypted under the use key, signed with the manage key.
    pub definition: Vec<u8>,
    /// What only signing in and administration need. Encrypted under the manage key.
    pub app: Vec<u8>,
    /// The tag under which it is found by its name.
    pub lookup: Lookup,
    /// The refresh that was begun on this version and has no result yet.
    pub begun: Option<Begun>,
    /// When this version was written, by the server's clock.
    pub updated_at: Timestamp,
    /// How long ago, by the server's clock, when it was read.
    pub age: Duration,
}

/// A refresh that a machine has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// By whom.
    pub machine: MachineId,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// How long ago, by the server's clock, when it was read.
    pub age: Duration,
}

/// A new version of a record.
#[derive(Debug, Clone)]
pub struct Write {
    /// The record.
    pub id: RecordId,
    /// The version that it replaces; the new one is one more.
    pub replaces: Version,
    /// The generation of the keys that encrypt it.
    pub generation: Generation,
    /// The ID of this write.
    pub write_id: WriteId,
    /// The new ciphertext.
    pub tokens: Vec<u8>,
    /// The new ciphertext, if that part changes; and the tag of the name that it gives.
    pub definition: Option<(Vec<u8>, Lookup)>,
    /// The new ciphertext, if that part changes. It changes with the definition only.
    pub app: Option<Vec<u8>>,
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It is stored, by this call or an earlier one with the same [`WriteId`]. The begun mark is cleared.
    Stored,
    /// Another write came first; the record now has this version.
    Superseded(Version),
    /// The keys were rotated. Read the membership, seal for the new generation, and write with the same [`WriteId`].
    Rekeyed(Generation),
    /// The record is not there.
    Missing,
}

/// What became of an attempt to lock.
pub enum Locking {
    /// This session has the lock.
    Held(Box<dyn RecordLock>),
    /// Another machine has written a version above the one that is known, so that there is nothing left to do under
    /// the lock.
    Newer(Version),
}

impl fmt::Debug for Locking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held(_) => f.write_str("Held"),
            Self::Newer(version) => write!(f, "Newer({version})"),
        }
    }
}

/// What became of the start of a refresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Began {
    /// It is marked.
    Marked,
    /// The record has another version or another begun mark than expected.
    Changed,
}

/// The lock of a record. Dropping it releases the lock in the background; [`RecordLock::release`] waits for that.
pub trait RecordLock: Send + Sync {
    /// Whether its session is known to be alive. `false` is certain; `true` may be late by the keepalive's time.
    fn is_held(&self) -> bool;
    /// Asks the server whether the session still lives.
    fn verify(&self) -> PortFuture<'_, ()>;
    /// Marks that `machine` begins a refresh of `version`, in place of `instead_of`, the mark that the caller has
    /// read.
    fn begin<'a>(
        &'a self,
        version: Version,
        instead_of: Option<&'a MachineId>,
        machine: &'a MachineId,
    ) -> PortFuture<'a, Began>;
    /// Removes the mark of `machine`, if no request was sent after all.
    fn unbegin<'a>(&'a self, version: Version, machine: &'a MachineId) -> PortFuture<'a, ()>;
    /// Releases it and wakes who waits for it. An error means that the session is gone, and the lock with it.
    fn release(self: Box<Self>) -> PortFuture<'static, ()>;
}

/// A record as a listing has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordVersion {
    /// The ID.
    pub id: RecordId,
    /// The version.
    pub version: Version,
    /// The generation of its keys.
    pub generation: Generation,
}

/// What a watch reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A record was written or inserted.
    Written(RecordId, Version),
    /// A record was deleted.
    Deleted(RecordId),
    /// The membership document was replaced.
    Membership,
    /// Changes may have been missed: the session was lost, and a new one is open. List again.
    Missed,
    /// The session was lost. It is opened again by the next call, or after a while.
    Lost,
}

/// The team's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamRow {
    /// The team.
    pub id: TeamId,
    /// The generation of the keys.
    pub generation: Generation,
    /// The version of the membership document.
    pub version: Version,
    /// The membership document, sealed.
    pub document: Vec<u8>,
}

/// The keys of the current generation, encrypted for one member: an age file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKeys {
    /// The member.
    pub member: MemberId,
    /// The age file.
    pub keys: Vec<u8>,
}

/// An entry of a record's activity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedActivity {
    /// The ID.
    pub id: ActivityId,
    /// The record.
    pub record: RecordId,
    /// The generation of the keys that encrypt it.
    pub generation: Generation,
    /// When, by the server's clock. What is given to [`RecordStore::add_activity`] is ignored.
    pub at: Timestamp,
    /// Encrypted under the use key.
    pub entry: Vec<u8>,
}

/// A database that holds one team.
pub trait RecordStore: Send + Sync {
    /// The part of the database that holds the team, such as a schema. An invitation names it.
    fn schema(&self) -> &str;
    /// Proves on sessions of its own that a lock excludes other sessions: an engine, or a pooler between, may ignore
    /// locks without a word.
    fn prove(&self) -> PortFuture<'_, ()>;
    /// Reads the team's row.
    fn team(&self) -> PortFuture<'_, TeamRow>;
    /// Reads the wrapped keys of a member.
    fn member_keys<'a>(&'a self, member: &'a MemberId) -> PortFuture<'a, Option<WrappedKeys>>;
    /// Puts the team's first row and its first member. Fails with `TeamExists` if there is one.
    fn create_team<'a>(&'a self, row: &'a TeamRow, members: &'a [WrappedKeys]) -> PortFuture<'a, ()>;
    /// Replaces the membership document if its version is `row.version - 1`, without new keys: stores the wrapped
    /// keys of `added` and deletes those of `removed`. `false` if somebody else was first. Fails with `Unconfirmed` if
    /// the answer is lost: it may have been done.
    fn change_membership<'a>(
        &'a self,
        row: &'a TeamRow,
        added: &'a [WrappedKeys],
        removed: &'a [MemberId],
    ) -> PortFuture<'a, bool>;
    /// Deletes the wrapped keys of a member who leaves. `false` if this user of the database may not.
    fn forget_member<'a>(&'a self, member: &'a MemberId) -> PortFuture<'a, bool>;
    /// Begins to replace all keys. Nothing is visible to others before [`Rotation::commit`].
    fn rotate(&self) -> PortFuture<'_, Box<dyn Rotation>>;

    /// Locks a record, waiting for at most `within`, also for the session. Fails with `LockTimedOut` after that if
    /// another session has the lock.
    fn lock<'a>(
        &'a self,
        record: &'a RecordId,
        known: Option<Version>,
        within: Duration,
    ) -> PortFuture<'a, Locking>;
    /// Reads a record.
    fn read<'a>(&'a self, record: &'a RecordId) -> PortFuture<'a, Option<SealedRecord>>;
    /// Finds a record by its tag.
    fn find<'a>(&'a self, lookup: &'a Lookup) -> PortFuture<'a, Option<SealedRecord>>;
    /// Lists all records.
    fn list(&self) -> PortFuture<'_, Vec<RecordVersion>>;
    /// Adds a record; `write.replaces` is 0, and all its parts are set. `Superseded` if the tag or the ID is
    /// taken by another write.
    fn insert<'a>(&'a self, write: &'a Write) -> PortFuture<'a, Written>;
    /// Replaces a record.
    fn write<'a>(&'a self, write: &'a Write) -> PortFuture<'a, Written>;
    /// Deletes a record and its activity. `false` if it was not there.
    fn delete<'a>(&'a self, record: &'a RecordId) -> PortFuture<'a, bool>;

    /// Subscribes to changes. The first subscription opens the session.
    fn watch(&self) -> PortFuture<'_, broadcast::Receiver<Change>>;

    /// Adds an entry, and removes the oldest beyond `keep` of its record.
    fn add_activity<'a>(&'a self, entry: &'a SealedActivity, keep: u32) -> PortFuture<'a, ()>;
    /// Reads the newest entries of a record, newest first.
    fn activity<'a>(&'a self, record: &'a RecordId, limit: u32) -> PortFuture<'a, Vec<SealedActivity>>;

    /// Ends the session. A later call opens a new one.
    fn close(&self) -> PortFuture<'_, ()>;
}

/// The replacement of all keys, in one transaction. Dropping it changes nothing.
pub trait Rotation: Send {
    /// The team's row as of this transaction.
    fn row(&self) -> &TeamRow;
    /// The members that have wrapped keys, as of this transaction.
    fn members(&mut self) -> PortFuture<'_, Vec<MemberId>>;
    /// The next records that are to be encrypted anew; empty after the last.
    fn records(&mut self) -> PortFuture<'_, Vec<SealedRecord>>;
    /// Replaces the ciphertext and the tags of a batch.
    fn replace_records<'a>(&'a mut self, records: &'a [SealedRecord]) -> PortFuture<'a, ()>;
    /// The next entries of activity that are to be encrypted anew; empty after the last.
    fn activity(&mut self) -> PortFuture<'_, Vec<SealedActivity>>;
    /// Replaces the ciphertext of a batch.
    fn replace_activity<'a>(&'a mut self, entries: &'a [SealedActivity]) -> PortFuture<'a, ()>;
    /// Replaces the document, whose version is one more, and all wrapped keys, and commits. Fails with `Unconfirmed`
    /// if the answer to the commit is lost: it may have been done.
    fn commit<'a>(self: Box<Self>, row: &'a TeamRow, members: &'a [WrappedKeys]) -> PortFuture<'a, ()>;
}
