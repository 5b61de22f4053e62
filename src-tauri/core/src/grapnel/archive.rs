//! Backup.

use std::path::Path;
use std::sync::Arc;

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::SecretString;

use super::Grapnel;
use crate::archive::{self, Archive, Export, Exported, Import, Imported};

impl Grapnel {
    /// Writes apps and connections to a file that a passphrase opens. Waits for renewals that are under way.
    pub async fn export(&self, asked: Export) -> Result<Exported> {
        let ctx = Arc::clone(&self.0);
        // A task of its own: who gives up must not break off between the file and the end of the tokens here.
        let work = tokio::spawn(async move {
            let _busy = ctx.busy().await;
            archive::export(&ctx, asked).await
        });
        work.await.map_err(|_| Error::new(Code::Internal, "The export was broken off."))?
    }

    /// Opens an exported file. Nothing is imported yet.
    pub async fn open_archive(&self, file: &Path, passphrase: &SecretString) -> Result<Archive> {
        archive::open(file.to_owned(), passphrase.clone()).await
    }

    /// Adds what an archive holds to what is here; or only tells what would be added.
    pub async fn import(&self, archive: &Archive, how: Import) -> Result<Imported> {
        archive::import(&self.0, archive, how).await
    }
}
