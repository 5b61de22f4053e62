//! The program that is started at login.

use std::io;

/// The path of this program, as text.
pub(super) fn program() -> io::Result<String> {
    let program = crate::program::path()?.into_os_string().into_string();
    program.map_err(|_| io::Error::other("this program’s path is not UTF-8"))
}
