//! The private-use URI scheme (RFC 8252 §7.1): finds the program that opens its links, and registers this program.

#[cfg(target_os = "linux")]
mod desktop_entry;
mod handler;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(any(windows, test))]
#[cfg_attr(not(windows), allow(dead_code, reason = "the tests run on every platform"))]
mod open_command;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
pub(crate) use desktop_entry::argument;
pub(crate) use handler::{Owner, SCHEME};
#[cfg(target_os = "linux")]
pub(crate) use linux::{owner, register};
#[cfg(target_os = "macos")]
pub(crate) use macos::{owner, register};
#[cfg(windows)]
pub(crate) use windows::{owner, register};
