//! The errors of the content cache.

use grapnel_model::error::{Code, Error};

/// Why a read or write of the cache failed.
#[derive(Debug)]
pub enum CacheError {
    /// The database failed.
    Cache(rusqlite::Error),
    /// The caller's closure failed.
    Other(Error),
}

impl From<rusqlite::Error> for CacheError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Cache(error)
    }
}

impl From<Error> for CacheError {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<CacheError> for Error {
    fn from(failed: CacheError) -> Self {
        let error = match failed {
            CacheError::Other(error) => return error,
            CacheError::Cache(error) => error,
        };
        tracing::warn!(%error, "the content cache failed");
        Self::new(Code::DataUnwritable, format!("What is read cannot be kept on this computer: {error}."))
            .means("Your connections and tokens are elsewhere, and not touched by this.")
            .hint(
                "Look whether the disk is full. If it stays so, quit Grapnel and delete content.db in its data \
                 directory: everything in it can be read again.",
            )
    }
}
