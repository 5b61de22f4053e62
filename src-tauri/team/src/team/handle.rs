//! The keys and the membership of a team, and its records.

use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;
use zeroize::Zeroizing;

use crate::error::{Result, TeamError};
use crate::identity::Identity;
use crate::invitation::Invitation;
use crate::keys::TeamKeys;
use crate::membership::{Member, Membership, Role, Seen};
use crate::port::{
    ActivityId, MemberId, RecordId, RecordStore, SealedActivity, SealedRecord, TeamId, WrappedKeys, WriteId,
    Written,
};
use crate::record::{self, Author, Content, Definition, Record};
use crate::rollback::{SeenRecord, check_definition, check_record};

/// How often a change is tried again after somebody else's.
pub(super) const MAX_ATTEMPTS: usize = 5;

/// A team as one of its members has it. Opening it asks the database nothing.
pub struct Team {
    pub(super) store: Arc<dyn RecordStore>,
    pub(super) id: TeamId,
    pub(super) member: MemberId,
    pub(super) identity: Identity,
    state: Mutex<State>,
}

struct State {
    seen: Seen,
    current: Option<Arc<Current>>,
}

/// The keys and the document of one moment.
pub(super) struct Current {
    pub(super) keys: TeamKeys,
    pub(super) membership: Membership,
}

/// A new version of a record, in plain text.
#[derive(Clone)]
pub struct Update<'a> {
    /// The record.
    pub id: &'a RecordId,
    /// The record that it replaces, as it was read; `None` for a new record.
    pub replaces: Option<&'a Record>,
    /// The ID of this write. Keep it with the content until the write has succeeded.
    pub write_id: &'a WriteId,
    /// What a refresh writes.
    pub tokens: &'a [u8],
    /// What is shared, and where it may be sent. `None` leaves it as it is; a new record needs it, and a worker cannot
    /// write it.
    pub definition: Option<Definition<'a>>,
    /// What only signing in and administration need. `None` leaves it as it is; it changes with the definition only.
    pub app: Option<&'a [u8]>,
}

/// An entry of a record's activity.
#[derive(Clone)]
pub struct Activity {
    /// The ID.
    pub id: ActivityId,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// What was given to [`Team::add_activity`].
    pub entry: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Team {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Team({})", self.id)
    }
}

impl Team {
    /// Creates a team in a database that has none, with its first owner.
    pub async fn create(
        store: Arc<dyn RecordStore>,
        name: &str,
        owner: &str,
        identity: Identity,
    ) -> Result<Self> {
        let (id, keys, public) = (TeamId::random(), TeamKeys::random(1), identity.public_key());
        let member = Member {
            id: MemberId::random(),
            name: checked_name(owner)?.to_owned(),
            role: Role::Owner,
            recipient: public.recipient,
            signing_key: Some(public.signing),
            since: Timestamp::now(),
            secret_made_by: None,
        };
        let wrapped = vec![wrap(&keys, &id, &member)?];
        let key = identity.signing_key();
        let membership = Membership::create(&id, checked_name(name)?, &keys, member, key);
        store.create_team(&membership.seal(&keys, &identity)?, &wrapped).await?;
        let (seen, member) = (membership.seen(), wrapped[0].member.clone());
        let current = Some(Arc::new(Current { keys, membership }));
        Ok(Self { store, id, member, identity, state: Mutex::new(State { seen, current }) })
    }

    /// The team of a member, with what was seen of it before: of an invitation or a worker key, or of an earlier
    /// [`Team::seen`].
    pub fn open(
        store: Arc<dyn RecordStore>,
        id: TeamId,
        member: MemberId,
        identity: Identity,
        seen: Seen,
    ) -> Self {
        Self { store, id, member, identity, state: Mutex::new(State { seen, current: None }) }
    }

    /// Becomes the member that an invitation or a worker key is for. `own` is the person's identity; that of the
    /// invitation counts if it has one. Fails if the member was removed meanwhile, or if the way to this database has
    /// no locks.
    pub async fn join(store: Arc<dyn RecordStore>, invitation: &Invitation, own: Identity) -> Result<Self> {
        let identity = invitation.identity.clone().unwrap_or(own);
        let (team, member, seen) =
            (invitation.team.clone(), invitation.member.clone(), invitation.seen.clone());
        store.prove().await?;
        let team = Self::open(store, team, member, identity, seen);
        team.reload().await?;
        Ok(team)
    }

    /// The ID.
    pub fn id(&self) -> &TeamId {
        &self.id
    }

    /// The member that this is.
    pub fn member_id(&self) -> &MemberId {
        &self.member
    }

    /// The secret of this member: what [`Team::open`] takes again.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What was seen of the team. Remember it whenever it has changed.
    pub fn seen(&self) -> Seen {
        self.state.lock().seen.clone()
    }

    /// The database: for locks, lists and watching.
    pub fn store(&self) -> &Arc<dyn RecordStore> {
        &self.store
    }

    /// The membership, as it was when it was last read; reads it if it was not yet.
    pub async fn membership(&self) -> Result<Membership> {
        Ok(self.current().await?.membership.clone())
    }

    /// Reads the membership document and, if they were rotated, the keys, and verifies them. Call it at
    /// [`Change::Membership`](crate::port::Change::Membership).
    pub async fn reload(&self) -> Result<Membership> {
        Ok(self.load().await?.membership.clone())
    }

    /// Reads a record. `seen` is what was seen of it before; an older or absent one is an error.
    pub async fn read(&self, id: &RecordId, seen: SeenRecord) -> Result<Option<Record>> {
        let current = self.current().await?;
        let sealed = self.store.read(id).await?;
        self.open_record(current, sealed, seen).await
    }

    /// Finds a record by its name. Check what is found with [`check_record`]'s rules by reading it with
    /// [`Team::read`], if it was seen before.
    pub async fn find(&self, name: &str) -> Result<Option<Record>> {
        let mut current = self.current().await?;
        let mut sealed = self.store.find(&current.keys.lookup(name)).await?;
        if sealed.is_none() {
            // The tag may be one of older keys.
            let before = current.keys.generation();
            current = self.load().await?;
            if current.keys.generation() != before {
                sealed = self.store.find(&current.keys.lookup(name)).await?;
            }
        }
        let found = self.open_record(current, sealed, SeenRecord::default()).await?;
        match found {
            Some(record) if record.name != name => {
                Err(TeamError::Forged { what: "The connection’s record".to_owned() })
            }
            found => Ok(found),
        }
    }

    async fn open_record(
        &self,
        mut current: Arc<Current>,
        sealed: Option<SealedRecord>,
        seen: SeenRecord,
    ) -> Result<Option<Record>> {
        if sealed.as_ref().is_some_and(|sealed| sealed.generation > current.keys.generation()) {
            current = self.load().await?;
        }
        check_record(sealed.as_ref(), seen, current.keys.generation())?;
        let Some(sealed) = sealed else { return Ok(None) };
        let mut record = record::open((&current.keys, &current.membership), &self.id, &sealed)?;
        if record.is_by_unknown_owner {
            // Its owner may be newer than the list of members that is known.
            let current = self.load().await?;
            record = record::open((&current.keys, &current.membership), &self.id, &sealed)?;
        }
        check_definition(record.definition_counter, seen)?;
        Ok(Some(record))
    }

    /// Writes a record, if it is still the one that `update.replaces`. Never returns `Rekeyed`: after a rotation of the
    /// keys it encrypts again.
    pub async fn write(&self, update: &Update<'_>) -> Result<Written> {
        let mut current = self.current().await?;
        let mut before = update.replaces.cloned();
        let content = Content { tokens: update.tokens, definition: update.definition, app: update.app };
        for _ in 0..MAX_ATTEMPTS {
            if let Some(old) = &before
                && old.generation != current.keys.generation()
            {
                // What stays of it is bound to the ciphertext under the new keys.
                match self.read_again(old, update.write_id).await? {
                    Ok(record) => before = Some(record),
                    Err(instead) => return Ok(instead),
                }
                current = self.current().await?;
            }
            let author = current.author(self);
            let write = record::seal(author, (update.id, update.write_id), content, before.as_ref())?;
            let written = if before.is_none() { self.store.insert(&write) } else { self.store.write(&write) };
            match written.await? {
                Written::Rekeyed(_) => current = self.load().await?,
                written => return Ok(written),
            }
        }
        Err(TeamError::Conflict)
    }

    /// Reads a record after the keys were rotated, or says what became of it instead.
    async fn read_again(&self, old: &Record, write: &WriteId) -> Result<Result<Record, Written>> {
        let seen = SeenRecord { version: 0, ..old.seen() };
        let Some(record) = self.read(&old.id, seen).await? else { return Ok(Err(Written::Missing)) };
        Ok(if record.version == old.version {
            Ok(record)
        } else if record.version == old.version + 1 && record.write_id == *write {
            Err(Written::Stored)
        } else {
            Err(Written::Superseded(record.version))
        })
    }

    /// Deletes a record for the whole team. Only an owner may.
    pub async fn delete(&self, id: &RecordId) -> Result<bool> {
        self.current().await?.require_owner(&self.member)?;
        self.store.delete(id).await
    }

    /// Adds an entry to a record's activity, and removes the oldest beyond `keep`.
    pub async fn add_activity(&self, record: &RecordId, entry: &[u8], keep: u32) -> Result<()> {
        let current = self.current().await?;
        let plain = SealedActivity {
            id: ActivityId::random(),
            record: record.clone(),
            generation: current.keys.generation(),
            at: Timestamp::UNIX_EPOCH,
            entry: entry.to_vec(),
        };
        self.store.add_activity(&record::seal_activity(&current.keys, &self.id, plain), keep).await
    }

    /// Reads the newest entries of a record's activity. What the team did not write is left out.
    pub async fn activity(&self, record: &RecordId, limit: u32) -> Result<Vec<Activity>> {
        let mut current = self.current().await?;
        let sealed = self.store.activity(record, limit).await?;
        if sealed.iter().any(|entry| entry.generation > current.keys.generation()) {
            current = self.load().await?;
        }
        let open = |sealed: &SealedActivity| {
            let entry = record::open_activity(&current.keys, &self.id, sealed)?;
            Some(Activity { id: sealed.id.clone(), at: sealed.at, entry })
        };
        Ok(sealed.iter().filter_map(open).collect())
    }

    pub(super) async fn current(&self) -> Result<Arc<Current>> {
        let current = self.state.lock().current.clone();
        match current {
            Some(current) => Ok(current),
            None => self.load().await,
        }
    }

    /// Reads the document, and the keys if they are others than those that are known.
    pub(super) async fn load(&self) -> Result<Arc<Current>> {
        for _ in 0..MAX_ATTEMPTS {
            let row = self.store.team().await?;
            if row.id != self.id {
                return Err(TeamError::NoTeam);
            }
            let (seen, known) = {
                let state = self.state.lock();
                (state.seen.clone(), state.current.clone())
            };
            if row.version < seen.version || row.generation < seen.generation {
                return Err(TeamError::TeamRolledBack { of: "members" });
            }
            let keys = if let Some(known) = known.filter(|known| known.keys.generation() == row.generation) {
                known.keys.clone()
            } else {
                let wrapped = self.store.member_keys(&self.member).await?.ok_or(TeamError::Removed)?;
                let keys = TeamKeys::unwrap(&wrapped.keys, &self.id, &self.identity);
                keys.ok_or_else(|| TeamError::Forged { what: "The keys of this member".to_owned() })?
            };
            if keys.generation() != row.generation {
                // Rotated between the two reads.
                continue;
            }
            let membership = Membership::open(&row, &keys, &seen)?;
            if membership.member(&self.member).is_none() {
                return Err(TeamError::Removed);
            }
            return Ok(self.keep(Current { keys, membership }));
        }
        Err(TeamError::Conflict)
    }

    /// Keeps what was read, unless something newer is known.
    pub(super) fn keep(&self, current: Current) -> Arc<Current> {
        let current = Arc::new(current);
        let mut state = self.state.lock();
        if current.membership.version >= state.seen.version {
            state.seen = current.membership.seen();
            state.current = Some(Arc::clone(&current));
        }
        current
    }
}

impl Current {
    fn author<'a>(&'a self, team: &'a Team) -> Author<'a> {
        let is_owner = self.require_owner(&team.member).is_ok();
        Author { keys: &self.keys, team: &team.id, owner: is_owner.then_some(&team.identity) }
    }

    pub(super) fn require_owner(&self, member: &MemberId) -> Result<()> {
        let is_owner = self.membership.member(member).is_some_and(|member| member.role == Role::Owner);
        if is_owner { Ok(()) } else { Err(TeamError::NotOwner) }
    }
}

pub(super) fn wrap(keys: &TeamKeys, team: &TeamId, member: &Member) -> Result<WrappedKeys> {
    let wrapped = keys.wrap(team, &member.recipient, member.role != Role::Worker);
    let keys =
        wrapped.ok_or_else(|| TeamError::Invalid("A member’s public key cannot be used.".to_owned()))?;
    Ok(WrappedKeys { member: member.id.clone(), keys })
}

/// The name of a team or a member, without spaces around it.
pub fn checked_name(name: &str) -> Result<&str> {
    let name = name.trim();
    let is_valid = !name.is_empty() && name.chars().count() <= 80 && !name.chars().any(char::is_control);
    is_valid.then_some(name).ok_or(TeamError::InvalidName)
}
