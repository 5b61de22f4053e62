//! The token agent: a running window hands out valid tokens to `grapnel token` over a Unix socket in the data
//! directory, using the key in its memory. Whatever it cannot hand out at once is left to the caller. Linux only: there
//! the keyring signals when it is locked, and does not distinguish which program reads it.

mod activity_log;
#[cfg(target_os = "linux")]
mod client;
#[cfg(all(target_os = "linux", any(test, feature = "fuzz")))]
pub(crate) mod fuzz;
#[cfg(target_os = "linux")]
mod peer;
mod process;
#[cfg(target_os = "linux")]
mod response;
#[cfg(target_os = "linux")]
mod server;
#[cfg(not(target_os = "linux"))]
mod unsupported;
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "nothing is said where nobody answers"))]
mod wire;

pub(crate) use activity_log::note;
#[cfg(target_os = "linux")]
pub use client::ask;
pub use process::requesting_process;
#[cfg(target_os = "linux")]
pub(crate) use server::serve;
#[cfg(not(target_os = "linux"))]
pub use unsupported::ask;
#[cfg(not(target_os = "linux"))]
pub(crate) use unsupported::serve;
pub use wire::AgentRequest;
