//! The token agent: a running window or `grapnel agent` hands out tokens over a Unix socket in the data directory, or a
//! named pipe on Windows, with the vault key in its memory. `grapnel token` uses a binary protocol, and opens the vault
//! itself if it gets no token; other programs use a line protocol, for which the agent refreshes.

mod activity_log;
mod derived;
#[cfg(all(target_os = "linux", any(test, feature = "fuzz")))]
pub(crate) mod fuzz;
mod line_protocol;
mod options;
mod peer;
mod process;
mod response;
mod server;
mod transport;

pub(crate) use activity_log::{log_derived_token, log_hand_out, log_id_token};
pub(crate) use derived::ask_derived;
pub(crate) use grapnel_token_client::transport::runs;
pub use grapnel_token_client::{AgentRequest, ask};
pub use options::{AgentOptions, AgentState};
pub use process::requesting_process;
pub(crate) use server::serve;
