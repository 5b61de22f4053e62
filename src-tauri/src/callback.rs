//! The callback's way from the operating system to the core: by argument list into a new process, and from
//! there to the running one, or, if it is the first, by standard input into an image without arguments.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use grapnel_model::error::Code;
use grapnel_model::secret::{ExposeSecret, SecretString};
use tauri::{AppHandle, Manager};

#[cfg(target_os = "linux")]
use crate::arguments::{self, Arguments};
use crate::probe::Probe;
use crate::shell::Shell;
use crate::window;

/// Has another image of this program take the callback on its standard input: arguments can be read by anyone on the
/// machine for as long as the program runs. Comes back where the system refuses; then the callback stays an argument.
#[cfg(target_os = "linux")]
pub(crate) fn keep_out_of_arguments(callback: &SecretString, arguments: &Arguments) {
    use std::io::Write;
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    let start = || {
        let mut next = Command::new(std::env::current_exe()?);
        next.arg(arguments::ON_STDIN).args(arguments.options());
        // Not in its place: a launcher that waits for the program it started has the callback in its arguments.
        let mut next = next.stdin(Stdio::piped()).process_group(0).spawn()?;
        next.stdin.take().map_or(Ok(()), |mut input| input.write_all(callback.expose_secret().as_bytes()))
    };
    match start() {
        Ok(()) => std::process::exit(0),
        Err(error) => tracing::warn!(%error, "the callback stays an argument"),
    }
}

/// How often a callback that is not accepted may bring the window up: any page and any program can send one.
const RAISE_INTERVAL: Duration = Duration::from_secs(60);

/// When a callback that was not accepted last brought the window up.
#[derive(Default)]
pub(crate) struct Raised(Mutex<Option<Instant>>);

impl Raised {
    /// Whether one that comes at `now` may.
    fn may(&self, now: Instant) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let may = last.is_none_or(|last| now.duration_since(last) >= RAISE_INTERVAL);
        if may {
            *last = Some(now);
        }
        may
    }
}

/// Takes a callback in. One that is accepted brings the person back to the window as its sign-in goes on.
pub(crate) async fn receive(app: &AppHandle, address: SecretString) {
    if app.state::<Probe>().take(address.expose_secret()) {
        return;
    }
    let received = match app.state::<Shell>().core().await {
        Ok(core) => core.receive_callback(&address).await,
        Err(error) => Err(error),
    };
    match received {
        Ok(()) => {}
        Err(error) if error.code == Code::AccessDenied => tracing::info!("the person said no"),
        Err(error) => {
            if app.state::<Raised>().may(Instant::now()) {
                window::show(app);
            }
            tracing::warn!(code = ?error.code, "a callback led to no connection: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callbacks_that_are_not_accepted_bring_the_window_up_once_a_minute() {
        let (raised, start) = (Raised::default(), Instant::now());
        let seconds = [0, 1, 59, 60, 61, 119, 120];
        let up: Vec<u64> =
            seconds.into_iter().filter(|second| raised.may(start + Duration::from_secs(*second))).collect();
        assert_eq!(up, [0, 60, 120]);
    }
}
