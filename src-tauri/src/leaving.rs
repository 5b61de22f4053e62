//! Leaving: the window goes at once, the program when nothing is on its way that would be lost.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tauri::{AppHandle, Manager, RunEvent};

use crate::clipboard::Clipboard;
use crate::shell::Shell;

/// The longest that a code or a refresh token may be on its way.
const PATIENCE: Duration = Duration::from_secs(40);
static LEAVING: AtomicBool = AtomicBool::new(false);

pub(crate) fn on_event(app: &AppHandle, event: RunEvent) {
    let RunEvent::ExitRequested { api, .. } = event else { return };
    if LEAVING.swap(true, Ordering::Relaxed) {
        return;
    }
    api.prevent_exit();
    app.state::<Clipboard>().clear();
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        if let Some(core) = app.state::<Shell>().opened() {
            let _ = tokio::time::timeout(PATIENCE, core.idle()).await;
        }
        app.exit(0);
    });
}
