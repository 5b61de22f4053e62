//! Locks between processes that share the data. The operating system holds them, so that a crash frees them.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use grapnel_model::error::{Code, Error, Result, in_words};
use grapnel_model::id::{AttemptId, ConnectionId};

use crate::database::Store;
use crate::filesystem;
use crate::open::make_inner_directory;

/// The file by which processes know of each other.
pub(crate) const PRESENCE: &str = "grapnel.lock";

/// Shows that a process is at work on the data, for as long as it is held.
#[derive(Debug)]
pub struct Presence {
    _held: File,
    /// Whether no other process was there when this one came.
    pub is_alone: bool,
}

impl Store {
    /// Makes this process's presence known. `settle` is run first if it is alone: what an earlier one left
    /// unfinished is nobody's then.
    pub fn enter(&self, settle: impl FnOnce() -> Result<()>) -> Result<Presence> {
        let file = open(&self.home.join(PRESENCE)).map_err(|error| self.lock_failed(&error))?;
        let is_alone = match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(error)) => return Err(self.lock_failed(&error)),
        };
        if is_alone {
            settle()?;
            file.unlock().map_err(|error| self.lock_failed(&error))?;
        }
        file.lock_shared().map_err(|error| self.lock_failed(&error))?;
        Ok(Presence { _held: file, is_alone })
    }

    /// Keeps other processes from renewing this connection while the answer is held; nothing while one renews it.
    pub fn try_renewal_lock(&self, id: &ConnectionId) -> Result<Option<File>> {
        try_lock(self.file(&id.0)?).map_err(|error| filesystem::name(error, &self.home))
    }

    /// Waits until no process renews this connection, and keeps others from it while the answer is held. Blocks.
    pub fn renewal_lock(&self, id: &ConnectionId) -> Result<File> {
        let file = self.file(&id.0)?;
        file.lock().map_err(|error| self.lock_failed(&error))?;
        Ok(file)
    }

    fn file(&self, name: &str) -> Result<File> {
        let directory = self.home.join("locks");
        let opened = make_inner_directory(&directory).and_then(|()| open(&directory.join(name)));
        opened.map_err(|error| self.lock_failed(&error))
    }

    /// Waits until no process starts a sign-in that it would have others join, and keeps others from it while the answer
    /// is held. Blocks.
    pub fn sign_in_lock(&self) -> Result<File> {
        self.lock("sign-in", File::lock)
    }

    /// Shows other processes that this one waits for an attempt, while the answer is held; nothing while one does.
    pub fn try_attempt_lock(&self, id: &AttemptId) -> Result<Option<File>> {
        try_lock(self.file(&attempt_file(id))?).map_err(|error| filesystem::name(error, &self.home))
    }

    /// Forgets the lock of an attempt that is over.
    pub fn drop_attempt_lock(&self, id: &AttemptId) {
        // One that stays is an empty file.
        let _ = std::fs::remove_file(self.home.join("locks").join(attempt_file(id)));
    }

    /// Waits until no process moves the vault, and keeps others from it while the answer is held: what is sealed
    /// meanwhile is sealed under the key that opens it afterwards. Blocks.
    pub fn share_vault(&self) -> Result<File> {
        self.lock("vault", File::lock_shared)
    }

    /// Waits until no process holds anything that is sealed and not stored yet, and keeps all from sealing while
    /// the answer is held. Blocks.
    pub fn claim_vault(&self) -> Result<File> {
        self.lock("vault", File::lock)
    }

    fn lock(&self, name: &str, lock: fn(&File) -> io::Result<()>) -> Result<File> {
        let file = self.file(name)?;
        lock(&file).map_err(|error| self.lock_failed(&error))?;
        Ok(file)
    }

    /// Waits until no process is the token agent of this data, and keeps others from it while the answer is held. Blocks.
    #[cfg(target_os = "linux")]
    pub fn agent_lock(&self) -> Result<File> {
        self.lock("agent", File::lock)
    }

    /// Forgets the lock of a connection that is gone.
    pub fn drop_renewal_lock(&self, id: &ConnectionId) {
        // One that stays is an empty file.
        let _ = std::fs::remove_file(self.home.join("locks").join(&id.0));
    }

    fn lock_failed(&self, error: &io::Error) -> Error {
        filesystem::name(failed(error), &self.home)
    }
}

fn try_lock(file: File) -> Result<Option<File>> {
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(failed(&error)),
    }
}

fn attempt_file(id: &AttemptId) -> String {
    format!("attempt-{}", id.0)
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The error for a data directory that cannot be locked.
pub(crate) fn failed(error: &io::Error) -> Error {
    let hint = if cannot_lock(error) {
        filesystem::NO_LOCKS
    } else {
        "Look whether the disk is full, or the data directory belongs to someone else."
    };
    let message = format!("Grapnel’s data directory cannot be locked: {}.", in_words(error));
    Error::new(Code::DataUnwritable, message).means("Nothing was changed.").hint(hint)
}

/// Whether the file system has no locks.
fn cannot_lock(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error()) {
        return true;
    }
    error.kind() == io::ErrorKind::Unsupported
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use rustix::io::Errno;

    #[test]
    fn a_file_system_without_locks_is_told_as_that() {
        for error in [Errno::NOLCK, Errno::OPNOTSUPP, Errno::NOSYS] {
            let told = failed(&io::Error::from_raw_os_error(error.raw_os_error()));
            assert_eq!(told.hint.as_deref(), Some(filesystem::NO_LOCKS), "{error}");
            assert!(!told.message.contains("os error"), "{told}");
        }
        let full = failed(&io::Error::from_raw_os_error(Errno::NOSPC.raw_os_error()));
        assert!(full.hint.unwrap().contains("disk is full"));
    }
}
