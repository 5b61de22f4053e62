//! The errors of a team in the words of Grapnel.

use grapnel_model::error::{Code, Error};
use grapnel_team::TeamError;

/// The error for the person.
pub(crate) fn told(error: &TeamError) -> Error {
    let code = match error {
        _ if error.is_unreachable() => Code::TeamUnreachable,
        TeamError::RolledBack { .. } | TeamError::TeamRolledBack { .. } | TeamError::Vanished { .. } => {
            Code::TeamRolledBack
        }
        TeamError::Forged { .. } => Code::TeamForged,
        TeamError::Removed | TeamError::NotOwner | TeamError::Forbidden | TeamError::OlderSchema { .. } => {
            Code::TeamRefused
        }
        TeamError::LockTimedOut | TeamError::LockLost | TeamError::Busy => Code::DataBusy,
        TeamError::Conflict => Code::TeamConflict,
        TeamError::NewerSchema { .. } => Code::DataNewer,
        TeamError::Internal { .. } => Code::Internal,
        _ => Code::InvalidInput,
    };
    let told = Error::new(code, error.to_string()).means(error.meaning());
    match error {
        // The sentence says what to correct.
        TeamError::Invalid(_) => told,
        _ => Error { field: field(error).map(str::to_owned), ..told }.hint(error.hint()),
    }
}

/// The field of the value to correct.
fn field(error: &TeamError) -> Option<&'static str> {
    match error {
        TeamError::InvalidUrl { .. } => Some("database_url"),
        TeamError::InvalidName | TeamError::NameTaken => Some("name"),
        TeamError::InvalidKey { .. } | TeamError::KeyTaken => Some("key"),
        _ => None,
    }
}

/// A record that was seen and is not there.
pub(super) fn vanished() -> Error {
    told(&TeamError::Vanished { what: "The connection’s record".to_owned() })
}

/// Another connection of the team has this name.
pub(super) fn name_taken(name: &str) -> Error {
    Error::input("name", format!("The team already shares a connection called “{name}”."))
        .means("Nothing was shared.")
        .hint("Rename the connection, then share it.")
}

/// The record lost its tokens, or is said to be no longer shared, and nobody who may has said so.
pub(super) fn not_ended(what: &str) -> Error {
    Error::new(Code::TeamForged, format!("The connection’s record in the team’s database {what}."))
        .means("The tokens on this computer are kept; nothing was taken from the database.")
        .hint(
            "Ask the database’s administrator. An owner can stop sharing the connection, and share it again from a \
             computer that has its tokens.",
        )
}
