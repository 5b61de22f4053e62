//! Files that a person asked for, in their download folder. None that is there is written over.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use grapnel_core::error::{Code, Error, Result};
use tauri::{AppHandle, Manager};

/// Longer names are cut: file systems take 255 bytes, and a number may follow.
const LONGEST: usize = 80;

/// Writes a new file, and answers with its path.
pub(crate) async fn save(app: &AppHandle, name: &str, extension: &str, bytes: Vec<u8>) -> Result<String> {
    let folder = app.path().download_dir().or_else(|_| app.path().home_dir());
    let folder = folder.map_err(|error| unsaved(&error.to_string()))?;
    let (name, extension) = (plain(name), extension.to_owned());
    let written = tokio::task::spawn_blocking(move || write_new(&folder, &name, &extension, &bytes)).await;
    let written = written.map_err(|_| unsaved("writing was broken off"))?;
    written.map(|path| path.display().to_string()).map_err(|error| unsaved(&error.to_string()))
}

fn write_new(folder: &Path, name: &str, extension: &str, bytes: &[u8]) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let mut number = 1;
    loop {
        let counted = if number == 1 { name.to_owned() } else { format!("{name} ({number})") };
        let path = folder.join(format!("{counted}.{extension}"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(bytes)?;
                return file.sync_all().map(|()| path);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error),
        }
    }
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
    use super::{plain, write_new};

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
        let write = |text: &str| write_new(folder.path(), "acme", "toml", text.as_bytes()).unwrap();
        let (first, second) = (write("1"), write("2"));
        assert_eq!(std::fs::read_to_string(first).unwrap(), "1");
        assert!(second.ends_with("acme (2).toml"));
    }
}
