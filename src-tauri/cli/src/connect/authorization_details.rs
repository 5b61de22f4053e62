//! The authorization details of one sign-in (RFC 9396), from the argument, a file or standard input.

use std::fs::File;
use std::io::Read;

use grapnel_model::authorization_details::AuthorizationDetails;
use grapnel_model::error::{Error, Result, io_error_text};

use crate::session::Session;

/// What is read of a file, in bytes: more than authorization details may have.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Reads the value of `--authorization-details`.
pub(super) fn read(session: &mut Session<'_>, argument: &str) -> Result<AuthorizationDetails> {
    match argument.strip_prefix('@') {
        None => AuthorizationDetails::parse(argument),
        Some("-") => AuthorizationDetails::parse(&session.input.all()?),
        Some(path) => {
            let mut text = String::new();
            let read = File::open(path).and_then(|file| file.take(MAX_FILE_BYTES).read_to_string(&mut text));
            read.map_err(|error| {
                let message = format!("“{path}” cannot be read: {}.", io_error_text(&error));
                Error::input("authorization_details", message).means("Nothing was sent.")
            })?;
            AuthorizationDetails::parse(&text)
        }
    }
}
