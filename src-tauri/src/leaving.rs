//! Leaving: the window goes at once, the program when nothing is on its way that would be lost; where it is in the tray
//! it stays. Nothing hurries that: neither Quit once more nor a signal.

use std::time::Duration;

use tauri::{AppHandle, Manager, RunEvent, WindowEvent};

#[cfg(target_os = "linux")]
use crate::beside::tray::Tray;
use crate::clipboard::Clipboard;
use crate::ending::Ending;
use crate::shell::Shell;
use crate::window;

/// The longest that a code or a refresh token may be on its way.
const PATIENCE: Duration = Duration::from_secs(40);

/// How often it is looked whether the last errands are done.
const LOOK: Duration = Duration::from_millis(20);

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
    let ending = app.state::<Ending>();
    if ending.is_finished() {
        return;
    }
    api.prevent_exit();
    if !ending.begin() {
        tauri::async_runtime::spawn(leave(app.clone()));
    }
}

async fn leave(app: AppHandle) {
    #[cfg(target_os = "linux")]
    if !app.state::<Ending>().is_handed_over() {
        app.state::<window::drawing::Drawing>().began();
    }
    // From now on a further start is a Grapnel of its own.
    #[cfg(target_os = "linux")]
    if let Some(place) = app.try_state::<crate::instance::Place>() {
        place.release();
    }
    app.state::<Clipboard>().clear();
    window::hide(&app);
    let _is_done = tokio::time::timeout(PATIENCE, async {
        while app.state::<Ending>().has_errands() {
            tokio::time::sleep(LOOK).await;
        }
        if let Some(core) = app.state::<Shell>().opened() {
            core.idle().await;
        }
    })
    .await;
    if let Some(core) = app.state::<Shell>().opened() {
        // The process ends without closing the database, whose log would stay beside it.
        core.merge_log();
    }
    app.state::<Ending>().finish();
    app.exit(0);
}

/// Leaves, for another Grapnel. It begins at once, and does as this one was started to.
#[cfg(target_os = "linux")]
pub(crate) fn restart(app: &AppHandle) {
    if let Some(place) = app.try_state::<crate::instance::Place>() {
        place.release();
    }
    // A callback that started this one is taken already.
    let is_callback = |argument: &std::ffi::OsString| argument == crate::arguments::ON_STDIN;
    let arguments = std::env::args_os().skip(1).filter(|argument| !is_callback(argument));
    let next = std::env::current_exe()
        .and_then(|program| std::process::Command::new(program).args(arguments).spawn());
    match next {
        Ok(_) => {
            app.state::<Ending>().hand_over();
            app.exit(0);
        }
        Err(error) => tracing::error!(%error, "Grapnel could not start anew"),
    }
}

/// Leaves when the session ends, or the terminal that started the program goes or interrupts it.
#[cfg(unix)]
pub(crate) fn on_signals(app: &AppHandle) {
    use tokio::signal::unix::{SignalKind, signal};

    let kinds = [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()];
    for kind in kinds.into_iter().filter(|kind| !is_ignored(*kind)) {
        let app = app.clone();
        tauri::async_runtime::spawn(async move {
            match signal(kind) {
                Ok(mut signal) => {
                    while signal.recv().await.is_some() {
                        app.exit(0);
                    }
                }
                Err(error) => tracing::warn!(%error, "a signal ends the program at once"),
            }
        });
    }
}

/// Whether who started the program wants it to outlive this signal, as `nohup` does.
#[cfg(unix)]
fn is_ignored(kind: tokio::signal::unix::SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (kind.as_raw_value() - 1) & 1 == 1
}

#[cfg(not(unix))]
pub(crate) fn on_signals(_: &AppHandle) {}
