//! Bringing the window to the front of a Linux desktop. Desktops guard against windows that take the focus by
//! themselves: on Wayland one needs the token of the person's act that asks for it, on X11 the time of it. What has
//! neither is only marked as wanting attention.

use gtk::glib::object::Cast;
use gtk::prelude::{GtkWindowExt, WidgetExt};
use tauri::{Manager, WebviewWindow};

/// Shows the window in front of others; `token` is the desktop's for that, where there is one.
pub(super) fn present(window: &WebviewWindow, token: Option<String>) -> tauri::Result<()> {
    let own = window.clone();
    window.app_handle().run_on_main_thread(move || {
        if let Err(error) = present_here(&own, token.as_deref()) {
            tracing::warn!(%error, "the window could not be brought to the front");
        }
    })
}

/// To be called on the thread of the toolkit.
fn present_here(window: &WebviewWindow, token: Option<&str>) -> tauri::Result<()> {
    // By the runtime's own way as well: it keeps whether the window is minimized.
    window.unminimize()?;
    window.show()?;
    let window = window.gtk_window()?;
    window.deiconify();
    window.show();
    if let Some(token) = token {
        window.set_startup_id(token);
    }
    // A time of zero is an unknown one, which window managers take for an old one.
    let on_x11 = window.window().and_then(|surface| surface.downcast::<gdkx11::X11Window>().ok());
    let time = on_x11.map_or(0, |surface| gdkx11::functions::x11_get_server_time(&surface));
    window.present_with_time(time);
    Ok(())
}
