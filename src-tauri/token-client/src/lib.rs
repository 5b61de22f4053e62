//! The token agent's binary protocol and client, and the prevention of core dumps. A crate of its own, so that the
//! command `grapnel token` starts without the rest of the program.

mod client;
pub mod core_dumps;
#[cfg(any(windows, test))]
pub mod pipe;
#[cfg(not(target_os = "linux"))]
pub mod process_table;
pub mod transport;
pub mod wire;

pub use client::{answer, ask};
pub use wire::AgentRequest;
