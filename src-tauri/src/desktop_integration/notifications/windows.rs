//! Notifications of Windows (toasts).

#![allow(clippy::unused_async, reason = "the same functions wait for the session bus on Linux")]

use tauri::AppHandle;
use tauri_winrt_notification::Toast;
use windows_registry::CURRENT_USER;

use super::notification::Notification;
use crate::deep_link::SCHEME;
use crate::window;

/// Sends a notification. A click opens the window, also later from the notification centre, as long as this process
/// runs.
pub(super) async fn send(app: AppHandle, notification: Notification) {
    if let Err(error) = register() {
        tracing::warn!(%error, "Windows may not show notifications");
    }
    let Notification { title, text, about } = notification;
    let toast = Toast::new(SCHEME).title(&title).text1(&text).on_activated(move |_| {
        window::show_about(&app, about.clone());
        Ok(())
    });
    if let Err(error) = toast.show() {
        tracing::warn!(%error, "a notification could not be sent");
    }
}

/// Registers the application ID with its name. Windows shows no notification of an ID that neither the registry nor a
/// shortcut in the Start menu has, and there may be no shortcut.
fn register() -> windows_registry::Result<()> {
    let key = CURRENT_USER.create(format!(r"Software\Classes\AppUserModelId\{SCHEME}"))?;
    key.set_string("DisplayName", "Grapnel")
}
