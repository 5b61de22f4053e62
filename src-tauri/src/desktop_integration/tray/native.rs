//! The tray icon of Windows, and the one in the menu bar of macOS.

#![allow(clippy::unused_async, reason = "the same functions wait for the session bus on Linux")]

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};

use grapnel_core::Grapnel;
use grapnel_core::connection::StatusCounts;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::ConnectionId;
use parking_lot::Mutex;
use tauri::menu::{Menu, MenuBuilder, MenuItem};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Wry, include_image};

use super::status_text::{MAX_LISTED, status_text};
use crate::window::{self, Subject};

/// The IDs of the menu's entries. That of a connection follows the last one.
const OPEN: &str = "open";
const QUIT: &str = "quit";
const RECONNECT: &str = "reconnect:";

/// The tray icon. Once there is one, it is hidden instead of removed, since each one would keep its own menu handler.
#[derive(Default)]
pub(crate) struct Tray {
    icon: Mutex<Option<Shown>>,
    is_visible: AtomicBool,
}

/// The icon, and the status that it shows.
struct Shown {
    icon: TrayIcon,
    status_counts: StatusCounts,
}

impl Tray {
    /// Whether the tray icon is shown now.
    pub(crate) fn is_visible(&self) -> bool {
        self.is_visible.load(Ordering::Relaxed)
    }

    /// Shows or hides the tray icon.
    ///
    /// # Errors
    ///
    /// The system shows no tray icon.
    pub(crate) async fn set(&self, app: &AppHandle, core: &Grapnel, on: bool) -> Result<()> {
        let status_counts = core.status_counts()?;
        self.show(app, status_counts, on).map_err(|error| failed(&error))?;
        self.is_visible.store(on, Ordering::Relaxed);
        Ok(())
    }

    fn show(&self, app: &AppHandle, status_counts: StatusCounts, on: bool) -> tauri::Result<()> {
        let mut shown = self.icon.lock();
        match &*shown {
            Some(shown) => shown.icon.set_visible(on),
            None if on => {
                *shown = Some(Shown { icon: build(app, &status_counts)?, status_counts });
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Updates the status that the icon shows, if it has changed: a new menu would close the one that is open.
    pub(in crate::desktop_integration) async fn update(&self, core: &Grapnel) {
        let Ok(status_counts) = core.status_counts() else { return };
        let icon = match &*self.icon.lock() {
            Some(shown) if shown.status_counts != status_counts => shown.icon.clone(),
            _ => return,
        };
        let updated = menu(icon.app_handle(), &status_counts)
            .and_then(|menu| icon.set_menu(Some(menu)))
            .and_then(|()| icon.set_tooltip(Some(tool_tip(&status_counts))));
        match (updated, &mut *self.icon.lock()) {
            (Ok(()), Some(shown)) => shown.status_counts = status_counts,
            (Ok(()), None) => {}
            (Err(error), _) => tracing::warn!(%error, "the tray icon shows an earlier status"),
        }
    }
}

/// Both systems always have a place for tray icons.
pub(in crate::desktop_integration) async fn host() -> std::result::Result<(), Infallible> {
    Ok(())
}

fn build(app: &AppHandle, status_counts: &StatusCounts) -> tauri::Result<TrayIcon> {
    let mut tray = TrayIconBuilder::with_id(crate::deep_link::SCHEME)
        .tooltip(tool_tip(status_counts))
        .menu(&menu(app, status_counts)?)
        // On Windows a click opens the window; in the menu bar of macOS, everything has a menu.
        .show_menu_on_left_click(cfg!(target_os = "macos"))
        .on_menu_event(|app, event| on_menu(app, event.id().as_ref()))
        .on_tray_icon_event(|tray, event| {
            let is_click = matches!(
                event,
                TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. }
            );
            if is_click && cfg!(windows) {
                window::show_about(tray.app_handle(), None);
            }
        });
    if cfg!(target_os = "macos") {
        // The menu bar draws it in the colour of its text.
        tray = tray.icon(include_image!("../icons/menu-bar.png")).icon_as_template(true);
    } else if let Some(icon) = app.default_window_icon() {
        tray = tray.icon(icon.clone());
    }
    tray.build(app)
}

fn menu(app: &AppHandle, status_counts: &StatusCounts) -> tauri::Result<Menu<Wry>> {
    let status = MenuItem::new(app, label(&status_text(status_counts)), false, None::<&str>)?;
    let mut menu = MenuBuilder::new(app).item(&status).separator().text(OPEN, "Open Grapnel");
    for connection in status_counts.needing.iter().take(MAX_LISTED) {
        let id = format!("{RECONNECT}{}", connection.id.0);
        menu = menu.text(id, label(&format!("Reconnect {}", connection.name)));
    }
    menu.separator().text(QUIT, "Quit").build()
}

/// A single ampersand would mark the next letter as a mnemonic.
fn label(text: &str) -> String {
    text.replace('&', "&&")
}

fn tool_tip(status_counts: &StatusCounts) -> String {
    format!("Grapnel: {}", status_text(status_counts))
}

fn on_menu(app: &AppHandle, entry: &str) {
    match (entry, entry.strip_prefix(RECONNECT)) {
        (OPEN, _) => window::show_about(app, None),
        (QUIT, _) => app.exit(0),
        (_, Some(id)) => window::show_about(app, Some(Subject::Connection(ConnectionId(id.to_owned())))),
        _ => {}
    }
}

fn failed(error: &tauri::Error) -> Error {
    tracing::warn!(%error, "there is no tray icon");
    let mut trouble = Error::new(Code::InvalidInput, "The system shows no tray icon for Grapnel.")
        .means("Closing the window still quits Grapnel.")
        .hint("Try again after the next login.");
    trouble.field = Some("tray".to_owned());
    trouble
}
