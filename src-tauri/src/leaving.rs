//! Leaving: the window goes at once, the program when nothing is on its way that would be lost; where it is in the tray
//! it stays. A start that failed leaves too, for another.

use std::process::{Command, exit};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tauri::{AppHandle, Manager, RunEvent, WindowEvent};

#[cfg(target_os = "linux")]
use crate::beside::tray::Tray;
use crate::clipboard::Clipboard;
use crate::shell::Shell;
use crate::window;

/// The longest that a code or a refresh token may be on its way.
const PATIENCE: Duration = Duration::from_secs(40);
/// How long another Grapnel may take to end.
const PAUSE: Duration = Duration::from_millis(700);
/// Set for a second start, so that there is no third.
const SECOND: &str = "GRAPNEL_SECOND_START";
static LEAVING: AtomicBool = AtomicBool::new(false);

pub(crate) fn on_event(app: &AppHandle, event: RunEvent) {
    // Whoever leaves it for something else may not come back: sessions end without a word to the window.
    if let RunEvent::WindowEvent {
        event: WindowEvent::CloseRequested { .. } | WindowEvent::Focused(false),
        ..
    } = &event
    {
        window::keep_place(app);
    }
    #[cfg(target_os = "linux")]
    if let RunEvent::WindowEvent { event: WindowEvent::CloseRequested { api, .. }, .. } = &event
        && app.state::<Tray>().is_seen()
    {
        api.prevent_close();
        window::hide(app);
    }
    let RunEvent::ExitRequested { api, .. } = event else { return };
    if LEAVING.swap(true, Ordering::Relaxed) {
        return;
    }
    api.prevent_exit();
    app.state::<Clipboard>().clear();
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let _idle = match app.state::<Shell>().opened() {
            Some(core) => tokio::time::timeout(PATIENCE, core.idle()).await.ok(),
            None => None,
        };
        // The process ends without closing the database, whose log would stay beside it.
        if let Some(core) = app.state::<Shell>().opened() {
            core.merge_log();
        }
        app.exit(0);
    });
}

/// A start that failed is tried once more by a process of its own, with the same arguments and standard input.
pub(crate) fn start_again(error: &tauri::Error) -> ! {
    tracing::error!(%error, "Grapnel did not start");
    if std::env::var_os(SECOND).is_none() {
        std::thread::sleep(PAUSE);
        let program = std::env::current_exe();
        let next = program
            .and_then(|it| Command::new(it).args(std::env::args_os().skip(1)).env(SECOND, "1").spawn());
        if next.is_ok() {
            exit(0);
        }
    }
    exit(1)
}
