//! Unix: the command replaces this process, or is its child and gets its signals.

use std::io::ErrorKind;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};
use std::task::Poll;

use grapnel_model::error::{Code, Error, Result};
use rustix::process::{Pid, Signal as Number, getpgrp, kill_process};
use rustix::termios::tcgetpgrp;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::Exit;

/// The signals that end a program by default and that other processes send.
const FORWARDED_SIGNALS: [Number; 6] =
    [Number::HUP, Number::INT, Number::QUIT, Number::TERM, Number::USR1, Number::USR2];

/// Replaces this process with the command. Returns only if that fails.
pub(super) fn run(command: &mut Command) -> std::io::Result<Exit> {
    Err(command.exec())
}

/// The exit code as a shell reports it: 128 and the number of the signal that ended the command.
pub(super) fn exit(status: ExitStatus) -> Exit {
    let code = status.code().or_else(|| status.signal().map(|number| 128 + number));
    Exit::Command(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX))
}

/// The signals that are sent to this process.
pub(in crate::exec) struct Signals(Vec<(Number, Signal)>);

impl Signals {
    /// From now on these signals do not end this process.
    pub(in crate::exec) fn listen() -> Result<Self> {
        let listen = |number: &Number| {
            signal(SignalKind::from_raw(number.as_raw())).map(|signal| (*number, signal)).map_err(|error| {
                Error::new(Code::Internal, format!("Signals cannot be received: {error}."))
                    .means("Nothing was run.")
            })
        };
        FORWARDED_SIGNALS.iter().map(listen).collect::<Result<_>>().map(Self)
    }

    /// The next signal.
    pub(super) async fn next(&mut self) -> Number {
        std::future::poll_fn(|context| {
            for (number, signal) in &mut self.0 {
                if signal.poll_recv(context).is_ready() {
                    return Poll::Ready(*number);
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Sends a signal to the command, which has not been waited for yet.
    pub(super) fn forward_signal(signal: Number, pid: Option<u32>) {
        // The terminal sends Ctrl-C to the whole process group, so the command already has it.
        if (signal == Number::INT || signal == Number::QUIT) && is_in_foreground() {
            return;
        }
        let pid = pid.and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        if let Some(Err(error)) = pid.map(|pid| kill_process(pid, signal))
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(%error, "a signal could not be forwarded");
        }
    }
}

/// Whether this process is in the terminal's foreground process group.
fn is_in_foreground() -> bool {
    let terminal = std::fs::File::open("/dev/tty").ok();
    terminal.and_then(|terminal| tcgetpgrp(terminal).ok()) == Some(getpgrp())
}
