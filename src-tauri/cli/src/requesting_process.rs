//! The process that requests a token: the one that started this one.

use grapnel_core::Grapnel;
use grapnel_core::token_agent::requesting_process;
use grapnel_model::connection::Summary;

/// Logs in the activity that this process was given a connection's token. It has the token by then, so a failure to log
/// this is only traced.
pub(crate) fn log_hand_out(grapnel: &Grapnel, connection: &Summary) {
    if let Err(error) = grapnel.token_handed_out(connection, &requesting_process(pid())) {
        tracing::info!(%error, "the activity log entry could not be written");
    }
}

/// Logs in the activity that this process was given a connection's ID token.
pub(crate) fn log_id_token(grapnel: &Grapnel, connection: &Summary) {
    if let Err(error) = grapnel.id_token_handed_out(connection, &requesting_process(pid())) {
        tracing::info!(%error, "the activity log entry could not be written");
    }
}

/// Logs in the activity that this process was given a token that token exchange derived from a connection's.
pub(crate) fn log_derived_token(grapnel: &Grapnel, connection: &Summary) {
    if let Err(error) = grapnel.derived_token_handed_out(connection, &requesting_process(pid())) {
        tracing::info!(%error, "the activity log entry could not be written");
    }
}

/// The process that started this one.
#[cfg(unix)]
fn pid() -> u32 {
    std::os::unix::process::parent_id()
}

/// This process itself, if the system does not tell its parent.
#[cfg(not(unix))]
fn pid() -> u32 {
    std::process::id()
}
