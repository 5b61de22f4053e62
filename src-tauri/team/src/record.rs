//! Encryption of records and their activity.
//!
//! The two parts of a record are bound to each other: the associated data of `tokens` has the digest of `app`. So a
//! worker can write `tokens` without being able to read `app`, and neither part can be replaced by an older one on
//! its own.

use grapnel_model::secret::{hex, sha256};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::error::{Result, TeamError};
use crate::keys::TeamKeys;
use crate::port::{
    Begun, Generation, RecordId, SealedActivity, SealedRecord, TeamId, Version, Write, WriteId,
};
use crate::rollback::SeenRecord;

/// A record, decrypted.
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
    /// What using the tokens needs.
    pub tokens: Zeroizing<Vec<u8>>,
    /// What only signing in and administration need; `None` for a worker.
    pub app: Option<Zeroizing<Vec<u8>>>,
    /// The refresh that was begun on this version and has no result yet.
    pub begun: Option<Begun>,
    /// When it was written, by the server's clock.
    pub updated_at: Timestamp,
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Record({}, version {}, generation {})", self.id, self.version, self.generation)
    }
}

impl Record {
    /// What to remember of it, for [`crate::check_record`].
    pub fn seen(&self) -> SeenRecord {
        SeenRecord { version: self.version, generation: self.generation }
    }
}

/// What a write contains.
#[derive(Clone, Copy)]
pub(crate) struct Content<'a> {
    pub(crate) name: &'a str,
    pub(crate) tokens: &'a [u8],
    pub(crate) app: Option<&'a [u8]>,
}

fn tokens_place(
    team: &TeamId,
    record: &RecordId,
    version: Version,
    generation: Generation,
    app: &[u8; 32],
) -> String {
    format!("tokens/{team}/{record}/{version}/{generation}/{}", hex(app))
}

fn app_place(team: &TeamId, record: &RecordId, generation: Generation) -> String {
    format!("app/{team}/{record}/{generation}")
}

fn activity_place(team: &TeamId, entry: &SealedActivity) -> String {
    format!("activity/{team}/{}/{}/{}", entry.record, entry.id, entry.generation)
}

/// Encrypts a write. `app_digest` is that of the `app` that stays, if the content has none.
pub(crate) fn seal(
    keys: &TeamKeys,
    team: &TeamId,
    (id, replaces, write_id): (&RecordId, Version, &WriteId),
    content: Content<'_>,
    app_digest: [u8; 32],
) -> Result<Write> {
    let generation = keys.generation();
    let app = match (content.app, keys.app_key()) {
        (Some(app), Some(key)) => Some(key.seal(&app_place(team, id, generation), app)),
        (Some(_), None) => return Err(TeamError::NotOwner),
        (None, _) => None,
    };
    let digest = app.as_deref().map_or(app_digest, sha256);
    let place = tokens_place(team, id, replaces + 1, generation, &digest);
    let tokens = keys.tokens_key().seal(&place, &frame(content.name, content.tokens)?);
    Ok(Write {
        id: id.clone(),
        replaces,
        generation,
        write_id: write_id.clone(),
        tokens,
        // The tag follows the name, and only those who have the manage key may change that.
        lookup: app.is_some().then(|| keys.lookup(content.name)),
        app,
    })
}

/// Decrypts a record. Anything else than what the team wrote for this place is an error.
pub(crate) fn open(keys: &TeamKeys, team: &TeamId, sealed: &SealedRecord) -> Result<Record> {
    let forged = || TeamError::Forged { what: "The connection's record".to_owned() };
    let app_digest = sha256(&sealed.app);
    let place = tokens_place(team, &sealed.id, sealed.version, sealed.generation, &app_digest);
    let framed = keys.tokens_key().open(&place, &sealed.tokens).ok_or_else(forged)?;
    let (name, tokens) = unframe(&framed).ok_or_else(forged)?;
    let app = match keys.app_key() {
        Some(key) => {
            Some(key.open(&app_place(team, &sealed.id, sealed.generation), &sealed.app).ok_or_else(forged)?)
        }
        None => None,
    };
    Ok(Record {
        id: sealed.id.clone(),
        version: sealed.version,
        generation: sealed.generation,
        write_id: sealed.write_id.clone(),
        name,
        tokens,
        app,
        begun: sealed.begun.clone(),
        updated_at: sealed.updated_at,
    })
}

/// Encrypts a record of the same version under other keys.
pub(crate) fn reseal(keys: &TeamKeys, team: &TeamId, record: &Record) -> Result<SealedRecord> {
    let app = record.app.as_deref().ok_or(TeamError::NotOwner)?;
    let content = Content { name: &record.name, tokens: &record.tokens, app: Some(app) };
    let place = (&record.id, record.version - 1, &record.write_id);
    let write = seal(keys, team, place, content, [0; 32])?;
    Ok(SealedRecord {
        id: record.id.clone(),
        version: record.version,
        generation: keys.generation(),
        write_id: record.write_id.clone(),
        tokens: write.tokens,
        app: write.app.unwrap_or_default(),
        begun: record.begun.clone(),
        updated_at: record.updated_at,
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

/// The name's length in two bytes, the name, the content.
fn frame(name: &str, tokens: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let too_long = |_| TeamError::Invalid("This name is too long.".to_owned());
    let length = u16::try_from(name.len()).map_err(too_long)?;
    let mut framed = Zeroizing::new(Vec::with_capacity(2 + name.len() + tokens.len()));
    framed.extend(length.to_be_bytes());
    framed.extend(name.as_bytes());
    framed.extend(tokens);
    Ok(framed)
}

fn unframe(framed: &[u8]) -> Option<(String, Zeroizing<Vec<u8>>)> {
    let (length, rest) = framed.split_at_checked(2)?;
    let length = u16::from_be_bytes(length.try_into().ok()?);
    let (name, tokens) = rest.split_at_checked(usize::from(length))?;
    Some((String::from_utf8(name.to_vec()).ok()?, Zeroizing::new(tokens.to_vec())))
}

#[cfg(test)]
mod tests;
