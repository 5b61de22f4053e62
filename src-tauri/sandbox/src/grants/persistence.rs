//! The file that keeps a provider's grants and valid tokens, as digests, over a restart of the sandbox.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::grants::ledger::{Grant, Grants, Store, Token};
use crate::random::Digest;

/// The content of the file.
#[derive(Default, Serialize, Deserialize)]
struct PersistedGrants {
    grants: Vec<Grant>,
    access: Vec<(Digest, Token)>,
    refresh: Vec<(Digest, Token)>,
}

impl Grants {
    /// Loads the file at `path`, if it exists, and from then on writes each change to it.
    ///
    /// # Errors
    /// If the file exists and cannot be read. The file is left unchanged.
    pub(crate) fn persist_to(&self, path: PathBuf) -> io::Result<()> {
        let persisted: PersistedGrants = match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => PersistedGrants::default(),
            Err(error) => return Err(error),
        };
        self.with(|store| {
            store.grants.extend(persisted.grants.into_iter().map(|grant| (grant.id, grant)));
            store.access.extend(persisted.access);
            store.refresh.extend(persisted.refresh);
            store.file = Some(path);
        });
        Ok(())
    }
}

impl Store {
    /// Writes the tokens that are valid at `now`, and their grants. After a failed write the sandbox keeps working; the
    /// change is lost when it stops.
    pub(super) fn persist(&self, now: Timestamp) {
        let Some(path) = &self.file else { return };
        let live = |tokens: &HashMap<Digest, Token>| -> Vec<(Digest, Token)> {
            let live = tokens.iter().filter(|(_, token)| token.is_live(now));
            live.map(|(key, token)| (*key, token.clone())).collect()
        };
        let (access, refresh) = (live(&self.access), live(&self.refresh));
        let has_token =
            |grant: &&Grant| access.iter().chain(&refresh).any(|(_, token)| token.grant == grant.id);
        let grants = self.grants.values().filter(has_token).cloned().collect();
        let _ = write(path, &PersistedGrants { grants, access, refresh });
    }
}

/// Replaces the file atomically. Only its owner may read it.
fn write(path: &Path, persisted: &PersistedGrants) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&new)?.write_all(&serde_json::to_vec(persisted)?)?;
    fs::rename(new, path)
}
