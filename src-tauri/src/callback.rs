//! The callback's way from the operating system to the core: by argument list into a new process, and from
//! there to the running one, or, if it is the first, by standard input into an image without arguments.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use grapnel_model::error::Code;
use grapnel_model::secret::{ExposeSecret, SecretString};
use tauri::plugin::{Builder, TauriPlugin};
use tauri::{AppHandle, Manager, Wry};
use tauri_plugin_deep_link::DeepLinkExt;

use crate::probe::Probe;
use crate::scheme::{self, SCHEME};
use crate::shell::Shell;
use crate::window;

/// The argument by which a second image of this program knows that the callback waits on its standard input.
const ON_STDIN: &str = "--callback-on-stdin";
/// The argument that starts the sandbox with the program.
const SANDBOX: &str = "--sandbox";

/// The argument of a start at login: no window, where there is a tray to find the program in.
pub(crate) const HIDDEN: &str = "--hidden";

/// What the program was started with.
pub(crate) struct Arguments {
    /// A callback that started the program.
    pub(crate) callback: Option<SecretString>,
    /// Whether to have the sandbox at hand.
    pub(crate) sandbox: bool,
    /// Whether to show no window.
    pub(crate) hidden: bool,
}

impl Arguments {
    /// What this process was started with.
    pub(crate) fn own() -> Self {
        let arguments: Vec<String> =
            std::env::args_os().map(|argument| argument.to_string_lossy().into()).collect();
        let mut read = Self::of(&arguments);
        if arguments.iter().any(|argument| argument == ON_STDIN) {
            read.callback = std::io::read_to_string(std::io::stdin()).ok().map(SecretString::from);
        }
        read
    }

    /// What a second start was given, of which this process is told.
    pub(crate) fn of(arguments: &[String]) -> Self {
        let given = arguments.get(1..).unwrap_or_default();
        Self {
            callback: given.iter().find(|argument| is_callback(argument)).map(|found| found.as_str().into()),
            sandbox: given.iter().any(|argument| argument == SANDBOX),
            hidden: given.iter().any(|argument| argument == HIDDEN),
        }
    }
}

/// A callback that starts the program is an argument, which anyone on the machine can read for as long as the
/// program runs. So this process makes place for another that gets it on its standard input. A plugin, because it
/// must come after single instance: where Grapnel already runs, the callback goes there and this process ends.
pub(crate) fn keep_out_of_arguments() -> TauriPlugin<Wry> {
    Builder::new("callback")
        .setup(|app, _| {
            let first = std::env::args_os().nth(1).map(|argument| argument.to_string_lossy().into_owned());
            if let Some(callback) = first.filter(|argument| is_callback(argument)) {
                make_place(app, &callback);
            }
            Ok(())
        })
        .build()
}

/// Does not come back, unless the system refuses: then the program goes on with the callback as it came.
#[cfg(unix)]
fn make_place(app: &AppHandle, callback: &str) {
    use std::io::Write;
    use std::os::unix::process::CommandExt;

    let prepare = || {
        let (reader, mut writer) = std::io::pipe()?;
        // A pipe holds this much before anyone reads; no true callback is longer.
        writer.write_all(&callback.as_bytes()[..callback.len().min(32 * 1024)])?;
        Ok((std::env::current_exe()?, reader))
    };
    let error = match prepare() {
        Ok((program, reader)) => {
            tauri_plugin_single_instance::destroy(app);
            // Not in its place: a launcher that waits for the program it started has the callback in its arguments.
            let next =
                std::process::Command::new(program).arg(ON_STDIN).stdin(reader).process_group(0).spawn();
            match next {
                Ok(_) => std::process::exit(0),
                Err(error) => error,
            }
        }
        Err(error) => error,
    };
    tracing::warn!(%error, "the callback stays an argument");
}

/// Nothing is to be done here: only the account itself can read the arguments.
#[cfg(not(unix))]
fn make_place(_: &AppHandle, _: &str) {}

fn is_callback(argument: &str) -> bool {
    argument.split_once(':').is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case(SCHEME))
}

/// Listens for callbacks that come while the program runs, and makes the system send them here.
pub(crate) fn listen(app: &AppHandle) {
    let handle = app.clone();
    app.deep_link().on_open_url(move |event| {
        for url in event.urls() {
            let app = handle.clone();
            tauri::async_runtime::spawn(async move { receive(&app, String::from(url).into()).await });
        }
    });
    let app = app.clone();
    std::thread::spawn(move || scheme::register(&app));
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
