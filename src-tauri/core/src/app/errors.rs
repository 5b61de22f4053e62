//! Why an app is not added, changed or removed.

use grapnel_model::error::{Code, Error};

/// The meaning of an error about an entered value.
pub const NOT_ADDED: &str = "The app was not added; nothing was stored.";

pub(crate) fn being_connected() -> Error {
    Error::new(Code::InvalidInput, "This app is being connected right now.")
        .hint("Wait for the sign-in to end, then try again.")
}

pub(crate) fn taken(name: &str) -> Error {
    Error::input("name", format!("There is already an app called “{name}”.")).hint("Choose another name.")
}
