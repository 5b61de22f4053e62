//! Leaving: the window goes at once, the program when nothing is on its way that would be lost; where it is in the tray
//! it stays. Nothing hurries that: neither Quit once more nor a signal.

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

/// How far the program is on its way out.
#[derive(Default)]
pub(crate) struct Leaving {
    has_begun: AtomicBool,
    /// Whether another Grapnel takes its place, because the page of this one did not begin.
    for_another: AtomicBool,
    /// Whether nothing is on its way any more.
    may_end: AtomicBool,
}

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
    let leaving = app.state::<Leaving>();
    if leaving.may_end.load(Ordering::Relaxed) {
        return;
    }
    api.prevent_exit();
    if !leaving.has_begun.swap(true, Ordering::Relaxed) {
        tauri::async_runtime::spawn(leave(app.clone()));
    }
}

async fn leave(app: AppHandle) {
    // From now on a further start is a Grapnel of its own.
    #[cfg(target_os = "linux")]
    if let Some(place) = app.try_state::<crate::instance::Place>() {
        place.release();
    }
    #[cfg(target_os = "linux")]
    if !app.state::<Leaving>().for_another.load(Ordering::Relaxed) {
        app.state::<window::drawing::Drawing>().began();
    }
    app.state::<Clipboard>().clear();
    window::hide(&app);
    if let Some(core) = app.state::<Shell>().opened() {
        let _is_idle = tokio::time::timeout(PATIENCE, core.idle()).await;
        // The process ends without closing the database, whose log would stay beside it.
        core.merge_log();
    }
    app.state::<Leaving>().may_end.store(true, Ordering::Relaxed);
    app.exit(0);
}

/// Leaves, for another Grapnel. It begins at once, and does as this one was started to.
#[cfg(target_os = "linux")]
pub(crate) fn start_anew(app: &AppHandle) {
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
            app.state::<Leaving>().for_another.store(true, Ordering::Relaxed);
            app.exit(0);
        }
        Err(error) => tracing::error!(%error, "Grapnel could not start anew"),
    }
}

/// Leaves when the session ends, or the terminal that started the program goes or interrupts it.
#[cfg(unix)]
pub(crate) fn on_signals(app: &AppHandle) {
    use tokio::signal::unix::{SignalKind, signal};

    for kind in [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()] {
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

#[cfg(not(unix))]
pub(crate) fn on_signals(_: &AppHandle) {}
