//! Opens the person's browser on a blocking thread.

use grapnel_core::browser::Launch;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::SecretString;
use tauri::AppHandle;

/// Opens a URL with the given command, or with the system's browser if it is empty.
pub(crate) async fn open(app: &AppHandle, address: SecretString, with: String) -> Result<()> {
    let what = if with.is_empty() {
        "No browser could be opened.".to_owned()
    } else {
        format!("“{with}” opened no page.")
    };
    let token = activation_token(app).await;
    let opened = tauri::async_runtime::spawn_blocking(move || {
        grapnel_core::browser::open(&address, &with, token.as_deref())
    })
    .await;
    if opened.is_ok_and(|launch| launch != Launch::Failed) {
        return Ok(());
    }
    Err(Error::new(Code::BrowserFailed, what)
        .means("The sign-in still waits for you.")
        .hint("Copy the link, and open it in any browser on this computer."))
}

/// A new activation token of this desktop, so that the browser can raise its window.
#[cfg(target_os = "linux")]
async fn activation_token(app: &AppHandle) -> Option<String> {
    let (tell, told) = tokio::sync::oneshot::channel();
    app.run_on_main_thread(move || drop(tell.send(activation_token_here()))).ok()?;
    told.await.ok().flatten()
}

/// Must run on the toolkit's thread.
#[cfg(target_os = "linux")]
fn activation_token_here() -> Option<String> {
    use gtk::gio::{AppInfo, AppInfoCreateFlags};
    use gtk::glib::object::ObjectExt;
    use gtk::prelude::AppLaunchContextExt;

    let display = gtk::gdk::Display::default()?;
    // On X11 browsers use their own start time instead.
    if display.type_().name() != "GdkWaylandDisplay" {
        return None;
    }
    // The desktop only needs a name.
    let flags = AppInfoCreateFlags::SUPPORTS_STARTUP_NOTIFICATION;
    let launcher = AppInfo::create_from_commandline("xdg-open", Some("Browser"), flags).ok()?;
    display.app_launch_context()?.startup_notify_id(&launcher, &[]).map(Into::into)
}

#[cfg(not(target_os = "linux"))]
async fn activation_token(_: &AppHandle) -> Option<String> {
    None
}
