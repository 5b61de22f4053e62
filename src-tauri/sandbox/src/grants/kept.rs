//! What of the grants outlives the sandbox: who agreed to what, and the tokens that are still good, under their digests.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::grants::ledger::{Grant, Grants, Store, Token, TokenState};
use crate::random::Digest;

/// The content of the file.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    grants: Vec<Grant>,
    access: Vec<(Digest, Token)>,
    refresh: Vec<(Digest, Token)>,
}

impl Grants {
    /// Takes over what the file at `path` holds, and writes there from now on what is issued and revoked.
    ///
    /// # Errors
    /// If there is a file that cannot be read. What it holds is left as it is then.
    pub(crate) fn keep_at(&self, path: PathBuf) -> io::Result<()> {
        let kept: Kept = match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Kept::default(),
            Err(error) => return Err(error),
        };
        self.with(|store| {
            store.grants.extend(kept.grants.into_iter().map(|grant| (grant.id, grant)));
            store.access.extend(kept.access);
            store.refresh.extend(kept.refresh);
            store.kept_at = Some(path);
        });
        Ok(())
    }
}

impl Store {
    /// Writes what is good at `now`. Where that fails the sandbox goes on, and forgets it at its end.
    pub(super) fn keep(&self, now: Timestamp) {
        let Some(path) = &self.kept_at else { return };
        let live = |tokens: &HashMap<Digest, Token>| -> Vec<(Digest, Token)> {
            let live =
                tokens.iter().filter(|(_, token)| token.state == TokenState::Live && now < token.life.to);
            live.map(|(key, token)| (*key, token.clone())).collect()
        };
        let (access, refresh) = (live(&self.access), live(&self.refresh));
        let is_of = |grant: &&Grant| access.iter().chain(&refresh).any(|(_, token)| token.grant == grant.id);
        let grants = self.grants.values().filter(is_of).cloned().collect();
        let _ = write(path, &Kept { grants, access, refresh });
    }
}

/// Replaces the file as a whole. Only its owner reads it.
fn write(path: &Path, kept: &Kept) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&new)?.write_all(&serde_json::to_vec(kept)?)?;
    fs::rename(new, path)
}
