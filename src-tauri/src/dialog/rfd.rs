//! Dialogs on the other platforms.

use std::path::PathBuf;

use ::rfd::{AsyncFileDialog, AsyncMessageDialog, MessageButtons, MessageDialogResult, MessageLevel};
use grapnel_model::secret::SecretString;
use tauri::WebviewWindow;
use tokio::sync::oneshot::{Receiver, Sender};

use super::purpose::Purpose;
use crate::confirm::Confirmation;

/// Return presses the first button; Escape declines.
pub(super) fn confirmation(window: Option<&WebviewWindow>, confirmation: &Confirmation, tell: Sender<bool>) {
    let action = confirmation.action.replace('_', "");
    let mut dialog = AsyncMessageDialog::new()
        .set_level(MessageLevel::Warning)
        .set_title(confirmation.title)
        .set_description(format!("{}\n\n{}", confirmation.what, confirmation.meaning))
        .set_buttons(MessageButtons::OkCancelCustom("Cancel".into(), action.clone()));
    if let Some(window) = window {
        dialog = dialog.set_parent(window);
    }
    let asked = dialog.show();
    tauri::async_runtime::spawn(async move {
        // The caller may have given up.
        let _ = tell.send(asked.await == MessageDialogResult::Custom(action));
    });
}

/// Not called: [`require_reveal`](super::require_reveal) refuses. Dropping `_closed` is the error.
pub(super) fn reveal(
    _: Option<&WebviewWindow>,
    _: &str,
    _: &SecretString,
    _closing: Receiver<()>,
    _closed: Sender<()>,
) {
}

pub(super) fn file(
    window: Option<&WebviewWindow>,
    title: &str,
    purpose: &Purpose,
    tell: Sender<Option<PathBuf>>,
) {
    let mut dialog = AsyncFileDialog::new().set_title(title);
    if let Some(window) = window {
        dialog = dialog.set_parent(window);
    }
    let asked: std::pin::Pin<Box<dyn Future<Output = _> + Send>> = match purpose {
        Purpose::Save(name) => Box::pin(dialog.set_file_name(name.as_str()).save_file()),
        Purpose::Open => Box::pin(dialog.pick_file()),
    };
    tauri::async_runtime::spawn(async move {
        // The caller may have given up.
        let _ = tell.send(asked.await.map(|file| file.path().to_owned()));
    });
}
