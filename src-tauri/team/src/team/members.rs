//! Inviting, removing and leaving.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use grapnel_model::secret::SecretString;
use jiff::Timestamp;

use super::handle::{Current, MAX_ATTEMPTS, Team, checked_name, wrap};
use crate::error::{Result, TeamError};
use crate::identity::{Identity, PublicKey};
use crate::invitation::{Invitation, OpenedBy};
use crate::keys::TeamKeys;
use crate::membership::{Member, Membership, Role};
use crate::port::{MemberId, Rotation};
use crate::record::{self, Author};

/// How long the encryption of all records may take; each batch has the limit of any answer.
const ROTATION_TIMEOUT: Duration = Duration::from_secs(600);
/// How long to wait before a rotation is tried again, longer with each attempt.
const ROTATION_PAUSE: Duration = Duration::from_millis(300);

/// Who is invited, and how the invitation is opened.
#[derive(Debug, Clone)]
pub enum Invited {
    /// A person, by the key that [`Identity::public_key`] gave.
    PublicKey(PublicKey),
    /// A person who is told a passphrase. The secret of the member is made here.
    Passphrase(SecretString),
    /// A worker. The result is its key.
    Worker,
}

/// What a removal of a member tells.
#[derive(Debug, Clone)]
pub struct Removal {
    /// The member that was removed.
    pub removed: Member,
    /// Members whose secret the removed one made (by passphrase or worker key) and may have kept. Invite them anew.
    pub secrets_made: Vec<String>,
    /// Members whose wrapped keys were no longer in the database, because they had left: they are removed, too.
    pub had_left: Vec<String>,
    /// How many records could not be decrypted and stay unusable.
    pub unreadable: usize,
}

/// What a rotation of the keys did.
struct Rotated {
    removed: Member,
    had_left: Vec<Member>,
    unreadable: usize,
}

impl Team {
    /// Adds a member and returns what to give to it. Only an owner may. `database_url` is passed on in an invitation,
    /// if it is given; not in the key of a worker.
    pub async fn invite(
        &self,
        name: &str,
        role: Role,
        invited: &Invited,
        database_url: Option<&SecretString>,
    ) -> Result<SecretString> {
        let is_worker = matches!(invited, Invited::Worker);
        if is_worker != (role == Role::Worker) {
            return Err(TeamError::Invalid(
                "A worker is invited with a key of its own, and only a worker.".to_owned(),
            ));
        }
        let made = (!matches!(invited, Invited::PublicKey(_))).then(Identity::generate);
        let public = match (invited, &made) {
            (Invited::PublicKey(key), _) => key.clone(),
            (_, Some(identity)) => identity.public_key(),
            (_, None) => return Err(TeamError::Conflict),
        };
        let member = Member {
            id: MemberId::random(),
            name: checked_name(name)?.to_owned(),
            role,
            recipient: public.recipient.clone(),
            signing_key: Some(public.signing.clone()).filter(|_| role == Role::Owner),
            since: Timestamp::now(),
            secret_made_by: made.as_ref().map(|_| self.member.clone()),
        };
        for _ in 0..MAX_ATTEMPTS {
            let current = self.load().await?;
            current.require_owner(&self.member)?;
            let mut membership = current.membership.clone();
            if membership.member_named(&member.name).is_some() {
                return Err(TeamError::NameTaken);
            }
            if membership.members.iter().any(|known| known.recipient == member.recipient) {
                return Err(TeamError::KeyTaken);
            }
            membership.add(member.clone(), &self.identity)?;
            let added = [wrap(&current.keys, &self.id, &member)?];
            let changed = match self.change(&current, membership, &added, &[]).await {
                Err(TeamError::Unconfirmed) => Some(self.added(&member.id).await?),
                changed => changed?,
            };
            if let Some(seen) = changed {
                let invitation = Invitation {
                    team: self.id.clone(),
                    schema: self.store.schema().to_owned(),
                    member: member.id.clone(),
                    seen: seen.membership.seen(),
                    identity: made,
                    database_url: database_url.filter(|_| !is_worker).cloned(),
                };
                let written = match invited {
                    Invited::PublicKey(key) => invitation.write(&OpenedBy::PublicKey(key)),
                    Invited::Passphrase(passphrase) => {
                        // scrypt takes a good part of a second.
                        let passphrase = passphrase.clone();
                        let write = move || invitation.write(&OpenedBy::Passphrase(&passphrase));
                        tokio::task::spawn_blocking(write).await.unwrap_or(Err(TeamError::Unconfirmed))
                    }
                    Invited::Worker => invitation.write_worker_key(),
                };
                // The member is in the list, although nobody has its invitation.
                return written.map_err(|_| TeamError::Unconfirmed);
            }
        }
        Err(TeamError::Conflict)
    }

    /// Removes a member: rotates the keys and encrypts every record for those who remain. Only an owner may.
    pub async fn remove(&self, member: &MemberId) -> Result<Removal> {
        if *member == self.member {
            return Err(TeamError::Invalid("To remove yourself, leave the team.".to_owned()));
        }
        let Rotated { removed, had_left, unreadable } = self.rotate_until_known(member).await?;
        let members = self.current().await?.membership.members.clone();
        let is_gone = |id: &MemberId| *id == removed.id || had_left.iter().any(|left| left.id == *id);
        let made = members.into_iter().filter(|known| known.secret_made_by.as_ref().is_some_and(is_gone));
        let secrets_made = made.map(|member| member.name).collect();
        let had_left = had_left.iter().map(|member| member.name.clone()).collect();
        Ok(Removal { removed, secrets_made, had_left, unreadable })
    }

    /// Leaves the team, as far as a member can by itself: deletes its wrapped keys, if its role in the database may,
    /// and returns whether. It stays in the signed list, and the keys stay as they are, until an owner removes it.
    pub async fn leave(&self) -> Result<bool> {
        let current = self.load().await?;
        if current.require_owner(&self.member).is_ok() && !self.has_other_owner(&current).await? {
            return Err(TeamError::Invalid(
                "You are the last owner of the team. Invite another owner first.".to_owned(),
            ));
        }
        self.store.forget_member(&self.member).await
    }

    /// Whether another owner is left, who has not left either.
    async fn has_other_owner(&self, current: &Current) -> Result<bool> {
        let owners = current.membership.members.iter().filter(|member| member.role == Role::Owner);
        for owner in owners.filter(|owner| owner.id != self.member) {
            if self.store.member_keys(&owner.id).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes a changed document under the same keys; `None` if somebody else was first.
    async fn change(
        &self,
        current: &Current,
        mut membership: Membership,
        added: &[crate::port::WrappedKeys],
        removed: &[MemberId],
    ) -> Result<Option<Arc<Current>>> {
        membership.version += 1;
        let row = membership.seal(&current.keys, &self.identity)?;
        if !self.store.change_membership(&row, added, removed).await? {
            return Ok(None);
        }
        Ok(Some(self.keep(Current { keys: current.keys.clone(), membership })))
    }

    /// The membership with a member, if adding it was done although its answer was lost.
    async fn added(&self, member: &MemberId) -> Result<Arc<Current>> {
        match self.load().await {
            Ok(current) if current.membership.member(member).is_some() => Ok(current),
            _ => Err(TeamError::Unconfirmed),
        }
    }

    /// Rotates again after a collision with others. If the answer to a commit was lost, looks whether it was done.
    async fn rotate_until_known(&self, leaving: &MemberId) -> Result<Rotated> {
        let mut unconfirmed = None;
        for attempt in 1..MAX_ATTEMPTS {
            match Box::pin(self.rotate(leaving, &mut unconfirmed)).await {
                Err(TeamError::Conflict | TeamError::Busy | TeamError::Unconfirmed) => {}
                // It is not known what became of an earlier attempt.
                Err(TeamError::Unreachable { .. }) if unconfirmed.is_some() => {}
                done => return done,
            }
            tokio::time::sleep(ROTATION_PAUSE * u32::try_from(attempt).unwrap_or(1)).await;
        }
        let last = Box::pin(self.rotate(leaving, &mut unconfirmed)).await;
        if last.is_err() && unconfirmed.is_some() { Err(TeamError::Unconfirmed) } else { last }
    }

    /// Rotates the keys without `leaving`. `unconfirmed` is what an earlier attempt would have done, if it is not known
    /// whether it was committed.
    async fn rotate(&self, leaving: &MemberId, unconfirmed: &mut Option<Rotated>) -> Result<Rotated> {
        let mut rotation = self.store.rotate().await?;
        // The row is locked now, so this is what the rotation begins with, and an earlier one has ended.
        let current = self.load().await?;
        if current.membership.member(leaving).is_none()
            && let Some(done) = unconfirmed.take()
        {
            return Ok(done);
        }
        *unconfirmed = None;
        current.require_owner(&self.member)?;
        if rotation.row().version != current.membership.version {
            return Err(TeamError::Conflict);
        }
        let mut membership = current.membership.clone();
        let removed = membership
            .remove(leaving, &self.identity)
            .ok_or_else(|| TeamError::Invalid("The team has no such member.".to_owned()))?;
        // Who has no keys in the database has left, and gets no later ones.
        let with_keys: HashSet<MemberId> = rotation.members().await?.into_iter().collect();
        let ids: Vec<MemberId> = membership.members.iter().map(|member| member.id.clone()).collect();
        let without = ids.iter().filter(|id| **id != self.member && !with_keys.contains(id));
        let had_left = without.filter_map(|id| membership.remove(id, &self.identity)).collect();
        let keys = TeamKeys::random(current.keys.generation() + 1);
        membership.version += 1;
        membership.rekey(&keys);
        let encrypted = Box::pin(self.encrypt_anew(rotation.as_mut(), &current, &keys));
        let too_slow = |_| TeamError::Unreachable {
            cause: "it took too long to encrypt all records".to_owned(),
            hint: None,
        };
        let unreadable = tokio::time::timeout(ROTATION_TIMEOUT, encrypted).await.map_err(too_slow)??;
        let row = membership.seal(&keys, &self.identity)?;
        let wrapped = membership.members.iter().map(|member| wrap(&keys, &self.id, member));
        let wrapped = wrapped.collect::<Result<Vec<_>>>()?;
        let rotated = Rotated { removed, had_left, unreadable };
        match rotation.commit(&row, &wrapped).await {
            Ok(()) => {
                self.keep(Current { keys, membership });
                Ok(rotated)
            }
            Err(error) => {
                *unconfirmed = (error == TeamError::Unconfirmed).then_some(rotated);
                Err(error)
            }
        }
    }

    /// Encrypts all records and their activity under other keys. Returns how many did not decrypt, or have the tag of
    /// another name: those stay as they are, and are found by no name under the new keys.
    async fn encrypt_anew(
        &self,
        rotation: &mut dyn Rotation,
        current: &Current,
        new: &TeamKeys,
    ) -> Result<usize> {
        let (old, mut unreadable) = (&current.keys, 0);
        let author = Author { keys: new, team: &self.id, owner: Some(&self.identity) };
        loop {
            let batch = rotation.records().await?;
            if batch.is_empty() {
                break;
            }
            let mut replaced = Vec::with_capacity(batch.len());
            for sealed in batch {
                let opened = (sealed.generation == old.generation())
                    .then(|| record::open((old, &current.membership), &self.id, &sealed).ok())
                    .flatten();
                match opened.filter(|record| old.lookup(&record.name) == sealed.lookup) {
                    Some(record) => replaced.push(record::reseal(author, &record)?),
                    None => unreadable += 1,
                }
            }
            rotation.replace_records(&replaced).await?;
        }
        loop {
            let batch = rotation.activity().await?;
            if batch.is_empty() {
                return Ok(unreadable);
            }
            let anew = batch.into_iter().filter_map(|mut sealed| {
                let plain = record::open_activity(old, &self.id, &sealed)?;
                sealed.entry.clone_from(&plain);
                Some(record::seal_activity(new, &self.id, sealed))
            });
            let anew: Vec<_> = anew.collect();
            rotation.replace_activity(&anew).await?;
        }
    }
}
