//! The process that a token is for: the parent of `grapnel`, which only passes the token on, or else the client itself.

mod command_line;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod process_table;

#[cfg(target_os = "linux")]
pub(super) use linux::Peer;
#[cfg(not(target_os = "linux"))]
pub(super) use process_table::Peer;
