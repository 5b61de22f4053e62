//! Why the content cache failed.

use grapnel_model::error::{Code, Error};

/// Why something did not come out of the cache, or go into it.
#[derive(Debug)]
pub enum Failed {
    /// The cache failed.
    Cache(rusqlite::Error),
    /// Something else did.
    Other(Error),
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Cache(error)
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        let error = match failed {
            Failed::Other(error) => return error,
            Failed::Cache(error) => error,
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
