//! The menu bar of macOS: Tauri's default one, whose *Edit* menu also gives the page its shortcuts. Only *Quit* is
//! Grapnel's own: the default one has AppKit end the process, which then requests no exit, so that the shutdown could
//! not hide the window while it waits.

use tauri::menu::{Menu, MenuEvent, MenuItem, MenuItemKind};
use tauri::{AppHandle, Wry};

/// The ID of *Quit*. Every menu event reaches every handler, and the menu bar icon has IDs of its own.
const QUIT: &str = "menu-bar-quit";

pub(crate) fn build(app: &AppHandle) -> tauri::Result<Menu<Wry>> {
    let menu = Menu::default(app)?;
    if let Some(MenuItemKind::Submenu(program)) = menu.items()?.first()
        // *Quit* is the last one.
        && let Some(last) = program.items()?.len().checked_sub(1)
    {
        program.remove_at(last)?;
        program.append(&MenuItem::with_id(app, QUIT, "Quit Grapnel", true, Some("Cmd+Q"))?)?;
    }
    Ok(menu)
}

pub(crate) fn on_event(app: &AppHandle, event: &MenuEvent) {
    if event.id().as_ref() == QUIT {
        app.exit(0);
    }
}
