//! The person's own browser, opened off the window's thread.

use grapnel_core::browser::Launch;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::SecretString;
use tauri::AppHandle;

/// Opens an address with the person's own choice of a browser, or the system's where none is named.
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

/// By what the browser may come to the front of this desktop: the person has just pressed something here.
#[cfg(target_os = "linux")]
async fn activation_token(app: &AppHandle) -> Option<String> {
    let (tell, told) = tokio::sync::oneshot::channel();
    app.run_on_main_thread(move || drop(tell.send(activation_token_here()))).ok()?;
    told.await.ok().flatten()
}

/// To be called on the thread of the toolkit.
#[cfg(target_os = "linux")]
fn activation_token_here() -> Option<String> {
    use gtk::gio::{AppInfo, AppInfoCreateFlags};
    use gtk::glib::object::ObjectExt;
    use gtk::prelude::AppLaunchContextExt;

    let display = gtk::gdk::Display::default()?;
    // On X11 a browser asks for the focus by the time of its own start.
    if display.type_().name() != "GdkWaylandDisplay" {
        return None;
    }
    // The desktop only asks what it is called.
    let flags = AppInfoCreateFlags::SUPPORTS_STARTUP_NOTIFICATION;
    let launcher = AppInfo::create_from_commandline("xdg-open", Some("Browser"), flags).ok()?;
    display.app_launch_context()?.startup_notify_id(&launcher, &[]).map(Into::into)
}

#[cfg(not(target_os = "linux"))]
async fn activation_token(_: &AppHandle) -> Option<String> {
    None
}
