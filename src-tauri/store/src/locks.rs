//! File locks between processes that share the data directory. The operating system releases them if a process crashes.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use grapnel_model::error::{Code, Error, Result, io_error_text};
use grapnel_model::id::{AttemptId, ConnectionId};

use crate::database::Store;
use crate::filesystem;
use crate::open::make_private_directory;

/// The file that each process locks while it uses the data directory.
pub(crate) const PRESENCE: &str = "grapnel.lock";

/// The shared lock that announces that this process uses the data directory.
#[derive(Debug)]
pub struct Presence {
    _held: File,
    /// Whether no other process used the data directory when this one entered.
    pub is_alone: bool,
}

impl Store {
    /// Takes the shared lock. If no other process uses the data directory, runs `recover` first, which completes what
    /// a crashed process left unfinished.
    pub fn enter(&self, recover: impl FnOnce() -> Result<()>) -> Result<Presence> {
        let opened = || open(&self.home.join(PRESENCE)).map_err(|error| self.lock_failed(&error));
        let mut file = opened()?;
        let is_alone = match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(error)) => return Err(self.lock_failed(&error)),
        };
        if is_alone {
            recover()?;
            // Closing the first handle releases its lock. Releasing it explicitly fails in Wine.
            file = opened()?;
        }
        file.lock_shared().map_err(|error| self.lock_failed(&error))?;
        Ok(Presence { _held: file, is_alone })
    }

    /// The exclusive lock for refreshing this connection; `None` while another process has it.
    pub fn try_refresh_lock(&self, id: &ConnectionId) -> Result<Option<File>> {
        try_lock(self.file(&id.0)?).map_err(|error| filesystem::name(error, &self.home))
    }

    /// The exclusive lock for deriving tokens from this connection; `None` while another process has it.
    pub fn try_derivation_lock(&self, id: &ConnectionId) -> Result<Option<File>> {
        try_lock(self.file(&derivation_file(id))?).map_err(|error| filesystem::name(error, &self.home))
    }

    /// The exclusive lock for deriving tokens from this connection. Blocks.
    pub fn derivation_lock(&self, id: &ConnectionId) -> Result<File> {
        self.lock(&derivation_file(id), File::lock)
    }

    /// The exclusive lock for refreshing this connection. Blocks.
    pub fn refresh_lock(&self, id: &ConnectionId) -> Result<File> {
        let file = self.file(&id.0)?;
        file.lock().map_err(|error| self.lock_failed(&error))?;
        Ok(file)
    }

    fn file(&self, name: &str) -> Result<File> {
        let directory = self.home.join("locks");
        let opened = make_private_directory(&directory).and_then(|()| open(&directory.join(name)));
        opened.map_err(|error| self.lock_failed(&error))
    }

    /// The exclusive lock for the start of a sign-in that other processes may join. Blocks.
    pub fn sign_in_lock(&self) -> Result<File> {
        self.lock("sign-in", File::lock)
    }

    /// The lock that announces that this process waits for the callback of a sign-in; `None` while another process has
    /// it.
    pub fn try_attempt_lock(&self, id: &AttemptId) -> Result<Option<File>> {
        try_lock(self.file(&attempt_file(id))?).map_err(|error| filesystem::name(error, &self.home))
    }

    /// Deletes the lock file of a finished sign-in.
    pub fn drop_attempt_lock(&self, id: &AttemptId) {
        // A file that cannot be deleted is empty and harmless.
        let _ = std::fs::remove_file(self.home.join("locks").join(attempt_file(id)));
    }

    /// A shared lock that keeps other processes from re-keying the vault between encrypting and storing a value.
    /// Blocks.
    pub fn vault_shared_lock(&self) -> Result<File> {
        self.lock("vault", File::lock_shared)
    }

    /// The exclusive lock for re-keying: no process has an encrypted value that it has not stored. Blocks.
    pub fn vault_exclusive_lock(&self) -> Result<File> {
        self.lock("vault", File::lock)
    }

    fn lock(&self, name: &str, lock: fn(&File) -> io::Result<()>) -> Result<File> {
        let file = self.file(name)?;
        lock(&file).map_err(|error| self.lock_failed(&error))?;
        Ok(file)
    }

    /// The exclusive lock of the token agent of this data directory; none while another process holds it.
    pub fn try_agent_lock(&self) -> Result<Option<File>> {
        try_lock(self.file("agent")?).map_err(|error| filesystem::name(error, &self.home))
    }

    /// The exclusive lock of the token agent of this data directory. Blocks.
    pub fn agent_lock(&self) -> Result<File> {
        self.lock("agent", File::lock)
    }

    /// Deletes the lock files of a deleted connection.
    pub fn drop_refresh_lock(&self, id: &ConnectionId) {
        // A file that cannot be deleted is empty and harmless.
        for name in [id.0.clone(), derivation_file(id)] {
            let _ = std::fs::remove_file(self.home.join("locks").join(name));
        }
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

fn derivation_file(id: &ConnectionId) -> String {
    format!("derive-{}", id.0)
}

fn attempt_file(id: &AttemptId) -> String {
    format!("attempt-{}", id.0)
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    // Windows locks no file that is open for appending alone.
    options.create(true).read(true).append(true);
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
    let message = format!("Grapnel’s data directory cannot be locked: {}.", io_error_text(error));
    Error::new(Code::DataUnwritable, message).means("Nothing was changed.").hint(hint)
}

/// Whether the file system supports no locks.
fn cannot_lock(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error()) {
        return true;
    }
    error.kind() == io::ErrorKind::Unsupported
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two handles, as two processes have them.
    #[test]
    fn a_lock_excludes_another_handle_until_it_is_released() {
        let home = tempfile::tempdir().unwrap();
        let stores = [Store::open(home.path()).unwrap(), Store::open(home.path()).unwrap()];
        let first = stores[0].enter(|| Ok(())).unwrap();
        let second = stores[1].enter(|| panic!("it is not alone")).unwrap();
        assert_eq!((first.is_alone, second.is_alone), (true, false));
        let id = ConnectionId("one".into());
        let held = stores[0].try_refresh_lock(&id).unwrap().unwrap();
        assert!(stores[1].try_refresh_lock(&id).unwrap().is_none());
        drop(held);
        let shared = [stores[0].vault_shared_lock().unwrap(), stores[1].vault_shared_lock().unwrap()];
        let exclusive =
            File::options().append(true).read(true).open(home.path().join("locks/vault")).unwrap();
        assert!(matches!(exclusive.try_lock(), Err(TryLockError::WouldBlock)));
        drop(shared);
        exclusive.try_lock().unwrap();
        // The lock file of a deleted connection goes although another process still has it open, on Windows with that.
        let open = stores[1].try_refresh_lock(&id).unwrap().unwrap();
        let file = home.path().join("locks").join(&id.0);
        assert!(file.exists());
        stores[0].drop_refresh_lock(&id);
        drop(open);
        assert!(!file.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_system_without_locks_is_reported() {
        use rustix::io::Errno;
        for error in [Errno::NOLCK, Errno::OPNOTSUPP, Errno::NOSYS] {
            let told = failed(&io::Error::from_raw_os_error(error.raw_os_error()));
            assert_eq!(told.hint.as_deref(), Some(filesystem::NO_LOCKS), "{error}");
            assert!(!told.message.contains("os error"), "{told}");
        }
        let full = failed(&io::Error::from_raw_os_error(Errno::NOSPC.raw_os_error()));
        assert!(full.hint.unwrap().contains("disk is full"));
    }
}
