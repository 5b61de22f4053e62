//! Windows: the command is a child, and Ctrl-C reaches it through the console.

use std::process::{Command, ExitStatus};

use grapnel_model::error::{Code, Error, Result};
use tokio::signal::windows::{CtrlC, ctrl_c};

use crate::exit::Exit;

/// Runs the command, and waits for it, also after Ctrl-C, which the command may handle.
pub(super) fn run(command: &mut Command) -> std::io::Result<Exit> {
    let _caught = ctrl_c()?;
    command.status().map(exit)
}

/// The exit code; 1 if it does not fit this program's own.
pub(super) fn exit(status: ExitStatus) -> Exit {
    match status.code().map(u8::try_from) {
        Some(Ok(code)) => Exit::Command(code),
        _ => Exit::Failed,
    }
}

/// Ctrl-C, which the command receives too.
pub(in crate::exec) struct Signals(CtrlC);

impl Signals {
    /// From now on Ctrl-C does not end this process.
    pub(in crate::exec) fn listen() -> Result<Self> {
        ctrl_c().map(Self).map_err(|error| {
            Error::new(Code::Internal, format!("Ctrl-C cannot be received: {error}."))
                .means("Nothing was run.")
        })
    }

    /// The next Ctrl-C.
    pub(super) async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending().await
        }
    }

    /// Does nothing: the console has already delivered Ctrl-C to the command.
    pub(super) fn forward_signal((): (), _: Option<u32>) {}
}
