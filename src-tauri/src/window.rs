//! The one window: created hidden, and shown once its page has loaded.

pub(crate) mod geometry;
#[cfg(target_os = "linux")]
mod present_linux;
#[cfg(target_os = "linux")]
pub(crate) mod rendering;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use grapnel_core::make_private_directory;
use grapnel_model::id::{AppId, ConnectionId};
use grapnel_model::text::clean_line;
use parking_lot::Mutex;
use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::{AppHandle, Manager, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder};
use tauri_specta::Event as _;

use crate::events::{AppRequested, ConnectionRequested};

const NAME: &str = "main";
/// The longest title, in characters.
const MAX_TITLE_LENGTH: usize = 200;
/// If the page has not loaded by then, an empty window is shown.
const SHOW_TIMEOUT: Duration = Duration::from_secs(3);

/// How long an activation token is usable: the code exchange may take place before the window is shown.
#[cfg(target_os = "linux")]
const ACTIVATION_LIFETIME: Duration = Duration::from_secs(40);

/// The desktop's activation token of the person's last action outside of the window. A desktop that prevents focus
/// stealing requires it for raising a window.
#[derive(Default)]
pub(crate) struct Activation(Mutex<Option<(Instant, String)>>);

impl Activation {
    /// Stores a token for the next time that the window is shown.
    pub(crate) fn set(&self, token: String) {
        *self.0.lock() = Some((Instant::now(), token));
    }

    #[cfg(target_os = "linux")]
    fn take(&self) -> Option<String> {
        let stored = self.0.lock().take();
        stored.filter(|(since, _)| since.elapsed() < ACTIVATION_LIFETIME).map(|(_, token)| token)
    }
}

/// Creates the window; `is_visible` shows it once its page has loaded.
pub(crate) fn open(app: &AppHandle, is_visible: bool) -> tauri::Result<()> {
    // Whether the start has shown it. A window that the person has hidden since then stays hidden.
    let started = Arc::new(AtomicBool::new(!is_visible));
    let loaded = Arc::clone(&started);
    let window = WebviewWindowBuilder::new(app, NAME, WebviewUrl::default())
        .title("Grapnel")
        .inner_size(geometry::DEFAULT_SIZE.0.into(), geometry::DEFAULT_SIZE.1.into())
        .min_inner_size(480.0, 400.0)
        .visible(false)
        // The page belongs to Grapnel and must not navigate anywhere else.
        .on_navigation(is_own)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_document_title_changed(|window, title| {
            if let Err(error) = window.set_title(&clean_title(&title)) {
                tracing::debug!(%error, "the window keeps its title");
            }
        })
        .on_page_load(move |window, load| {
            if load.event() == PageLoadEvent::Finished && !loaded.swap(true, Ordering::Relaxed) {
                let _ = window.show();
            }
        });
    let window = match app.path().app_local_data_dir().map(|path| make_private_directory(&path)) {
        Ok(Ok(())) => window,
        failed => {
            // The page stores its theme there, and works without. It reports a broken data directory itself.
            tracing::warn!(?failed, "the page cannot store its own settings");
            window.incognito(true).data_directory(std::env::temp_dir())
        }
    };
    geometry::restore(app, window).build()?;
    #[cfg(target_os = "linux")]
    {
        rendering::watch(app);
    }
    if !is_visible {
        return Ok(());
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(SHOW_TIMEOUT).await;
        if !started.swap(true, Ordering::Relaxed)
            && let Some(window) = app.get_webview_window(NAME)
        {
            let _ = window.show();
        }
    });
    Ok(())
}

/// The page's title for the window: one line, without the characters that change how the rest is shown. It contains
/// names from outside.
fn clean_title(title: &str) -> String {
    clean_line(title).chars().take(MAX_TITLE_LENGTH).collect()
}

fn is_own(url: &Url) -> bool {
    // On Windows the page has this host. Another program could listen at another port.
    let is_windows_page = matches!(url.scheme(), "http" | "https")
        && url.host_str() == Some("tauri.localhost")
        && url.port().is_none();
    url.scheme() == "tauri"
        || (cfg!(windows) && is_windows_page)
        || (cfg!(dev) && url.host_str() == Some("127.0.0.1"))
}

/// The window, while there is one.
pub(crate) fn get(app: &AppHandle) -> Option<WebviewWindow> {
    app.get_webview_window(NAME)
}

/// Raises the window.
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

/// What the window shows when it is raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A connection.
    Connection(ConnectionId),
    /// An app.
    App(AppId),
}

/// Raises the window, and shows its subject if one is given.
pub(crate) fn show_about(app: &AppHandle, subject: Option<Subject>) {
    show(app);
    let requested = subject.map(|subject| match subject {
        Subject::Connection(id) => ConnectionRequested(id).emit(app),
        Subject::App(id) => AppRequested(id).emit(app),
    });
    if let Some(Err(error)) = requested {
        tracing::warn!(%error, "an event did not reach the page");
    }
}

/// Shows the window if it is hidden; a visible one is not raised.
#[cfg(target_os = "linux")]
pub(crate) fn show_if_hidden(app: &AppHandle) {
    if get(app).is_some_and(|window| window.is_visible().is_ok_and(|is_visible| !is_visible)) {
        show(app);
    }
}

/// Saves the window's geometry for the next start.
pub(crate) fn save_geometry(app: &AppHandle) {
    if let Some(window) = get(app) {
        geometry::save(app, &window);
    }
}

/// Hides the window; its page keeps its state.
pub(crate) fn hide(app: &AppHandle) {
    let hidden = get(app).map(|window| window.hide());
    if let Some(Err(error)) = hidden {
        tracing::warn!(%error, "the window could not be hidden");
    }
}

/// Records that the page has loaded and sends commands.
pub(crate) fn page_loaded(app: &AppHandle) {
    #[cfg(target_os = "linux")]
    app.state::<rendering::Rendering>().page_loaded();
    #[cfg(not(target_os = "linux"))]
    let _ = app;
}

/// Whether the window has the focus.
pub(crate) fn is_focused(app: &AppHandle) -> bool {
    get(app).is_some_and(|window| window.is_focused().unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_has_no_control_or_bidirectional_characters() {
        assert_eq!(clean_title("Acme\u{202e}\n\u{1b}[2J — Grapnel"), "Acme  [2J — Grapnel");
        assert_eq!(clean_title(&"a".repeat(5_000)).len(), MAX_TITLE_LENGTH);
    }

    #[test]
    fn the_page_navigates_to_no_other_origin() {
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
