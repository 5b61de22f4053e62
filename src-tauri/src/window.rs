//! The one window: made hidden, and shown once its page is there.

use std::time::Duration;

use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::{AppHandle, Manager, Url, WebviewUrl, WebviewWindowBuilder};

const NAME: &str = "main";
/// If the page has not loaded by then, an empty window tells more than none.
const LATEST: Duration = Duration::from_secs(3);

/// Makes the window.
pub(crate) fn open(app: &AppHandle) -> tauri::Result<()> {
    WebviewWindowBuilder::new(app, NAME, WebviewUrl::default())
        .title("Grapnel")
        .inner_size(1180.0, 760.0)
        .min_inner_size(480.0, 400.0)
        .visible(false)
        // The page is Grapnel's own, and goes nowhere else.
        .on_navigation(is_own)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_page_load(|window, load| {
            if load.event() == PageLoadEvent::Finished {
                let _ = window.show();
            }
        })
        .build()?;
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(LATEST).await;
        if let Some(window) = app.get_webview_window(NAME) {
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

/// Brings the window before the person's eyes.
pub(crate) fn show(app: &AppHandle) {
    let Some(window) = app.get_webview_window(NAME) else { return };
    let shown = window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus());
    if let Err(error) = shown {
        tracing::warn!(%error, "the window could not be brought to the front");
    }
}
