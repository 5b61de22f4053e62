//! Where the agent listens: a Unix socket, or a named pipe on Windows.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::{Listener, MAX_BINARY_BYTES, Stream, activated, binary_request, client, listen};
#[cfg(windows)]
pub(super) use windows::{Listener, MAX_BINARY_BYTES, Stream, activated, binary_request, client, listen};
