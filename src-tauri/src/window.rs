//! The one window: made hidden, and shown once its page is there.

#[cfg(target_os = "linux")]
pub(crate) mod drawing;
pub(crate) mod place;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use grapnel_model::id::ConnectionId;
use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::{AppHandle, Manager, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder};
use tauri_specta::Event as _;

use crate::bindings::Asked;

const NAME: &str = "main";
/// If the page has not loaded by then, an empty window tells more than none.
const LATEST: Duration = Duration::from_secs(3);

/// Makes the window; `at_once` shows it as soon as there is something to see.
pub(crate) fn open(app: &AppHandle, at_once: bool) -> tauri::Result<()> {
    // Whether the start has shown it: who hid it since then is not to see it again.
    let started = Arc::new(AtomicBool::new(!at_once));
    let loaded = Arc::clone(&started);
    let window = WebviewWindowBuilder::new(app, NAME, WebviewUrl::default())
        .title("Grapnel")
        .inner_size(place::FIRST.0.into(), place::FIRST.1.into())
        .min_inner_size(480.0, 400.0)
        .visible(false)
        // The page is Grapnel's own, and goes nowhere else.
        .on_navigation(is_own)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_page_load(move |window, load| {
            if load.event() == PageLoadEvent::Finished && !loaded.swap(true, Ordering::Relaxed) {
                let _ = window.show();
            }
        });
    place::restore(app, window).build()?;
    if !at_once {
        return Ok(());
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(LATEST).await;
        if !started.swap(true, Ordering::Relaxed)
            && let Some(window) = app.get_webview_window(NAME)
        {
            let _ = window.show();
        }
    });
    Ok(())
}

fn is_own(url: &Url) -> bool {
    url.scheme() == "tauri"
        || url.host_str() == Some("tauri.localhost")
        || (cfg!(dev) && url.host_str() == Some("127.0.0.1"))
}

/// The window, while there is one.
pub(crate) fn get(app: &AppHandle) -> Option<WebviewWindow> {
    app.get_webview_window(NAME)
}

/// Brings the window before the person's eyes.
pub(crate) fn show(app: &AppHandle) {
    let Some(window) = get(app) else { return };
    let shown = window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus());
    if let Err(error) = shown {
        tracing::warn!(%error, "the window could not be brought to the front");
    }
}

/// Brings the window before the person's eyes, at a connection where they asked for one.
pub(crate) fn show_about(app: &AppHandle, connection: Option<ConnectionId>) {
    show(app);
    if let Some(Err(error)) = connection.map(|id| Asked(id).emit(app)) {
        tracing::warn!(%error, "the window did not hear");
    }
}

/// Shows the window where it is hidden, and leaves it where it is seen.
pub(crate) fn show_if_hidden(app: &AppHandle) {
    if get(app).is_some_and(|window| window.is_visible().is_ok_and(|is_seen| !is_seen)) {
        show(app);
    }
}

/// Keeps where the window is, for the next start.
pub(crate) fn keep_place(app: &AppHandle) {
    if let Some(window) = get(app) {
        place::keep(app, &window);
    }
}

/// Takes the window from the person's eyes; all in it stays.
pub(crate) fn hide(app: &AppHandle) {
    let hidden = get(app).map(|window| window.hide());
    if let Some(Err(error)) = hidden {
        tracing::warn!(%error, "the window stays");
    }
}

/// Whether the person has the window before their eyes.
pub(crate) fn is_focused(app: &AppHandle) -> bool {
    get(app).is_some_and(|window| window.is_focused().unwrap_or(false))
}
