//! Files that a person asked for. They choose the place in the system's dialog, and can have its folder opened.

use std::fs::File;
use std::io::{BufWriter, Error as IoError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use grapnel_model::error::{Code, Error, Result};
use tauri::{AppHandle, Manager, State};
use tempfile::NamedTempFile;

use crate::{browser, dialog};

/// Longer names are cut: file systems take 255 bytes, and an extension follows.
const LONGEST: usize = 80;

/// The file that was written last.
#[derive(Default)]
pub(crate) struct Saved(Mutex<Option<PathBuf>>);

/// A file that the person named, while it is written. Until it is whole, what was there under its name stays.
pub(crate) struct Begun {
    path: PathBuf,
    file: NamedTempFile,
}

impl Begun {
    /// Asks the person where to write a file that is to be called after `name`; nothing where they think better of it.
    pub(crate) async fn ask(
        app: &AppHandle,
        title: &'static str,
        name: &str,
        extension: &str,
    ) -> Result<Option<Self>> {
        let name = format!("{}.{extension}", plain(name));
        dialog::save(app, title, name).await?.map(Self::at).transpose()
    }

    fn at(path: PathBuf) -> Result<Self> {
        let file = NamedTempFile::new_in(folder(&path)).map_err(|error| unsaved(&path, &error))?;
        Ok(Self { path, file })
    }

    /// Where its content goes.
    pub(crate) fn writer(&self) -> Result<BufWriter<File>> {
        self.file.as_file().try_clone().map(BufWriter::new).map_err(|error| unsaved(&self.path, &error))
    }

    /// Puts the whole file in its place, and answers with its path.
    pub(crate) fn keep(self, app: &AppHandle) -> Result<String> {
        let path = self.place()?;
        let shown = path.display().to_string();
        *app.state::<Saved>().0.lock().unwrap_or_else(PoisonError::into_inner) = Some(path);
        Ok(shown)
    }

    fn place(self) -> Result<PathBuf> {
        let Self { path, file } = self;
        let placed =
            file.as_file().sync_all().and_then(|()| file.persist(&path).map_err(|error| error.error));
        placed.map_err(|error| unsaved(&path, &error))?;
        Ok(path)
    }
}

/// Opens the folder of the file that was written last.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_saved_folder(app: AppHandle, saved: State<'_, Saved>) -> Result<()> {
    let last = saved.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let path = last.ok_or_else(|| Error::new(Code::NotFound, "No file was written yet."))?;
    let folder = folder(&path).display().to_string();
    let opened = browser::open(&app, folder.as_str().into(), String::new()).await;
    opened.map_err(|error| {
        Error::new(error.code, "The folder could not be opened.").hint(format!("It is {folder}."))
    })
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A name without what leads elsewhere or cannot be in a file's name.
fn plain(name: &str) -> String {
    let kept = name.chars().filter(|c| c.is_alphanumeric() || " -_.".contains(*c)).take(LONGEST);
    let kept: String = kept.collect();
    let kept = kept.trim_matches([' ', '.']);
    if kept.is_empty() { "grapnel".into() } else { kept.into() }
}

fn unsaved(path: &Path, error: &IoError) -> Error {
    Error::new(Code::DataUnwritable, format!("“{}” cannot be written: {error}.", path.display()))
        .means("Nothing in Grapnel was changed, and a file of that name is as it was.")
        .hint("Choose a place that you can write to.")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_name_leads_nowhere_else() {
        for (name, file) in [
            ("Acme", "Acme"),
            ("../../.bashrc", "bashrc"),
            ("a/b", "ab"),
            ("  ", "grapnel"),
            ("مدونة", "مدونة"),
        ] {
            assert_eq!(plain(name), file);
        }
    }

    #[test]
    fn a_file_is_replaced_by_a_whole_one_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.csv");
        std::fs::write(&path, "before").unwrap();
        let begun = Begun::at(path.clone()).unwrap();
        begun.writer().unwrap().write_all(b"half").unwrap();
        drop(begun);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
        let begun = Begun::at(path.clone()).unwrap();
        begun.writer().unwrap().write_all(b"whole").unwrap();
        assert_eq!(begun.place().unwrap(), path);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "whole");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::MetadataExt::mode(&path.metadata().unwrap());
            assert_eq!(mode & 0o777, 0o600, "it is for its owner only");
        }
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = Begun::at(folder.path().join("gone/acme.csv")).err().unwrap();
        assert!(error.message.contains("gone/acme.csv"), "{}", error.message);
    }
}
