//! Notifications of macOS.

#![allow(clippy::unused_async, reason = "the same functions wait for the session bus on Linux")]

use std::thread;

use mac_notification_sys::{NotificationResponse, set_application};
use tauri::AppHandle;

use super::notification::Notification;
use crate::deep_link::SCHEME;
use crate::window;

/// Sends a notification. A click opens the window.
pub(super) async fn send(app: AppHandle, notification: Notification) {
    // On a thread of its own, since it waits for the click as long as the notification is there.
    thread::spawn(move || {
        // Fails from the second time on; and for a program that is not in a bundle, which macOS then does not name.
        if let Err(error) = set_application(SCHEME) {
            tracing::debug!(%error, "the sender of notifications stays as it is");
        }
        let Notification { title, text, about } = notification;
        let shown = mac_notification_sys::Notification::new()
            .title(&title)
            .message(&text)
            .wait_for_click(true)
            .send();
        match shown {
            Ok(NotificationResponse::Click | NotificationResponse::ActionButton(_)) => {
                window::show_about(&app, about);
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "a notification could not be sent"),
        }
    });
}
