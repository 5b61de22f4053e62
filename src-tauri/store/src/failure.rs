//! The errors of the database for the person.

use grapnel_model::error::{Code, Error};
use rusqlite::ErrorCode;

use crate::filesystem;

/// The files that a backup must contain.
pub const BACKUP_FILES: &str =
    "grapnel.db (with grapnel.db-wal and grapnel.db-shm, where they are beside it)";

/// The error for a failed database operation.
pub(crate) fn failed(error: &rusqlite::Error) -> Error {
    tracing::warn!(%error, "the database failed");
    if cannot_lock(error) {
        return Error::new(Code::DataUnwritable, format!("Grapnel’s database cannot be locked: {error}."))
            .means("What was stored before is as it was.")
            .hint(filesystem::NO_LOCKS);
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Error::new(Code::DataBusy, "Another program holds Grapnel’s database.")
                .means("Nothing was changed.")
                .hint("Close that program (a backup, perhaps), then try again.")
        }
        Some(
            ErrorCode::ReadOnly
            | ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::SystemIoFailure
            | ErrorCode::DiskFull,
        ) => Error::new(Code::DataUnwritable, format!("Grapnel’s database cannot be written: {error}."))
            .means("What was stored before is as it was.")
            .hint("Look whether the disk is full, or the data directory belongs to someone else."),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => damaged(),
        None if is_unreadable(error) => damaged(),
        _ => Error::new(Code::Internal, format!("The database refused what Grapnel asked of it: {error}."))
            .means("Nothing was changed.")
            .hint("Try again. If it stays so, look at the diagnostics."),
    }
}

/// Whether the file system supports no locks or no shared memory.
fn cannot_lock(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi;
    let of_locks = [
        ffi::SQLITE_IOERR_RDLOCK,
        ffi::SQLITE_IOERR_UNLOCK,
        ffi::SQLITE_IOERR_LOCK,
        ffi::SQLITE_IOERR_SHMOPEN,
        ffi::SQLITE_IOERR_SHMSIZE,
        ffi::SQLITE_IOERR_SHMLOCK,
        ffi::SQLITE_IOERR_SHMMAP,
    ];
    error.sqlite_error().is_some_and(|error| {
        error.code == ErrorCode::FileLockingProtocolFailed || of_locks.contains(&error.extended_code)
    })
}

/// Whether a row has a value that Grapnel does not write.
fn is_unreadable(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType};
    matches!(error, FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..))
}

/// The error for a database that is damaged.
pub(crate) fn damaged() -> Error {
    Error::new(Code::DataDamaged, "Grapnel’s database is damaged.")
        .means("It was left as it is; nothing in it was changed.")
        .hint(format!(
            "Bring back {BACKUP_FILES} from a backup. To start with empty data instead, move them away."
        ))
}
