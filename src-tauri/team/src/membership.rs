//! The membership document: who is in the team, signed by an owner, encrypted under the use key.
//!
//! **Owners** are a chain of signed changes that begins with the key of the team's creator: each link adds or removes
//! a signing key and is signed by an owner of that moment. Who has seen a part of the chain accepts only a
//! continuation of it, so that a removed owner cannot continue from an earlier link. The **document** is signed by an
//! owner, and names the keys of its generation by check values, so that neither the operator of the database nor a
//! removed member can add a recipient or replace the keys. An owner who leaves stays an owner of the chain until
//! another one removes it: nobody signs a document without being an owner in it.

use std::collections::HashSet;

use grapnel_model::secret::{hex, sha256};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{Result, TeamError};
use crate::identity::{Identity, SigningKey};
use crate::keys::TeamKeys;
use crate::port::{Generation, MemberId, TeamId, TeamRow, Version};

/// The longest document: some thousand members. The database refuses one that is longer when it is encrypted.
const MAX_DOCUMENT_BYTES: usize = 4 << 20;

/// What a member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Also invites, removes, and stops sharing.
    Owner,
    /// Uses tokens and signs in again.
    Member,
    /// Uses tokens and triggers a refresh. Has no manage key.
    Worker,
}

/// A member as the document has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The ID, by which the database knows it.
    pub id: MemberId,
    /// The name, unique in the team.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The age recipient that keys are encrypted for.
    pub recipient: String,
    /// The key that its signatures are verified with, of owners.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_key: Option<SigningKey>,
    /// Since when.
    pub since: Timestamp,
    /// The owner who made its secret, which an invitation by passphrase and a worker key carry. Who has made a secret
    /// may have kept it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_made_by: Option<MemberId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OwnerChange {
    Add,
    Remove,
}

/// A change of the owners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnerLink {
    change: OwnerChange,
    key: SigningKey,
    by: SigningKey,
    signature: String,
}

impl OwnerLink {
    /// The digest of the chain up to and with this link, which its signature covers.
    fn head(&self, before: &str) -> String {
        // Signed text: it stays as it is, whatever the names in the code become.
        let change = match self.change {
            OwnerChange::Add => "add",
            OwnerChange::Remove => "remove",
        };
        let (key, by) = (&self.key.0, &self.by.0);
        hex(&sha256(format!("grapnel team owner link v1\n{before}\n{change}\n{key}\n{by}").as_bytes()))
    }
}

/// The point of the chain of owners that is known. It belongs to a team for ever; keep it with what was [`Seen`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerPin {
    /// The key of the team's creator.
    pub creator: SigningKey,
    /// How many links are known.
    pub links: usize,
    /// The digest of the chain with them.
    pub head: String,
}

impl OwnerPin {
    /// The fingerprint of the creator's key, to compare aloud: whoever has this key decides who is in the team.
    pub fn fingerprint(&self) -> String {
        self.creator.fingerprint()
    }
}

/// What was seen of a team, to notice a roll-back. Remember it, encrypted or not, after each call that returns
/// another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The chain of owners.
    pub owners: OwnerPin,
    /// The highest version of the membership document.
    pub version: Version,
    /// The highest generation of the keys.
    pub generation: Generation,
}

/// The document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Membership {
    /// The team.
    pub team: TeamId,
    /// The team's name.
    pub name: String,
    /// The version, 1 at first.
    pub version: Version,
    /// The generation of the keys.
    pub generation: Generation,
    use_key_check: String,
    /// The public key that verifies what the manage key has signed.
    manage_key_check: String,
    creator: SigningKey,
    owners: Vec<OwnerLink>,
    /// The members, in the order in which they came.
    pub members: Vec<Member>,
}

/// The document with its signature, as it is encrypted.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    document: String,
    signer: SigningKey,
    signature: String,
}

fn signed_bytes(document: &str) -> Vec<u8> {
    [b"grapnel team membership v1\n", document.as_bytes()].concat()
}

fn place(team: &TeamId, version: Version, generation: Generation) -> String {
    format!("membership/{team}/{version}/{generation}")
}

fn first_head(team: &TeamId, creator: &SigningKey) -> String {
    hex(&sha256(format!("grapnel team owners v1\n{team}\n{}", creator.0).as_bytes()))
}

fn forged() -> TeamError {
    TeamError::Forged { what: "The list of members".to_owned() }
}

impl Membership {
    /// The first document of a team, with its creator.
    pub(crate) fn create(
        team: &TeamId,
        name: &str,
        keys: &TeamKeys,
        creator: Member,
        key: SigningKey,
    ) -> Self {
        let (use_key_check, manage_key_check) = keys.checks();
        Self {
            team: team.clone(),
            name: name.to_owned(),
            version: 1,
            generation: keys.generation(),
            use_key_check,
            manage_key_check: manage_key_check.unwrap_or_default(),
            creator: key,
            owners: Vec::new(),
            members: vec![creator],
        }
    }

    /// A member.
    pub fn member(&self, id: &MemberId) -> Option<&Member> {
        self.members.iter().find(|member| member.id == *id)
    }

    /// A member by name.
    pub fn member_named(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }

    /// The key that verifies what the manage key of this generation has signed.
    pub(crate) fn manage_signing_key(&self) -> SigningKey {
        SigningKey(self.manage_key_check.clone())
    }

    /// Whether this is the key of an owner.
    pub(crate) fn is_owner(&self, key: &SigningKey) -> bool {
        let mut owners = self.members.iter().filter(|member| member.role == Role::Owner);
        owners.any(|owner| owner.signing_key.as_ref() == Some(key))
    }

    /// What to remember of this document.
    pub fn seen(&self) -> Seen {
        let head =
            self.owners.iter().fold(first_head(&self.team, &self.creator), |head, link| link.head(&head));
        let owners = OwnerPin { creator: self.creator.clone(), links: self.owners.len(), head };
        Seen { owners, version: self.version, generation: self.generation }
    }

    /// Adds a member. A new owner's key joins the chain of owners.
    pub(crate) fn add(&mut self, member: Member, by: &Identity) -> Result<()> {
        if member.role == Role::Owner {
            let key = member.signing_key.clone().ok_or_else(|| {
                TeamError::Invalid(
                    "An owner needs a whole public key, as Grapnel prints it: age1….…, not only age1…."
                        .to_owned(),
                )
            })?;
            self.link(OwnerChange::Add, key, by);
        }
        self.members.push(member);
        Ok(())
    }

    /// Removes a member.
    pub(crate) fn remove(&mut self, id: &MemberId, by: &Identity) -> Option<Member> {
        let at = self.members.iter().position(|member| member.id == *id)?;
        let member = self.members.remove(at);
        if let Some(key) = member.signing_key.clone().filter(|_| member.role == Role::Owner) {
            self.link(OwnerChange::Remove, key, by);
        }
        Some(member)
    }

    /// Names other keys. The document is to be sealed with them.
    pub(crate) fn rekey(&mut self, keys: &TeamKeys) {
        let (use_key_check, manage_key_check) = keys.checks();
        self.generation = keys.generation();
        (self.use_key_check, self.manage_key_check) = (use_key_check, manage_key_check.unwrap_or_default());
    }

    fn link(&mut self, change: OwnerChange, key: SigningKey, by: &Identity) {
        let before = self.seen().owners.head;
        let mut link = OwnerLink { change, key, by: by.signing_key(), signature: String::new() };
        link.signature = by.sign(link.head(&before).as_bytes());
        self.owners.push(link);
    }

    /// Signs and encrypts.
    pub(crate) fn seal(&self, keys: &TeamKeys, by: &Identity) -> Result<TeamRow> {
        let failed = |_| TeamError::Internal { cause: "the document cannot be written".to_owned() };
        let document = serde_json::to_string(self).map_err(failed)?;
        let signature = by.sign(&signed_bytes(&document));
        let signed = Signed { document, signer: by.signing_key(), signature };
        let plain = serde_json::to_vec(&signed).map_err(failed)?;
        if plain.len() > MAX_DOCUMENT_BYTES {
            return Err(TeamError::Invalid("The team has too many members.".to_owned()));
        }
        let place = place(&self.team, self.version, self.generation);
        Ok(TeamRow {
            id: self.team.clone(),
            generation: self.generation,
            version: self.version,
            document: keys.membership_key().seal(&place, &plain),
        })
    }

    /// Decrypts a document and verifies it against what was seen before.
    pub(crate) fn open(row: &TeamRow, keys: &TeamKeys, seen: &Seen) -> Result<Self> {
        let place = place(&row.id, row.version, row.generation);
        let plain = keys.membership_key().open(&place, &row.document).ok_or_else(forged)?;
        let membership = Self::verify(&plain, &row.id, &seen.owners)?;
        if (membership.version, membership.generation) != (row.version, row.generation) {
            return Err(forged());
        }
        membership.names(keys)?;
        let older = membership.version < seen.version || membership.generation < seen.generation;
        if older {
            return Err(TeamError::TeamRolledBack { of: "members" });
        }
        Ok(membership)
    }

    /// Verifies the signatures of a decrypted document.
    pub(crate) fn verify(plain: &[u8], team: &TeamId, pin: &OwnerPin) -> Result<Self> {
        if plain.len() > MAX_DOCUMENT_BYTES {
            return Err(forged());
        }
        let signed: Signed = serde_json::from_slice(plain).map_err(|_| forged())?;
        if !signed.signer.verifies(&signed_bytes(&signed.document), &signed.signature) {
            return Err(forged());
        }
        let membership: Self = serde_json::from_str(&signed.document).map_err(|_| forged())?;
        if membership.team != *team || membership.creator != pin.creator {
            return Err(forged());
        }
        let owners = membership.verified_owners(pin)?;
        if !owners.contains(&signed.signer) {
            return Err(forged());
        }
        membership.is_consistent(&owners).then_some(membership).ok_or_else(forged)
    }

    /// Follows the chain of owners. A chain that has not the links that were seen is refused.
    fn verified_owners(&self, pin: &OwnerPin) -> Result<HashSet<SigningKey>> {
        let mut owners = HashSet::from([self.creator.clone()]);
        let mut head = first_head(&self.team, &self.creator);
        let mut is_pinned = pin.links == 0 && pin.head == head;
        for (index, link) in self.owners.iter().enumerate() {
            head = link.head(&head);
            if !owners.contains(&link.by) || !link.by.verifies(head.as_bytes(), &link.signature) {
                return Err(forged());
            }
            match link.change {
                OwnerChange::Add => owners.insert(link.key.clone()),
                OwnerChange::Remove => owners.remove(&link.key),
            };
            is_pinned |= index + 1 == pin.links && pin.head == head;
        }
        if is_pinned {
            return Ok(owners);
        }
        let is_shorter = self.owners.len() < pin.links;
        Err(if is_shorter { TeamError::TeamRolledBack { of: "owners" } } else { forged() })
    }

    /// The owners among the members are those of the chain, and IDs and names are unique.
    fn is_consistent(&self, owners: &HashSet<SigningKey>) -> bool {
        let of_members = self.members.iter().filter(|member| member.role == Role::Owner);
        let keys: Option<HashSet<SigningKey>> = of_members.map(|member| member.signing_key.clone()).collect();
        let ids: HashSet<&MemberId> = self.members.iter().map(|member| &member.id).collect();
        let names: HashSet<&str> = self.members.iter().map(|member| member.name.as_str()).collect();
        keys.as_ref() == Some(owners) && ids.len() == self.members.len() && names.len() == self.members.len()
    }

    /// Whether the keys are those that the signer named.
    fn names(&self, keys: &TeamKeys) -> Result<()> {
        let (use_key, manage_key) = keys.checks();
        let is_manage_key = manage_key.is_none_or(|check| check == self.manage_key_check);
        let is_named = use_key == self.use_key_check && is_manage_key && keys.generation() == self.generation;
        is_named.then_some(()).ok_or_else(forged)
    }
}

#[cfg(test)]
mod tests;
