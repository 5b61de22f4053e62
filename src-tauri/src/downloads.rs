//! Files that a person asked for, in their download folder. None that is there is written over.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use grapnel_core::error::{Code, Error, Result};
use tauri::{AppHandle, Manager};

/// Longer names are cut: file systems take 255 bytes, and a number may follow.
const LONGEST: usize = 80;

/// Writes a new file, and answers with its path.
pub(crate) async fn save(app: &AppHandle, name: &str, extension: &str, bytes: Vec<u8>) -> Result<String> {
    let (app, name, extension) = (app.clone(), name.to_owned(), extension.to_owned());
    let written = tokio::task::spawn_blocking(move || {
        let (path, mut file) = new_file(&folder(&app)?, &name, &extension)?;
        let written = file.write_all(&bytes).and_then(|()| file.sync_all());
        written.map_err(|error| unsaved(&error.to_string())).map(|()| path.display().to_string())
    });
    written.await.map_err(|_| unsaved("writing was broken off"))?
}

/// The download folder, or the person's own where there is none.
pub(crate) fn folder(app: &AppHandle) -> Result<PathBuf> {
    let folder = app.path().download_dir().or_else(|_| app.path().home_dir());
    folder.map_err(|error| unsaved(&error.to_string()))
}

/// Makes a file that was not there, called after `name`.
pub(crate) fn new_file(folder: &Path, name: &str, extension: &str) -> Result<(PathBuf, File)> {
    let made = || {
        std::fs::create_dir_all(folder)?;
        let name = plain(name);
        let mut number = 1;
        loop {
            let counted = if number == 1 { name.clone() } else { format!("{name} ({number})") };
            let path = folder.join(format!("{counted}.{extension}"));
            match private(OpenOptions::new().write(true).create_new(true)).open(&path) {
                Ok(file) => return Ok((path, file)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
            }
        }
    };
    made().map_err(|error: std::io::Error| unsaved(&error.to_string()))
}

/// What was browsed is for its owner only, wherever it is written.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// A name without what leads elsewhere or cannot be in a file's name.
fn plain(name: &str) -> String {
    let kept = name.chars().filter(|c| c.is_alphanumeric() || " -_.".contains(*c)).take(LONGEST);
    let kept: String = kept.collect();
    let kept = kept.trim_matches([' ', '.']);
    if kept.is_empty() { "grapnel".into() } else { kept.into() }
}

fn unsaved(reason: &str) -> Error {
    Error::new(Code::DataUnwritable, format!("The file cannot be written: {reason}."))
        .means("Nothing in Grapnel was changed.")
        .hint("Look whether the disk is full, or your download folder belongs to someone else.")
}

#[cfg(test)]
mod tests {
    use super::{new_file, plain};

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
    fn a_file_that_is_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let make = || new_file(folder.path(), "acme", "toml").unwrap().0;
        std::fs::write(make(), "1").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(folder.path().join("acme.toml")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "for its owner only");
        }
        assert!(make().ends_with("acme (2).toml"));
        assert_eq!(std::fs::read_to_string(folder.path().join("acme.toml")).unwrap(), "1");
    }
}
