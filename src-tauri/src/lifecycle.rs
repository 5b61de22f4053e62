//! Shutdown. The window is hidden at once; the process exits when no token request is in flight and every callback is
//! handled. A second Quit or a signal does not shorten that. With a tray icon, closing the window only hides it.
//!
//! Where the system ends the program (macOS: *Quit* in the Dock, logout; Windows: logoff, an installer), it requests no
//! exit: the event loop ends at once, and its last event waits for the same.

use std::time::Duration;

use tauri::{AppHandle, Manager, RunEvent, WindowEvent};

use crate::clipboard::Clipboard;
use crate::core_handle::CoreHandle;
use crate::desktop_integration::tray::Tray;
use crate::shutdown::Shutdown;
use crate::window;

/// How long the shutdown waits for token requests and callbacks in flight.
const MAX_SHUTDOWN_WAIT: Duration = Duration::from_secs(40);

/// How often the shutdown checks whether the last callbacks are handled.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

pub(crate) fn on_event(app: &AppHandle, event: RunEvent) {
    // Also when it loses the focus: the end of a session sends no event to the window.
    if let RunEvent::WindowEvent {
        event: WindowEvent::CloseRequested { .. } | WindowEvent::Focused(false),
        ..
    } = &event
    {
        window::save_geometry(app);
    }
    #[cfg(target_os = "macos")]
    match &event {
        // A click on the icon in the Dock, or on a notification.
        RunEvent::Reopen { .. } => window::show(app),
        // Links of the private-use scheme. The one that starts the program arrives before its setup.
        RunEvent::Opened { urls } => urls.iter().for_each(|url| receive(app, url)),
        _ => {}
    }
    if let RunEvent::WindowEvent { event: WindowEvent::CloseRequested { api, .. }, .. } = &event
        && app.state::<Tray>().is_visible()
    {
        api.prevent_close();
        window::hide(app);
    }
    let shutdown = app.state::<Shutdown>();
    if shutdown.is_finished() {
        return;
    }
    match event {
        RunEvent::ExitRequested { api, .. } => {
            api.prevent_exit();
            if !shutdown.begin() {
                // From now on, another start of the program becomes the first instance. Only this thread can release
                // its window.
                #[cfg(windows)]
                tauri_plugin_single_instance::destroy(app);
                tauri::async_runtime::spawn(shut_down(app.clone()));
            }
        }
        // The process ends once this returns, or earlier if the system does not wait for that long.
        RunEvent::Exit => {
            app.state::<Clipboard>().clear();
            tauri::async_runtime::block_on(complete_requests(app));
        }
        _ => {}
    }
}

#[cfg(target_os = "macos")]
fn receive(app: &AppHandle, url: &tauri::Url) {
    let (app, address, delay) = (app.clone(), url.as_str().into(), app.state::<Shutdown>().delay());
    tauri::async_runtime::spawn(async move {
        crate::callback::receive(&app, address).await;
        drop(delay);
    });
}

async fn shut_down(app: AppHandle) {
    #[cfg(target_os = "linux")]
    if !app.state::<Shutdown>().is_handed_over() {
        app.state::<window::rendering::Rendering>().clear_marker();
    }
    // From now on, another start of the program becomes the first instance.
    #[cfg(unix)]
    if let Some(instance) = app.try_state::<crate::instance::Instance>() {
        instance.release();
    }
    app.state::<Clipboard>().clear();
    window::hide(&app);
    complete_requests(&app).await;
    app.state::<Shutdown>().finish();
    app.exit(0);
}

/// Waits until no token request is in flight and every callback is handled.
async fn complete_requests(app: &AppHandle) {
    let _ = tokio::time::timeout(MAX_SHUTDOWN_WAIT, async {
        while app.state::<Shutdown>().has_pending_starts() {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        if let Some(core) = app.state::<CoreHandle>().opened() {
            core.idle().await;
        }
    })
    .await;
    if let Some(core) = app.state::<CoreHandle>().opened() {
        // The process exits without closing the database, which would leave its write-ahead log behind.
        core.checkpoint();
    }
}

/// Shuts down on SIGTERM, SIGHUP and SIGINT: the session ends, or the terminal closes or interrupts the program.
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
                Err(error) => {
                    tracing::warn!(%error, "this signal will end the program without a clean shutdown");
                }
            }
        });
    }
}

/// Whether the program was started with this signal ignored, as by `nohup`.
#[cfg(unix)]
fn is_ignored(kind: tokio::signal::unix::SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (kind.as_raw_value() - 1) & 1 == 1
}

#[cfg(not(unix))]
pub(crate) fn on_signals(_: &AppHandle) {}
