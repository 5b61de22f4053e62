//! The token agent's binary protocol and client, and the prevention of core dumps. A crate of its own, so that the
//! command `grapnel token` starts without the rest of the program.

#[cfg(target_os = "linux")]
mod client;
pub mod core_dumps;
#[cfg(not(target_os = "linux"))]
mod unsupported;
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "there is no token agent"))]
pub mod wire;

#[cfg(target_os = "linux")]
pub use client::{answer, ask, connect};
#[cfg(not(target_os = "linux"))]
pub use unsupported::ask;
pub use wire::AgentRequest;
