//! A record as it was read from a team's database.

use grapnel_model::error::{Code, Error, Result};
use grapnel_team::port::{Begun, Version};

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
        let document = SharedDocument::parse(&inner.tokens)?;
        let version = stored_version(inner.version)?;
        Ok(Self { version, document, begun: inner.begun.clone(), inner })
    }

    /// The generation of its keys.
    pub(crate) fn generation(&self) -> i64 {
        i64::from(self.inner.generation)
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
