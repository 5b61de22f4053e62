//! A record as it was read from a team's database.

use grapnel_model::error::{Code, Error, Result};
use grapnel_store::connection::Retry;
use grapnel_team::port::{Begun, Version};
use jiff::{SignedDuration, Timestamp};

use super::definition::ManageDocument;
use super::document::SharedDocument;

/// A record, decrypted and understood.
pub(crate) struct Record {
    pub(crate) version: i64,
    pub(crate) document: SharedDocument,
    /// The refresh that a machine has begun and told no result of.
    pub(crate) begun: Option<Begun>,
    pub(crate) inner: grapnel_team::Record,
}

impl Record {
    pub(crate) fn new(inner: grapnel_team::Record) -> Result<Self> {
        let document = SharedDocument::parse(&inner.definition, &inner.tokens)?;
        let version = stored_version(inner.version)?;
        Ok(Self { version, document, begun: inner.begun.clone(), inner })
    }

    /// The failed refreshes since its grant, on the clock of this computer.
    pub(crate) fn failure(&self, now: Timestamp) -> Option<(Error, Retry)> {
        let failure = self.document.failure()?;
        // Whether it was long ago is known by the clock of the database only.
        let age = SignedDuration::try_from(self.inner.age).unwrap_or(SignedDuration::MAX);
        let failed_at = now.checked_sub(age).unwrap_or(Timestamp::MIN);
        Some((failure.error.clone(), failure.retry(failed_at)))
    }

    /// The generation of its keys.
    pub(crate) fn generation(&self) -> i64 {
        i64::from(self.inner.generation)
    }

    /// The counter of its definition.
    pub(crate) fn definition_counter(&self) -> Result<i64> {
        stored_version(self.inner.definition_counter)
    }

    /// What to store of a record that was written in place of this one.
    pub(crate) fn next_counter(&self, new: &SharedDocument, manage: Option<&ManageDocument>) -> Result<i64> {
        let is_same = manage.is_none() && new.has_definition_of(&self.document)?;
        Ok(self.definition_counter()? + i64::from(!is_same))
    }

    /// The version as the database counts it.
    pub(crate) fn port_version(&self) -> Version {
        self.inner.version
    }
}

/// A version as it is stored here.
pub(crate) fn stored_version(version: Version) -> Result<i64> {
    i64::try_from(version)
        .map_err(|_| Error::new(Code::DataDamaged, "The team’s database has an impossible version."))
}
