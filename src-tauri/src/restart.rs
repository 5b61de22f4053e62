//! Restarts the program with the arguments of this process.

use std::ffi::OsStr;
use std::process::Command;

use tauri::{AppHandle, Manager};

use crate::arguments::ON_STDIN;
use crate::instance::Instance;
use crate::shutdown::Shutdown;

/// Starts the program again with another environment variable, and exits. If the start fails, this process continues.
pub(crate) fn restart(app: &AppHandle, (name, value): (&str, &str)) {
    if let Some(instance) = app.try_state::<Instance>() {
        instance.release();
    }
    // This process has already received its callback.
    let arguments = std::env::args_os().skip(1).filter(|argument| argument != OsStr::new(ON_STDIN));
    let next = crate::program::path()
        .and_then(|program| Command::new(program).args(arguments).env(name, value).spawn());
    match next {
        Ok(_) => {
            app.state::<Shutdown>().hand_over();
            app.exit(0);
        }
        Err(error) => tracing::error!(%error, "Grapnel could not restart"),
    }
}
