//! Systems without systemd.

use grapnel_model::error::{Code, Error, Result};
use jiff::Timestamp;
use serde::Serialize;

use crate::print::CommandResult;

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "on Linux, a socket that is passed on may be unusable")]
pub(super) fn activated_sockets() -> Result<Vec<std::os::unix::net::UnixListener>> {
    Ok(Vec::new())
}

#[expect(clippy::unnecessary_wraps, reason = "on Linux, the service manager may not be reached")]
pub(super) fn notify_ready() -> Result<()> {
    Ok(())
}

pub(super) fn notify_stopping() {}

/// No unit files.
#[derive(Serialize)]
pub(super) struct ServiceUnits;

impl CommandResult for ServiceUnits {
    fn text(&self, _: Timestamp) -> String {
        String::new()
    }
}

pub(super) fn install() -> Result<ServiceUnits> {
    Err(no_systemd())
}

pub(super) fn uninstall() -> Result<ServiceUnits> {
    Err(no_systemd())
}

fn no_systemd() -> Error {
    Error::new(
        Code::Internal,
        "The token agent is a service of systemd, which this operating system does not have.",
    )
    .means("Nothing was installed.")
    .hint("Start it in the foreground: grapnel agent")
}
