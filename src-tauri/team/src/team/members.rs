//! Inviting, removing and leaving.

use std::sync::Arc;

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
    /// How many records could not be decrypted and stay unusable.
    pub unreadable: usize,
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
            signing_key: public.signing.clone().filter(|_| role == Role::Owner),
            since: Timestamp::now(),
            secret_made_by: made.as_ref().map(|_| self.member.clone()),
        };
        for _ in 0..MAX_ATTEMPTS {
            let current = self.load().await?;
            current.require_owner(&self.member)?;
            let mut membership = current.membership.clone();
            if membership.member_named(&member.name).is_some() {
                return Err(TeamError::Invalid("The team has a member of this name.".to_owned()));
            }
            if membership.members.iter().any(|known| known.recipient == member.recipient) {
                return Err(TeamError::Invalid("The team has a member with this key.".to_owned()));
            }
            membership.add(member.clone(), &self.identity)?;
            let added = [wrap(&current.keys, &self.id, &member)?];
            if let Some(seen) = self.change(&current, membership, &added, &[]).await? {
                let invitation = Invitation {
                    team: self.id.clone(),
                    schema: self.store.schema().to_owned(),
                    member: member.id.clone(),
                    seen: seen.membership.seen(),
                    identity: made,
                    database_url: database_url.filter(|_| !is_worker).cloned(),
                };
                return match invited {
                    Invited::PublicKey(key) => invitation.write(&OpenedBy::PublicKey(key)),
                    Invited::Passphrase(passphrase) => invitation.write(&OpenedBy::Passphrase(passphrase)),
                    Invited::Worker => invitation.write_worker_key(),
                };
            }
        }
        Err(TeamError::Conflict)
    }

    /// Removes a member: rotates the keys and encrypts every record for those who remain. Only an owner may.
    pub async fn remove(&self, member: &MemberId) -> Result<Removal> {
        if *member == self.member {
            return Err(TeamError::Invalid("To remove yourself, leave the team.".to_owned()));
        }
        let (removed, unreadable) = self.rotate(Some(member)).await?;
        let removed = removed.ok_or_else(|| TeamError::Invalid("The team has no such member.".to_owned()))?;
        let members = self.current().await?.membership.members.clone();
        let made = members.into_iter().filter(|known| known.secret_made_by.as_ref() == Some(&removed.id));
        Ok(Removal { secrets_made: made.map(|member| member.name).collect(), removed, unreadable })
    }

    /// Rotates the keys without removing anybody. Only an owner may.
    pub async fn rotate_keys(&self) -> Result<()> {
        self.rotate(None).await.map(|_| ())
    }

    /// Leaves the team. The others' keys stay; an owner who wants others removes the member, or rotates the keys.
    pub async fn leave(&self) -> Result<()> {
        for _ in 0..MAX_ATTEMPTS {
            let current = self.load().await?;
            if current.require_owner(&self.member).is_err() {
                return self.store.forget_member(&self.member).await;
            }
            let owners = current.membership.members.iter().filter(|member| member.role == Role::Owner);
            if owners.count() == 1 {
                return Err(TeamError::Invalid(
                    "You are the last owner of the team. Invite another owner first.".to_owned(),
                ));
            }
            let mut membership = current.membership.clone();
            membership.remove(&self.member, &self.identity);
            if self.change(&current, membership, &[], std::slice::from_ref(&self.member)).await?.is_some() {
                return Ok(());
            }
        }
        Err(TeamError::Conflict)
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

    async fn rotate(&self, leaving: Option<&MemberId>) -> Result<(Option<Member>, usize)> {
        let mut rotation = self.store.rotate().await?;
        // The row is locked now, so this is what the rotation begins with.
        let current = self.load().await?;
        current.require_owner(&self.member)?;
        if rotation.row().version != current.membership.version {
            return Err(TeamError::Conflict);
        }
        let mut membership = current.membership.clone();
        let removed = match leaving {
            Some(member) => match membership.remove(member, &self.identity) {
                Some(removed) => Some(removed),
                None => return Ok((None, 0)),
            },
            None => None,
        };
        let keys = TeamKeys::random(current.keys.generation() + 1);
        membership.version += 1;
        membership.rekey(&keys);
        let unreadable = self.encrypt_anew(rotation.as_mut(), &current, &keys).await?;
        let row = membership.seal(&keys, &self.identity)?;
        let wrapped = membership.members.iter().map(|member| wrap(&keys, &self.id, member));
        rotation.commit(&row, &wrapped.collect::<Result<Vec<_>>>()?).await?;
        self.keep(Current { keys, membership });
        Ok((removed, unreadable))
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
