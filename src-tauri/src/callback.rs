//! Receives callbacks by deep link. The operating system passes them as an argument to a new process. That process
//! hands them to the running instance, or, if it is the first, to a copy of itself by standard input, so that no
//! argument list holds the code.

use std::time::{Duration, Instant};

use grapnel_model::error::Code;
use grapnel_model::secret::{ExposeSecret, SecretString};
use parking_lot::Mutex;
use tauri::{AppHandle, Manager};

#[cfg(target_os = "linux")]
use crate::arguments::{self, Arguments};
use crate::core_handle::CoreHandle;
use crate::deep_link_self_test::SelfTest;
use crate::window;

/// Starts a copy of this process that reads the callback from standard input, and exits: every account of this computer
/// can read the arguments of a running program. Returns if the copy cannot be started; the callback then remains in the
/// arguments.
#[cfg(target_os = "linux")]
pub(crate) fn keep_out_of_arguments(callback: &SecretString, arguments: &Arguments) {
    use std::io::Write;
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    let start = || {
        let mut next = Command::new(crate::program::path()?);
        next.arg(arguments::ON_STDIN).args(arguments.options());
        // A new process instead of `exec`: a launcher that waits for this process has the callback in its own
        // arguments.
        let mut next = next.stdin(Stdio::piped()).process_group(0).spawn()?;
        next.stdin.take().map_or(Ok(()), |mut input| input.write_all(callback.expose_secret().as_bytes()))
    };
    match start() {
        Ok(()) => std::process::exit(0),
        Err(error) => tracing::warn!(%error, "the callback remains in the argument list"),
    }
}

/// The shortest interval between two refused callbacks that raise the window: any web page and any program can send
/// them.
const RAISE_INTERVAL: Duration = Duration::from_secs(60);

/// When a refused callback last raised the window.
#[derive(Default)]
pub(crate) struct RaiseLimiter(Mutex<Option<Instant>>);

impl RaiseLimiter {
    /// Whether a refused callback at `now` may raise the window.
    fn allows(&self, now: Instant) -> bool {
        let mut last = self.0.lock();
        let allows = last.is_none_or(|last| now.duration_since(last) >= RAISE_INTERVAL);
        if allows {
            *last = Some(now);
        }
        allows
    }
}

/// Passes a callback to the core. The window is raised when its sign-in continues.
pub(crate) async fn receive(app: &AppHandle, address: SecretString) {
    if app.state::<SelfTest>().take(address.expose_secret()) {
        return;
    }
    let received = match app.state::<CoreHandle>().core().await {
        Ok(core) => core.receive_callback(&address).await,
        Err(error) => Err(error),
    };
    match received {
        Ok(()) => {}
        Err(error) if error.code == Code::AccessDenied => tracing::info!("the person denied access"),
        Err(error) => {
            if app.state::<RaiseLimiter>().allows(Instant::now()) {
                window::show(app);
            }
            tracing::warn!(code = ?error.code, "a callback was refused: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_callbacks_raise_the_window_once_a_minute() {
        let (raised, start) = (RaiseLimiter::default(), Instant::now());
        let seconds = [0, 1, 59, 60, 61, 119, 120];
        let up: Vec<u64> = seconds
            .into_iter()
            .filter(|second| raised.allows(start + Duration::from_secs(*second)))
            .collect();
        assert_eq!(up, [0, 60, 120]);
    }
}
