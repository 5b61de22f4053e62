//! The dialogs of the other systems.

use std::path::PathBuf;

use rfd::AsyncFileDialog;
use tauri::WebviewWindow;
use tokio::sync::oneshot::Sender;

use super::Purpose;

pub(super) fn ask(
    window: Option<&WebviewWindow>,
    title: &str,
    purpose: Purpose,
    tell: Sender<Option<PathBuf>>,
) {
    let mut dialog = AsyncFileDialog::new().set_title(title);
    if let Some(window) = window {
        dialog = dialog.set_parent(window);
    }
    let asked: std::pin::Pin<Box<dyn Future<Output = _> + Send>> = match purpose {
        Purpose::Save(name) => Box::pin(dialog.set_file_name(name).save_file()),
        Purpose::Open => Box::pin(dialog.pick_file()),
    };
    tauri::async_runtime::spawn(async move {
        // Whoever asked may have given up.
        let _ = tell.send(asked.await.map(|file| file.path().to_owned()));
    });
}
