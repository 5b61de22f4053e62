//! Raises the window on a Linux desktop. Desktops prevent windows from taking the focus unasked: Wayland requires an
//! activation token of the person's action, X11 its timestamp. Without them the window is only marked as demanding
//! attention.

use gtk::glib::object::Cast;
use gtk::prelude::{GtkWindowExt, WidgetExt};
use tauri::{Manager, WebviewWindow};

/// Shows and raises the window; `token` is the desktop's activation token, if there is one.
pub(super) fn present(window: &WebviewWindow, token: Option<String>) -> tauri::Result<()> {
    let own = window.clone();
    window.app_handle().run_on_main_thread(move || {
        if let Err(error) = present_here(&own, token.as_deref()) {
            tracing::warn!(%error, "the window could not be brought to the front");
        }
    })
}

/// Must run on the toolkit's thread.
fn present_here(window: &WebviewWindow, token: Option<&str>) -> tauri::Result<()> {
    // The runtime must also be told, since it tracks whether the window is minimized.
    window.unminimize()?;
    window.show()?;
    let window = window.gtk_window()?;
    window.deiconify();
    window.show();
    if let Some(token) = token {
        window.set_startup_id(token);
    }
    // Window managers treat a timestamp of zero as an old one.
    let on_x11 = window.window().and_then(|surface| surface.downcast::<gdkx11::X11Window>().ok());
    let time = on_x11.map_or(0, |surface| gdkx11::functions::x11_get_server_time(&surface));
    window.present_with_time(time);
    Ok(())
}
