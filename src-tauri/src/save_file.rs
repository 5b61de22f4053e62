//! Saves files at a path that the person chooses in the system's dialog.

use std::fs::File;
use std::io::{BufWriter, Error as IoError, Write};
use std::path::{Path, PathBuf};

use grapnel_model::error::{Code, Error, Result};
use parking_lot::Mutex;
use tauri::{AppHandle, Manager};
use tempfile::NamedTempFile;

use crate::dialog;

/// The most characters of a proposed file name: file systems allow 255 bytes, including the extension.
const MAX_NAME_CHARS: usize = 80;

/// The file that was saved last.
#[derive(Default)]
pub(crate) struct LastSavedFile(Mutex<Option<PathBuf>>);

impl LastSavedFile {
    /// The folder of the file that was saved last.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        let path = self.0.lock();
        path.as_deref().map(|path| folder(path).to_owned())
    }
}

/// A file that is being written. It replaces an existing file only when it is complete.
pub(crate) struct PendingFile {
    path: PathBuf,
    file: NamedTempFile,
}

impl PendingFile {
    /// Asks the person where to save a file, and proposes a file name made of `name`. `None` if they cancel.
    pub(crate) async fn ask(
        app: &AppHandle,
        title: &'static str,
        name: &str,
        extension: &str,
    ) -> Result<Option<Self>> {
        let name = format!("{}.{extension}", file_name(name));
        dialog::save(app, title, name).await?.map(Self::at).transpose()
    }

    fn at(path: PathBuf) -> Result<Self> {
        let file = NamedTempFile::new_in(folder(&path)).map_err(|error| not_writable(&path, &error))?;
        Ok(Self { path, file })
    }

    /// A writer for the content.
    pub(crate) fn writer(&self) -> Result<BufWriter<File>> {
        self.file.as_file().try_clone().map(BufWriter::new).map_err(|error| not_writable(&self.path, &error))
    }

    /// Writes the content.
    pub(crate) fn write(mut self, content: &[u8]) -> Result<Self> {
        self.file.write_all(content).map_err(|error| not_writable(&self.path, &error))?;
        Ok(self)
    }

    /// Moves the complete file to its path, and returns that path.
    pub(crate) fn save(self, app: &AppHandle) -> Result<String> {
        let path = self.persist()?;
        let shown = path.display().to_string();
        *app.state::<LastSavedFile>().0.lock() = Some(path);
        Ok(shown)
    }

    fn persist(self) -> Result<PathBuf> {
        let Self { path, file } = self;
        let persisted =
            file.as_file().sync_all().and_then(|()| file.persist(&path).map_err(|error| error.error));
        persisted.map_err(|error| not_writable(&path, &error))?;
        Ok(path)
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A name without path separators and other characters that file names cannot have.
fn file_name(name: &str) -> String {
    let safe = name.chars().filter(|c| c.is_alphanumeric() || " -_.".contains(*c)).take(MAX_NAME_CHARS);
    let safe: String = safe.collect();
    let safe = safe.trim_matches([' ', '.']);
    if safe.is_empty() { "grapnel".into() } else { safe.into() }
}

fn not_writable(path: &Path, error: &IoError) -> Error {
    Error::new(Code::DataUnwritable, format!("“{}” cannot be written: {error}.", path.display()))
        .means("Nothing in Grapnel changed, and an existing file of that name is unchanged.")
        .hint("Choose a folder that you can write to.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_leads_to_no_other_folder() {
        for (name, file) in [
            ("Acme", "Acme"),
            ("../../.bashrc", "bashrc"),
            ("a/b", "ab"),
            ("  ", "grapnel"),
            ("مدونة", "مدونة"),
        ] {
            assert_eq!(file_name(name), file);
        }
    }

    #[test]
    fn a_file_is_replaced_only_by_a_complete_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.csv");
        std::fs::write(&path, "before").unwrap();
        let pending = PendingFile::at(path.clone()).unwrap();
        pending.writer().unwrap().write_all(b"half").unwrap();
        drop(pending);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
        let pending = PendingFile::at(path.clone()).unwrap();
        pending.writer().unwrap().write_all(b"whole").unwrap();
        assert_eq!(pending.persist().unwrap(), path);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "whole");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::MetadataExt::mode(&path.metadata().unwrap());
            assert_eq!(mode & 0o777, 0o600, "it is for its owner only");
        }
    }

    #[test]
    fn a_path_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = PendingFile::at(folder.path().join("gone/acme.csv")).err().unwrap();
        assert!(error.message.contains("gone/acme.csv"), "{}", error.message);
    }
}
