//! Encryption of records and their activity.
//!
//! A record has three parts, which are bound to each other so that none can be replaced by an older one on its own:
//! - `app` is encrypted under the manage key.
//! - `definition` is encrypted under the use key, so that a worker can read it, and **signed with the manage key**, so
//!   that it cannot write it. The signature covers the digest of `app`, and a counter that grows with each definition.
//!   What an owner writes has the owner's signature, too.
//! - `tokens` is encrypted under the use key, and everybody writes it. Its associated data has the digest of the
//!   definition that its writer has verified.

use std::time::Duration;

use grapnel_model::secret::{hex, sha256};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::{Result, TeamError};
use crate::identity::{Identity, SigningKey};
use crate::keys::TeamKeys;
use crate::membership::Membership;
use crate::port::{
    Begun, Generation, RecordId, SealedActivity, SealedRecord, TeamId, Version, Write, WriteId,
};
use crate::rollback::SeenRecord;

/// A record, decrypted and verified.
#[derive(Clone)]
pub struct Record {
    /// The ID.
    pub id: RecordId,
    /// The version.
    pub version: Version,
    /// The generation of the keys that encrypt it.
    pub generation: Generation,
    /// The write that made this version.
    pub write_id: WriteId,
    /// The name, by which a worker finds it.
    pub name: String,
    /// What a refresh writes.
    pub tokens: Zeroizing<Vec<u8>>,
    /// What is shared, and where it may be sent. A member or an owner wrote it.
    pub definition: Zeroizing<Vec<u8>>,
    /// Counts the definitions.
    pub definition_counter: u64,
    /// Whether an owner wrote the definition.
    pub is_by_owner: bool,
    /// What only signing in and administration need; `None` for a worker.
    pub app: Option<Zeroizing<Vec<u8>>>,
    /// The refresh that was begun on this version and has no result yet.
    pub begun: Option<Begun>,
    /// When it was written, by the server's clock.
    pub updated_at: Timestamp,
    /// How long ago, by the server's clock, when it was read.
    pub age: Duration,
    /// The digests of the two parts as they were verified.
    digests: Digests,
    /// Whether a key signed the definition as an owner's that is none's.
    pub(crate) is_by_unknown_owner: bool,
}

#[derive(Clone, Copy)]
struct Digests {
    definition: [u8; 32],
    app: [u8; 32],
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Record({}, version {}, generation {})", self.id, self.version, self.generation)
    }
}

impl Record {
    /// What to remember of it, for [`crate::check_record`].
    pub fn seen(&self) -> SeenRecord {
        SeenRecord { version: self.version, generation: self.generation, definition: self.definition_counter }
    }
}

/// A definition that is to be written.
#[derive(Clone, Copy)]
pub struct Definition<'a> {
    /// The name, by which a worker finds the record.
    pub name: &'a str,
    /// What it says.
    pub content: &'a [u8],
}

/// What a write contains.
#[derive(Clone, Copy)]
pub(crate) struct Content<'a> {
    pub(crate) tokens: &'a [u8],
    pub(crate) definition: Option<Definition<'a>>,
    pub(crate) app: Option<&'a [u8]>,
}

/// Who writes a record.
#[derive(Clone, Copy)]
pub(crate) struct Author<'a> {
    pub(crate) keys: &'a TeamKeys,
    pub(crate) team: &'a TeamId,
    /// The writer's identity, if it is an owner.
    pub(crate) owner: Option<&'a Identity>,
}

/// What precedes the content of a definition.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    name: String,
    counter: u64,
    signature: String,
    /// The key and the signature of the owner who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<(SigningKey, String)>,
}

fn tokens_place(
    team: &TeamId,
    record: &RecordId,
    version: Version,
    generation: Generation,
    definition: &[u8; 32],
) -> String {
    format!("tokens/{team}/{record}/{version}/{generation}/{}", hex(definition))
}

fn definition_place(team: &TeamId, record: &RecordId, generation: Generation) -> String {
    format!("definition/{team}/{record}/{generation}")
}

fn app_place(team: &TeamId, record: &RecordId, generation: Generation) -> String {
    format!("app/{team}/{record}/{generation}")
}

fn activity_place(team: &TeamId, entry: &SealedActivity) -> String {
    format!("activity/{team}/{}/{}/{}", entry.record, entry.id, entry.generation)
}

/// What the signatures of a definition cover. The name is last, since it may have any character.
fn signed_bytes(
    (team, record, generation): (&TeamId, &RecordId, Generation),
    counter: u64,
    definition: Definition<'_>,
    app: &[u8; 32],
) -> Vec<u8> {
    let (content, app) = (hex(&sha256(definition.content)), hex(app));
    let text = format!(
        "grapnel team definition v1\n{team}\n{record}\n{generation}\n{counter}\n{content}\n{app}\n{}",
        definition.name
    );
    text.into_bytes()
}

/// Encrypts a write. `before` is the record that it replaces, as it was verified; the parts that the content has not
/// stay as they were there.
pub(crate) fn seal(
    author: Author<'_>,
    (id, write_id): (&RecordId, &WriteId),
    content: Content<'_>,
    before: Option<&Record>,
) -> Result<Write> {
    let counter = before.map_or(1, |before| before.definition_counter + 1);
    let replaces = before.map_or(0, |before| before.version);
    seal_at(author, (id, replaces, write_id), content, (counter, before))
}

fn seal_at(
    author: Author<'_>,
    (id, replaces, write_id): (&RecordId, Version, &WriteId),
    content: Content<'_>,
    (counter, before): (u64, Option<&Record>),
) -> Result<Write> {
    let lacks = || TeamError::Internal { cause: "a record lacks a part".to_owned() };
    let Author { keys, team, .. } = author;
    let generation = keys.generation();
    let app = match (content.app, keys.app_key()) {
        (Some(app), Some(key)) => Some(key.seal(&app_place(team, id, generation), app)),
        (Some(_), None) => return Err(TeamError::NotOwner),
        (None, _) => None,
    };
    let definition = match content.definition {
        Some(definition) => {
            let app = app.as_deref().map(sha256).or(before.map(|before| before.digests.app));
            let part = seal_definition(author, id, counter, definition, &app.ok_or_else(lacks)?)?;
            Some((part, keys.lookup(definition.name)))
        }
        // Its signature covers the digest of `app`.
        None if app.is_some() => return Err(lacks()),
        None => None,
    };
    let digest = definition.as_ref().map(|(part, _)| sha256(part));
    let digest = digest.or(before.map(|before| before.digests.definition)).ok_or_else(lacks)?;
    let place = tokens_place(team, id, replaces + 1, generation, &digest);
    let tokens = keys.tokens_key().seal(&place, content.tokens);
    Ok(Write { id: id.clone(), replaces, generation, write_id: write_id.clone(), tokens, definition, app })
}

fn seal_definition(
    Author { keys, team, owner }: Author<'_>,
    id: &RecordId,
    counter: u64,
    definition: Definition<'_>,
    app: &[u8; 32],
) -> Result<Vec<u8>> {
    let signed = signed_bytes((team, id, keys.generation()), counter, definition, app);
    let signature = keys.sign(&signed).ok_or(TeamError::NotOwner)?;
    let owner = owner.map(|owner| (owner.signing_key(), owner.sign(&signed)));
    let header = Header { name: definition.name.to_owned(), counter, signature, owner };
    let failed = |_| TeamError::Internal { cause: "a definition cannot be written".to_owned() };
    let plain = frame(&serde_json::to_vec(&header).map_err(failed)?, definition.content)?;
    Ok(keys.definition_key().seal(&definition_place(team, id, keys.generation()), &plain))
}

/// Decrypts and verifies a record. Anything else than what the team wrote for this place is an error.
pub(crate) fn open(
    (keys, membership): (&TeamKeys, &Membership),
    team: &TeamId,
    sealed: &SealedRecord,
) -> Result<Record> {
    let forged = || TeamError::Forged { what: "The connection’s record".to_owned() };
    let (id, generation) = (&sealed.id, sealed.generation);
    let digests = Digests { definition: sha256(&sealed.definition), app: sha256(&sealed.app) };
    let framed = keys
        .definition_key()
        .open(&definition_place(team, id, generation), &sealed.definition)
        .ok_or_else(forged)?;
    let (header, definition) = unframe(&framed).ok_or_else(forged)?;
    let Header { name, counter, signature, owner } = serde_json::from_slice(header).map_err(|_| forged())?;
    let content = Definition { name: &name, content: definition };
    let signed = signed_bytes((team, id, generation), counter, content, &digests.app);
    if !membership.manage_signing_key().verifies(&signed, &signature) {
        return Err(forged());
    }
    let is_by_owner = owner
        .as_ref()
        .is_some_and(|(key, signature)| membership.is_owner(key) && key.verifies(&signed, signature));
    let place = tokens_place(team, id, sealed.version, generation, &digests.definition);
    let tokens = keys.tokens_key().open(&place, &sealed.tokens).ok_or_else(forged)?;
    let app = match keys.app_key() {
        Some(key) => Some(key.open(&app_place(team, id, generation), &sealed.app).ok_or_else(forged)?),
        None => None,
    };
    Ok(Record {
        id: id.clone(),
        version: sealed.version,
        generation,
        write_id: sealed.write_id.clone(),
        definition: Zeroizing::new(definition.to_vec()),
        name,
        tokens,
        definition_counter: counter,
        is_by_owner,
        app,
        begun: sealed.begun.clone(),
        updated_at: sealed.updated_at,
        age: sealed.age,
        digests,
        is_by_unknown_owner: owner.is_some() && !is_by_owner,
    })
}

/// Encrypts a record of the same version under other keys. An owner signs it anew if an owner had.
pub(crate) fn reseal(author: Author<'_>, record: &Record) -> Result<SealedRecord> {
    let app = record.app.as_deref().ok_or(TeamError::NotOwner)?;
    let definition = Some(Definition { name: &record.name, content: &record.definition });
    let content = Content { tokens: &record.tokens, definition, app: Some(app) };
    let place = (&record.id, record.version - 1, &record.write_id);
    let author = Author { owner: author.owner.filter(|_| record.is_by_owner), ..author };
    let write = seal_at(author, place, content, (record.definition_counter, None))?;
    let lacks = || TeamError::Internal { cause: "a record lacks a part".to_owned() };
    let (definition, lookup) = write.definition.ok_or_else(lacks)?;
    Ok(SealedRecord {
        id: write.id,
        version: record.version,
        generation: write.generation,
        write_id: write.write_id,
        tokens: write.tokens,
        definition,
        app: write.app.ok_or_else(lacks)?,
        lookup,
        begun: record.begun.clone(),
        updated_at: record.updated_at,
        age: record.age,
    })
}

pub(crate) fn seal_activity(keys: &TeamKeys, team: &TeamId, mut entry: SealedActivity) -> SealedActivity {
    entry.generation = keys.generation();
    entry.entry = keys.activity_key().seal(&activity_place(team, &entry), &entry.entry);
    entry
}

pub(crate) fn open_activity(
    keys: &TeamKeys,
    team: &TeamId,
    entry: &SealedActivity,
) -> Option<Zeroizing<Vec<u8>>> {
    keys.activity_key().open(&activity_place(team, entry), &entry.entry)
}

/// The header's length in four bytes, the header, the content.
fn frame(header: &[u8], content: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let too_long = |_| TeamError::Invalid("This name is too long.".to_owned());
    let length = u32::try_from(header.len()).map_err(too_long)?;
    let mut framed = Zeroizing::new(Vec::with_capacity(4 + header.len() + content.len()));
    framed.extend(length.to_be_bytes());
    framed.extend(header);
    framed.extend(content);
    Ok(framed)
}

fn unframe(framed: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = framed.split_at_checked(4)?;
    let length = u32::from_be_bytes(length.try_into().ok()?);
    rest.split_at_checked(usize::try_from(length).ok()?)
}

#[cfg(test)]
mod tests;
