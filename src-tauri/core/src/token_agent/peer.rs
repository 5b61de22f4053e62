//! The process that a token is for: the parent of `grapnel`, which only passes the token on, or else the client itself.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod process_table;

use std::env::consts::EXE_SUFFIX;
use std::path::PathBuf;

#[cfg(target_os = "linux")]
pub(super) use linux::Peer;
#[cfg(not(target_os = "linux"))]
pub(super) use process_table::Peer;

/// The executables of the command line: the front program that asks the agent, and the one that it executes otherwise.
const COMMAND_LINE: [&str; 2] = ["grapnel", "grapnel-cli"];

/// The command-line programs of this build. Cargo places tests one directory deeper.
fn command_line() -> impl Iterator<Item = PathBuf> {
    let directory = std::env::current_exe().ok().and_then(|this| {
        let directory = this.parent()?;
        let directory = if directory.ends_with("deps") { directory.parent()? } else { directory };
        Some(directory.to_owned())
    });
    let programs =
        move |directory: PathBuf| COMMAND_LINE.map(|name| directory.join(format!("{name}{EXE_SUFFIX}")));
    directory.map(programs).into_iter().flatten()
}
