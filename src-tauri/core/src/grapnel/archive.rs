//! Export and import.

use std::path::Path;
use std::sync::Arc;

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::SecretString;

use super::Grapnel;
use crate::archive::{self, Archive, Export, Exported, Import, Imported};

impl Grapnel {
    /// Exports apps and connections to an encrypted file. Waits for refreshes in progress.
    pub async fn export(&self, asked: Export) -> Result<Exported> {
        let ctx = Arc::clone(&self.0);
        // A separate task: a caller that gives up must not interrupt between writing the file and deleting the tokens
        // here.
        let work = tokio::spawn(async move {
            let _busy = ctx.begin_uninterruptible().await;
            archive::export(&ctx, asked).await
        });
        work.await.map_err(|_| Error::new(Code::Internal, "The export was interrupted."))?
    }

    /// Opens an exported file. Nothing is imported yet.
    pub async fn open_archive(&self, file: &Path, passphrase: &SecretString) -> Result<Archive> {
        archive::open(file.to_owned(), passphrase.clone()).await
    }

    /// Imports an archive, or only reports what would be imported.
    pub async fn import(&self, archive: &Archive, how: Import) -> Result<Imported> {
        archive::import(&self.0, archive, how).await
    }
}
