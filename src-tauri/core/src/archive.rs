//! Archives: apps and connections in one file, encrypted with a passphrase, as a backup or for moving to another
//! computer.

mod checks;
mod encryption;
mod export;
mod file;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod import;
mod replace;

pub use crate::archive_document::Archive;
pub use export::{Export, Exported};
pub use grapnel_store::vault::check_passphrase;
pub use import::{Import, ImportOutcome, Imported, ImportedRecord, RecordKind};

pub(crate) use export::export;
pub(crate) use file::open;
pub(crate) use import::{Source, import, import_and};
pub(crate) use replace::replace_app;
