//! An empty window of the same toolkit, created and shown as Grapnel's is: the lower bound of a start.

use std::sync::atomic::{AtomicBool, Ordering};

use tauri::webview::PageLoadEvent;
use tauri::{WebviewUrl, WebviewWindowBuilder};

fn main() -> tauri::Result<()> {
    tauri::Builder::default()
        .setup(|app| {
            let is_shown = AtomicBool::new(false);
            WebviewWindowBuilder::new(app, "main", WebviewUrl::default())
                .title("Empty")
                .inner_size(1180.0, 760.0)
                .visible(false)
                .on_page_load(move |window, load| {
                    if load.event() == PageLoadEvent::Finished && !is_shown.swap(true, Ordering::Relaxed) {
                        let _ = window.show();
                    }
                })
                .build()?;
            Ok(())
        })
        .run(tauri::generate_context!())
}
