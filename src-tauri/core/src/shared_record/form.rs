//! The parts of a record as JSON: their form, and the errors of those that are not understood.

use grapnel_model::error::{Code, Error, Result};
use serde::Deserialize;

/// The form of all parts.
pub(super) const FORM: u32 = 1;

/// Parses a part.
pub(super) fn parse<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Result<T> {
    #[derive(Deserialize)]
    struct Versioned {
        form: u32,
    }
    // The parser's own message could quote a secret.
    let versioned: Versioned = serde_json::from_slice(bytes).map_err(|_| unreadable())?;
    if versioned.form > FORM {
        return Err(from_newer());
    }
    serde_json::from_slice(bytes).map_err(|_| unreadable())
}

pub(super) fn from_newer() -> Error {
    Error::new(Code::DataNewer, "A newer Grapnel wrote this connection’s record in the team’s database.")
        .means("The tokens held here are kept as they are.")
        .hint("Update Grapnel on this computer.")
}

pub(super) fn unreadable() -> Error {
    Error::new(Code::DataDamaged, "This connection’s record in the team’s database cannot be understood.")
        .means("The tokens held here are kept as they are.")
        .hint("An owner can stop sharing it, and share it again.")
}
