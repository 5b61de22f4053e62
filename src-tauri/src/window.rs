//! The one window: made hidden, and shown once its page is there.

#[cfg(target_os = "linux")]
pub(crate) mod drawing;
pub(crate) mod place;
#[cfg(target_os = "linux")]
mod present_linux;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use grapnel_model::id::ConnectionId;
use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::{AppHandle, Manager, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder};
use tauri_specta::Event as _;

use crate::events::Asked;

const NAME: &str = "main";
/// If the page has not loaded by then, an empty window tells more than none.
const LATEST: Duration = Duration::from_secs(3);

/// How long an activation token is kept: an exchange with the provider may come before the window is shown.
#[cfg(target_os = "linux")]
const GOOD_FOR: Duration = Duration::from_secs(40);

/// What the desktop gave for bringing the window to the front next, by the person's last act elsewhere: a desktop that
/// guards against windows that steal the focus asks for it.
#[derive(Default)]
pub(crate) struct Activation(Mutex<Option<(Instant, String)>>);

impl Activation {
    /// Keeps a token for the next time that the window is shown.
    pub(crate) fn keep(&self, token: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), token));
    }

    #[cfg(target_os = "linux")]
    fn take(&self) -> Option<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        kept.filter(|(since, _)| since.elapsed() < GOOD_FOR).map(|(_, token)| token)
    }
}

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
    let window = match app.path().app_local_data_dir().map(std::fs::create_dir_all) {
        Ok(Ok(())) => window,
        failed => {
            // The page keeps its theme and the like there, and does without; what is wrong with the data directory itself
            // is told in the page.
            tracing::warn!(?failed, "the window's own settings are not kept");
            window.incognito(true).data_directory(std::env::temp_dir())
        }
    };
    place::restore(app, window).build()?;
    #[cfg(target_os = "linux")]
    drawing::watch(app);
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
    // By such an address Windows has it: of that host, at no other port, where another program could listen.
    let is_hosted = matches!(url.scheme(), "http" | "https")
        && url.host_str() == Some("tauri.localhost")
        && url.port().is_none();
    url.scheme() == "tauri"
        || (cfg!(windows) && is_hosted)
        || (cfg!(dev) && url.host_str() == Some("127.0.0.1"))
}

/// The window, while there is one.
pub(crate) fn get(app: &AppHandle) -> Option<WebviewWindow> {
    app.get_webview_window(NAME)
}

/// Brings the window before the person's eyes.
pub(crate) fn show(app: &AppHandle) {
    let Some(window) = get(app) else { return };
    #[cfg(target_os = "linux")]
    let shown = present_linux::present(&window, app.state::<Activation>().take());
    #[cfg(not(target_os = "linux"))]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_goes_nowhere_else() {
        assert!(is_own(&"tauri://localhost/index.html".parse().unwrap()));
        for elsewhere in [
            "http://tauri.localhost:8080/",
            "https://tauri.localhost:8443/",
            "https://provider.example/",
            "http://127.0.0.1:4780/",
            "file:///etc/passwd",
            "data:text/html,x",
            "about:blank",
        ] {
            assert!(!is_own(&elsewhere.parse().unwrap()), "{elsewhere}");
        }
    }
}
