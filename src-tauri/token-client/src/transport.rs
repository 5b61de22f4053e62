//! The connection to the token agent: a Unix socket, or a named pipe on Windows.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::{Stream, exchange, request, runs};
#[cfg(windows)]
pub use windows::{Stream, exchange, request, runs};
