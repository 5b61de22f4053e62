//! Archives: apps and connections in one file, encrypted with a passphrase, to move to another computer or to keep.

mod checks;
mod envelope;
mod file;
mod format;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod gather;
mod merge;

pub use format::Archive;
pub use gather::{Export, Exported};
pub use grapnel_store::vault::check_passphrase;
pub use merge::{Import, ImportOutcome, Imported, ImportedRecord, RecordKind};

pub(crate) use file::open;
pub(crate) use gather::export;
pub(crate) use merge::import;
