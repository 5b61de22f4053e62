//! A file that holds a fresh access token while a command runs.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::{ExposeSecret, SecretString};
use tempfile::NamedTempFile;

/// A file that this process created, readable by its owner only. It is replaced atomically, and removed in the end
/// unless another file has replaced it.
pub(super) struct RefreshFile {
    path: PathBuf,
    own: Identity,
}

impl RefreshFile {
    /// Creates the file.
    ///
    /// # Errors
    ///
    /// If the path exists, even as a dangling link, or if the file cannot be written.
    pub(super) fn create(path: &Path, token: &SecretString) -> Result<Self> {
        let path = std::path::absolute(path).map_err(|error| unwritable(path, &error))?;
        let (file, own) = complete(&path, token).map_err(|error| unwritable(&path, &error))?;
        match file.persist_noclobber(&path) {
            Ok(_) => Ok(Self { path, own }),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(Error::input("refresh-file", format!("{} exists already.", path.display()))
                    .means("Nothing was run, and the file was left as it is.")
                    .hint("Choose another path, or remove the file if an earlier run left it."))
            }
            Err(error) => Err(unwritable(&path, &error.error)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces the content atomically: a reader sees the old or the new token.
    ///
    /// # Errors
    ///
    /// If the file is no longer the one that this process wrote, or cannot be written.
    pub(super) fn replace(&mut self, token: &SecretString) -> Result<()> {
        if !self.is_own() {
            return Err(Error::new(
                Code::DataUnwritable,
                format!("{} is another file by now.", self.path.display()),
            )
            .means("It was left as it is, and is not refreshed."));
        }
        let (file, own) = complete(&self.path, token).map_err(|error| unwritable(&self.path, &error))?;
        file.persist(&self.path).map_err(|error| unwritable(&self.path, &error.error))?;
        self.own = own;
        Ok(())
    }

    fn is_own(&self) -> bool {
        let is_file = std::fs::symlink_metadata(&self.path).is_ok_and(|found| found.is_file());
        is_file && Identity::at(&self.path).is_ok_and(|found| found == self.own)
    }
}

impl Drop for RefreshFile {
    fn drop(&mut self) {
        if self.is_own()
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            tracing::warn!(%error, "a refresh file could not be removed");
        }
    }
}

/// The complete file under a temporary name in the same directory, readable by its owner only.
fn complete(path: &Path, token: &SecretString) -> io::Result<(NamedTempFile, Identity)> {
    let directory = path.parent().unwrap_or(path);
    let mut file = tempfile::Builder::new().prefix(".grapnel-").tempfile_in(directory)?;
    file.write_all(token.expose_secret().as_bytes())?;
    let own = Identity::of(file.as_file())?;
    Ok((file, own))
}

fn unwritable(path: &Path, error: &io::Error) -> Error {
    Error::new(Code::DataUnwritable, format!("{} cannot be written: {error}.", path.display()))
        .hint("Choose a path in a directory of your own.")
}

/// Identifies a file independent of its name: its disk, and its number there.
#[derive(PartialEq, Eq)]
struct Identity(u64, u64);

impl Identity {
    #[cfg(unix)]
    fn of(file: &File) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt;
        file.metadata().map(|found| Self(found.dev(), found.ino()))
    }

    #[cfg(unix)]
    fn at(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt;
        std::fs::symlink_metadata(path).map(|found| Self(found.dev(), found.ino()))
    }

    #[cfg(windows)]
    fn at(path: &Path) -> io::Result<Self> {
        Self::of(&File::open(path)?)
    }

    /// The time of creation would not do: Windows gives it to a new file of the same name for some seconds.
    #[cfg(windows)]
    fn of(file: &File) -> io::Result<Self> {
        let found = winapi_util::file::information(file)?;
        Ok(Self(found.volume_serial_number(), found.file_index()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn it_is_replaced_and_removed_unless_it_is_another_file() {
        let here = tempfile::tempdir().unwrap();
        let path = here.path().join("token");
        let mut file = RefreshFile::create(&path, &"one".into()).unwrap();
        for token in ["two", "three"] {
            file.replace(&token.into()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), token);
        }
        let other = here.path().join("other");
        fs::write(&other, "other").unwrap();
        fs::rename(&other, &path).unwrap();
        assert_eq!(file.replace(&"four".into()).unwrap_err().code, Code::DataUnwritable);
        drop(file);
        assert_eq!(fs::read_to_string(&path).unwrap(), "other");
        fs::remove_file(&path).unwrap();
        drop(RefreshFile::create(&path, &"one".into()).unwrap());
        assert_eq!(fs::read_dir(here.path()).unwrap().count(), 0);
    }
}

#[cfg(all(test, unix))]
mod unix_tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn it_is_private_replaced_atomically_and_removed() {
        let here = tempfile::tempdir().unwrap();
        let path = here.path().join("token");
        let mut file = RefreshFile::create(&path, &"one".into()).unwrap();
        let open = fs::File::open(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        file.replace(&"two".into()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(std::io::read_to_string(open).unwrap(), "one", "the file was written in place");
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(here.path()).unwrap().count(), 1);
        drop(file);
        assert_eq!(fs::read_dir(here.path()).unwrap().count(), 0);
    }

    #[test]
    fn no_other_file_and_no_link_is_overwritten_or_removed() {
        let here = tempfile::tempdir().unwrap();
        let (path, other) = (here.path().join("token"), here.path().join("other"));
        fs::write(&other, "kept").unwrap();
        symlink("/nonexistent", here.path().join("dangling")).unwrap();
        symlink(&other, here.path().join("link")).unwrap();
        for taken in ["other", "link", "dangling"] {
            let refused = RefreshFile::create(&here.path().join(taken), &"one".into()).err().unwrap();
            assert_eq!(refused.field.as_deref(), Some("refresh-file"), "{refused:?}");
        }
        let mut file = RefreshFile::create(&path, &"one".into()).unwrap();
        fs::remove_file(&path).unwrap();
        symlink(&other, &path).unwrap();
        assert_eq!(file.replace(&"two".into()).unwrap_err().code, Code::DataUnwritable);
        drop(file);
        assert!(path.is_symlink());
        assert_eq!(fs::read_to_string(&other).unwrap(), "kept");
    }
}
