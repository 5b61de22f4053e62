//! The programs of the command line, which pass a token on.

use std::env::consts::EXE_SUFFIX;
use std::path::PathBuf;

/// The executables of the command line: the front program that asks the agent, and the one that it executes otherwise.
const COMMAND_LINE: [&str; 2] = ["grapnel", "grapnel-cli"];

/// The command-line programs of this build. Cargo places tests one directory deeper.
pub(super) fn command_line() -> impl Iterator<Item = PathBuf> {
    let directory = std::env::current_exe().ok().and_then(|this| {
        let directory = this.parent()?;
        let directory = if directory.ends_with("deps") { directory.parent()? } else { directory };
        Some(directory.to_owned())
    });
    let programs =
        move |directory: PathBuf| COMMAND_LINE.map(|name| directory.join(format!("{name}{EXE_SUFFIX}")));
    directory.map(programs).into_iter().flatten()
}
