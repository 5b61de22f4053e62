//! Copying. A token leaves the clipboard again by itself.

use std::time::Duration;

use grapnel_core::error::{Code, Error, Result};
use grapnel_core::secret::{ExposeSecret, SecretString};
use tauri::AppHandle;
use tauri_plugin_clipboard_manager::ClipboardExt;

/// How long a token stays in the clipboard.
const STAY: Duration = Duration::from_secs(45);

/// Copies text that is no secret, or a link that ends with its attempt.
pub(crate) fn copy(app: &AppHandle, text: &str) -> Result<()> {
    app.clipboard().write_text(text).map_err(|error| {
        tracing::warn!(%error, "the clipboard failed");
        Error::new(Code::Internal, "The clipboard did not take it.").hint("Try again, or copy it by hand.")
    })
}

/// Copies a token, and clears the clipboard after a while if it still holds it.
pub(crate) fn copy_for_a_while(app: &AppHandle, token: SecretString) -> Result<()> {
    copy(app, token.expose_secret())?;
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(STAY).await;
        if app.clipboard().read_text().is_ok_and(|text| text == token.expose_secret()) {
            let _ = app.clipboard().clear();
        }
    });
    Ok(())
}
