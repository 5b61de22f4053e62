//! Checks for the diagnostics: database integrity, schema version, file permissions.

use std::path::{Path, PathBuf};

use grapnel_model::error::Result;

use crate::database::Store;
use crate::open::SCHEMA_VERSION;

impl Store {
    /// Runs `PRAGMA quick_check`, which reads the whole database. Returns the first problem.
    pub fn quick_check(&self) -> Result<Option<String>> {
        let found: String = self.read(|c| c.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)))?;
        Ok((found != "ok").then_some(found))
    }

    /// The schema version of this program.
    pub fn version() -> u32 {
        SCHEMA_VERSION
    }

    /// The files in the data directory that other accounts can access.
    pub fn readable_by_others(&self) -> Vec<PathBuf> {
        let inside = std::fs::read_dir(self.home()).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut open: Vec<PathBuf> = std::iter::once(self.home().to_owned())
            .chain(inside.filter(|path| !path.is_symlink()))
            .filter(|path| is_readable_by_others(path))
            .collect();
        open.sort();
        open
    }
}

#[cfg(unix)]
fn is_readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
}

/// Without Unix permissions, the files are protected by the account's profile directory.
#[cfg(not(unix))]
fn is_readable_by_others(_: &Path) -> bool {
    false
}
