//! What an owner gives to somebody who is to join: an invitation, or the key of a worker. Both are one line of text.

use grapnel_model::secret::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::age_file;
use crate::error::{Result, TeamError};
use crate::identity::{Identity, PublicKey};
use crate::membership::Seen;
use crate::port::{MemberId, TeamId};

const INVITATION: &str = "grapnel-invitation-1-";
const WORKER: &str = "grapnel-worker-1-";
/// The longest invitation or worker key that is read.
const MAX_CHARS: usize = 32 << 10;

/// What both contain. Without secrets of the team: the database has the keys, encrypted for the member.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    team: TeamId,
    schema: String,
    member: MemberId,
    seen: Seen,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    identity: Option<Plain>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    database_url: Option<Plain>,
}

/// A secret within a text that is encrypted as a whole, or that is a secret itself. It is wiped when it is dropped.
struct Plain(Zeroizing<String>);

impl Serialize for Plain {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

/// What is needed to become a member: where the team is, as whom, and what must be true of it.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// The team.
    pub team: TeamId,
    /// The schema of the database.
    pub schema: String,
    /// The member that the invited person becomes.
    pub member: MemberId,
    /// What the inviter had seen of the team. It pins the chain of owners.
    pub seen: Seen,
    /// The secret of the member, if the inviter made it: with a passphrase, or for a worker.
    pub identity: Option<Identity>,
    /// The database URL, if the inviter passed it on. It may hold a password.
    pub database_url: Option<SecretString>,
}

/// Who opens an invitation.
pub(crate) enum OpenedBy<'a> {
    PublicKey(&'a PublicKey),
    Passphrase(&'a SecretString),
}

/// Whether the text of an invitation opens with a passphrase, and not with a person's key.
pub fn needs_passphrase(text: &str) -> Result<bool> {
    Ok(age_file::needs_passphrase(&sealed_part(text)?))
}

impl Invitation {
    /// The fingerprint of the key of the team's creator. age does not say who wrote an invitation: compare this with
    /// what an owner sees, before the invitation's database is connected to.
    pub fn creator_fingerprint(&self) -> String {
        self.seen.owners.fingerprint()
    }

    /// Writes it for one person only.
    pub(crate) fn write(&self, opened_by: &OpenedBy<'_>) -> Result<SecretString> {
        let plain = self.plain()?;
        let sealed = match opened_by {
            OpenedBy::PublicKey(key) => age_file::for_recipient(&plain, &key.recipient),
            OpenedBy::Passphrase(passphrase) => age_file::for_passphrase(&plain, passphrase),
        };
        let sealed =
            sealed.ok_or_else(|| TeamError::Invalid("This public key cannot be used.".to_owned()))?;
        Ok(format!("{INVITATION}{}", age_file::encode(&sealed)).into())
    }

    /// Opens an invitation with the key of the invited person.
    pub fn open(text: &str, identity: &Identity) -> Result<Self> {
        let sealed = sealed_part(text)?;
        if age_file::needs_passphrase(&sealed) {
            return Err(invalid("This invitation needs its passphrase."));
        }
        let plain = age_file::open(&sealed, identity.age());
        Self::parse(&plain.ok_or_else(|| {
            invalid("This invitation is for another key than this computer’s, or incomplete. Copy all of it.")
        })?)
    }

    /// Opens an invitation with its passphrase. Takes a good part of a second.
    pub fn open_with_passphrase(text: &str, passphrase: &SecretString) -> Result<Self> {
        let sealed = sealed_part(text)?;
        if !age_file::needs_passphrase(&sealed) {
            return Err(invalid(
                "This invitation opens with the invited person’s key, without a passphrase.",
            ));
        }
        let plain = age_file::open_with_passphrase(&sealed, passphrase);
        Self::parse(&plain.ok_or_else(|| invalid("The passphrase does not open this invitation."))?)
    }

    /// Writes the key of a worker, which is a secret.
    pub(crate) fn write_worker_key(&self) -> Result<SecretString> {
        Ok(format!("{WORKER}{}", age_file::encode(&self.plain()?)).into())
    }

    /// Reads the key of a worker.
    pub fn of_worker(key: &SecretString) -> Result<Self> {
        let key = key.expose_secret().trim();
        let Some(encoded) = key.strip_prefix(WORKER) else {
            let is_invitation = key.starts_with(INVITATION);
            let text = if is_invitation {
                "This is an invitation for a person, not the key of a worker."
            } else {
                "This is not the key of a worker. One begins with grapnel-worker-1-."
            };
            return Err(invalid(text));
        };
        let damaged = || invalid("The key of this worker is incomplete or changed. Copy all of it.");
        let read = Self::parse(&age_file::decode(encoded, MAX_CHARS).ok_or_else(damaged)?)?;
        if read.identity.is_none() { Err(damaged()) } else { Ok(read) }
    }

    fn plain(&self) -> Result<Zeroizing<Vec<u8>>> {
        let secret = |text: &SecretString| Plain(Zeroizing::new(text.expose_secret().to_owned()));
        let content = Content {
            team: self.team.clone(),
            schema: self.schema.clone(),
            member: self.member.clone(),
            seen: self.seen.clone(),
            identity: self.identity.as_ref().map(|identity| secret(&identity.to_text())),
            database_url: self.database_url.as_ref().map(secret),
        };
        let plain = serde_json::to_vec(&content);
        plain.map(Zeroizing::new).map_err(|_| invalid("The invitation cannot be written."))
    }

    fn parse(plain: &[u8]) -> Result<Self> {
        let damaged = || invalid("This invitation was made by another version of Grapnel, or changed.");
        let content: Content = serde_json::from_slice(plain).map_err(|_| damaged())?;
        let identity = content.identity.map(|text| Identity::parse(&text.0.as_str().into())).transpose();
        Ok(Self {
            team: content.team,
            schema: content.schema,
            member: content.member,
            seen: content.seen,
            identity: identity.map_err(|_| damaged())?,
            database_url: content.database_url.map(|text| text.0.as_str().into()),
        })
    }
}

fn sealed_part(text: &str) -> Result<Zeroizing<Vec<u8>>> {
    let text = text.trim();
    if text.starts_with(WORKER) {
        return Err(invalid(
            "This is the key of a worker. Set it as GRAPNEL_TEAM_KEY; a person cannot join with it.",
        ));
    }
    let Some(encoded) = text.strip_prefix(INVITATION) else {
        return Err(invalid("This is not an invitation. One begins with grapnel-invitation-1-."));
    };
    age_file::decode(encoded, MAX_CHARS)
        .ok_or_else(|| invalid("This invitation is incomplete or changed. Copy all of it."))
}

fn invalid(text: &str) -> TeamError {
    TeamError::Invalid(text.to_owned())
}

#[cfg(test)]
mod tests;
