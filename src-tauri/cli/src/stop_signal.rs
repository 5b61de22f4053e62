//! The signals that end a command which otherwise runs on.

use std::io;

use grapnel_model::error::{Code, Error, Result, io_error_text};

/// Completes at SIGTERM, SIGINT or SIGHUP, which are caught from the call on.
#[cfg(unix)]
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let catch = |kind| signal(kind).map_err(|error| not_caught(&error));
    let (mut terminate, mut interrupt) = (catch(SignalKind::terminate())?, catch(SignalKind::interrupt())?);
    // `nohup` ignores SIGHUP, so that the program outlives its terminal.
    let mut hang_up =
        if is_ignored(SignalKind::hangup()) { None } else { Some(catch(SignalKind::hangup())?) };
    Ok(async move {
        let terminal_closed = async {
            match &mut hang_up {
                Some(signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = terminal_closed => {}
        }
    })
}

/// Whether the program was started with this signal ignored. Known on Linux only.
#[cfg(unix)]
fn is_ignored(kind: tokio::signal::unix::SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (kind.as_raw_value() - 1) & 1 == 1
}

/// Completes at Ctrl+C, at Ctrl+Break, and when the console is closed or the computer shuts down, which are caught from
/// the call on.
#[cfg(windows)]
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()>> {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};

    let caught = || Ok((ctrl_c()?, ctrl_break()?, ctrl_close()?, ctrl_shutdown()?));
    let (mut interrupt, mut pause, mut close, mut shutdown) =
        caught().map_err(|error: io::Error| not_caught(&error))?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = pause.recv() => {}
            _ = close.recv() => {}
            _ = shutdown.recv() => {}
        }
    })
}

/// Does the work of a worker until such a signal. A refresh that has begun is completed at the end of the session.
pub(crate) async fn until_stopped<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let stopped = stop_signal()?;
    tokio::select! {
        done = work => done,
        () = stopped => Err(Error::new(Code::Cancelled, "The command was stopped by a signal.").means(
            "A refresh that had begun was completed, and the team has its tokens unless another error says so.",
        )),
    }
}

/// Does work that a signal does not end, since what it writes would be lost: each signal is answered.
pub(crate) async fn unstopped<T>(work: impl Future<Output = T>, answer: impl Fn()) -> T {
    let (mut work, listen) = (std::pin::pin!(work), || stop_signal().map(Box::pin));
    let Ok(mut stopped) = listen() else { return work.await };
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = &mut stopped => {
                // Listens again before the answer, so that the next signal gets one, too.
                let Ok(next) = listen() else { return work.await };
                stopped = next;
                answer();
            }
        }
    }
}

fn not_caught(error: &io::Error) -> Error {
    Error::new(Code::Internal, format!("Signals cannot be caught: {}.", io_error_text(error)))
        .means("Nothing was started.")
}
