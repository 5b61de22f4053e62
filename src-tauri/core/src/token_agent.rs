//! The token agent: a running window or `grapnel agent` hands out tokens over a Unix socket in the data directory, with
//! the vault key in its memory. `grapnel token` uses a binary protocol, and opens the vault itself if it gets no token;
//! other programs use a line protocol, for which the agent refreshes. On Linux only: there the keyring signals when it
//! is locked, and does not distinguish which program reads it.

mod activity_log;
#[cfg(target_os = "linux")]
mod derived;
#[cfg(all(target_os = "linux", any(test, feature = "fuzz")))]
pub(crate) mod fuzz;
#[cfg(target_os = "linux")]
mod line_protocol;
mod options;
#[cfg(target_os = "linux")]
mod peer;
mod process;
#[cfg(target_os = "linux")]
mod response;
#[cfg(target_os = "linux")]
mod server;
#[cfg(not(target_os = "linux"))]
mod unsupported;

pub(crate) use activity_log::{log_derived_token, log_hand_out, log_id_token};
#[cfg(target_os = "linux")]
pub(crate) use derived::ask_derived;
pub use grapnel_token_client::{AgentRequest, ask};
pub use options::{AgentOptions, AgentState};
pub use process::requesting_process;
#[cfg(target_os = "linux")]
pub(crate) use server::{runs, serve};
#[cfg(not(target_os = "linux"))]
pub(crate) use unsupported::{ask_derived, runs, serve};
