//! Whether the database is sound, and closed to others.

use std::path::{Path, PathBuf};

use grapnel_model::error::Result;

use crate::database::Store;
use crate::open::VERSION;

impl Store {
    /// What SQLite finds wrong in the database; nothing where it is sound. Reads all of it.
    pub fn quick_check(&self) -> Result<Option<String>> {
        let found: String = self.read(|c| c.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)))?;
        Ok((found != "ok").then_some(found))
    }

    /// The version of the schema.
    pub fn version() -> u32 {
        VERSION
    }

    /// The files of the data that other accounts of this machine can read.
    pub fn open_to_others(&self) -> Vec<PathBuf> {
        let inside = std::fs::read_dir(self.home()).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut open: Vec<PathBuf> = std::iter::once(self.home().to_owned())
            .chain(inside.filter(|path| !path.is_symlink()))
            .filter(|path| is_open_to_others(path))
            .collect();
        open.sort();
        open
    }
}

#[cfg(unix)]
fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
}

/// Permissions are the account's own directory's there.
#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> bool {
    false
}
