//! Archive files: readable by the owner only, written atomically, and overwriting an existing file only on request.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use grapnel_model::error::{Code, Error, Result, io_error_text};
use grapnel_model::secret::SecretString;
use tempfile::NamedTempFile;

use super::encryption;
use crate::archive_document::{self, Archive, invalid};

/// The largest file that is read in bytes: enough for 10,000 connections with long tokens.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Writes an archive. With `force`, replaces an existing file.
pub(super) fn write(path: &Path, sealed: &[u8], force: bool) -> Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let written = || {
        // Created with mode 0600.
        let mut file = NamedTempFile::new_in(directory)?;
        file.write_all(sealed)?;
        file.as_file().sync_all()?;
        let kept = if force { file.persist(path) } else { file.persist_noclobber(path) };
        kept.map_err(|error| error.error)?;
        #[cfg(unix)]
        File::open(directory)?.sync_all()?;
        Ok(())
    };
    written().map_err(|error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => already_exists(path),
        _ => unwritable(path, &error),
    })
}

/// Fails early if the file exists and `force` is not set.
pub(super) fn is_free(path: &Path, force: bool) -> Result<()> {
    if !force && fs::symlink_metadata(path).is_ok() { Err(already_exists(path)) } else { Ok(()) }
}

/// Reads and decrypts an archive on a blocking thread. Takes a good part of a second.
pub(crate) async fn open(path: PathBuf, passphrase: SecretString) -> Result<Archive> {
    let opened = tokio::task::spawn_blocking(move || {
        let sealed = read(&path)?;
        archive_document::parse(&encryption::open(&sealed, &passphrase)?)
    });
    opened.await.map_err(|_| Error::new(Code::Internal, "Reading the file was interrupted."))?
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let mut sealed = Vec::new();
    let file = File::open(path).and_then(|file| {
        // Reading a pipe or a device could block forever.
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a file")) }
    });
    file.and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut sealed))
        .map_err(|error| unreadable(path, &error))?;
    if sealed.len() as u64 > MAX_FILE_BYTES {
        return Err(invalid("This file is larger than any that Grapnel exports."));
    }
    Ok(sealed)
}

fn already_exists(path: &Path) -> Error {
    Error::input("file", format!("There is already a file “{}”.", path.display()))
        .means("It was left as it is.")
        .hint("Choose another name, or say that it may be replaced (--force).")
}

fn unwritable(path: &Path, error: &io::Error) -> Error {
    Error::new(
        Code::DataUnwritable,
        format!("“{}” cannot be written: {}.", path.display(), io_error_text(error)),
    )
    .means("Nothing was exported, and nothing was changed here.")
    .hint("Choose a place that you can write to.")
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    Error::new(Code::NotFound, format!("“{}” cannot be read: {}.", path.display(), io_error_text(error)))
        .means("Nothing was imported.")
        .hint("Choose a file that is there.")
}
