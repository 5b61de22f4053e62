//! Asking the token agent for an access token: its binary protocol, the client, and what a process needs besides. It is
//! a crate of its own so that the command `grapnel token` starts without the rest of the program.

#[cfg(target_os = "linux")]
mod client;
pub mod core_dumps;
#[cfg(not(target_os = "linux"))]
mod unsupported;
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "there is no token agent"))]
pub mod wire;

#[cfg(target_os = "linux")]
pub use client::{answer, ask};
#[cfg(not(target_os = "linux"))]
pub use unsupported::ask;
pub use wire::AgentRequest;
