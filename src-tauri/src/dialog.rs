//! System dialogs for files and confirmations. The window's page can request one, but cannot choose the file or press
//! its buttons.

#[cfg(target_os = "linux")]
mod linux;
mod purpose;
#[cfg(not(target_os = "linux"))]
mod rfd;

use std::path::PathBuf;
use std::pin::pin;

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::SecretString;
use tauri::{AppHandle, WebviewWindow};
use tokio::sync::oneshot::Sender;
use tokio::sync::{Mutex, oneshot};

use crate::confirm::{Confirmation, Prompter};
#[cfg(target_os = "linux")]
use linux as platform;
use purpose::Purpose;
#[cfg(not(target_os = "linux"))]
use rfd as platform;
#[cfg(not(target_os = "linux"))]
pub(crate) use rfd::alert;

/// Only one dialog is open at a time; a second request fails, so that dialogs do not queue up.
static DIALOG_LOCK: Mutex<()> = Mutex::const_new(());

/// Asks the person where to write a file; `None` if they cancel.
pub(crate) async fn save(
    app: &AppHandle,
    title: &'static str,
    name: impl Into<String>,
) -> Result<Option<PathBuf>> {
    let purpose = Purpose::Save(name.into());
    show(app, move |window, tell| platform::file(window, title, &purpose, tell)).await
}

/// Asks the person which file to read; `None` if they cancel.
pub(crate) async fn open(app: &AppHandle, title: &'static str) -> Result<Option<PathBuf>> {
    show(app, move |window, tell| platform::file(window, title, &Purpose::Open, tell)).await
}

/// Shows a secret in a window of its own, which closes after a while, or once `hide` is ready. Returns once it is
/// closed.
pub(crate) async fn reveal(
    app: &AppHandle,
    title: String,
    secret: SecretString,
    hide: impl Future<Output = ()>,
) -> Result<()> {
    let (close, closing) = oneshot::channel();
    let mut shown =
        pin!(show(app, move |window, closed| platform::reveal(window, &title, &secret, closing, closed)));
    tokio::select! {
        shown = &mut shown => return shown,
        () = hide => {}
    }
    // The person may have closed it meanwhile.
    let _ = close.send(());
    shown.await
}

impl Prompter for AppHandle {
    async fn ask(&self, confirmation: Confirmation) -> Result<bool> {
        show(self, move |window, tell| platform::confirmation(window, &confirmation, tell)).await
    }
}

/// Opens a dialog on the thread that may do so, and waits for its result.
async fn show<T: Send + 'static>(
    app: &AppHandle,
    dialog: impl FnOnce(Option<&WebviewWindow>, Sender<T>) + Send + 'static,
) -> Result<T> {
    let Ok(_one) = DIALOG_LOCK.try_lock() else {
        return Err(Error::new(Code::Internal, "Another dialog of Grapnel is open.")
            .means("Nothing was changed.")
            .hint("Answer that one, then try again."));
    };
    let (tell, answered) = oneshot::channel();
    let window = crate::window::get(app);
    let failed = || {
        Error::new(Code::Internal, "The system shows no dialog.")
            .means("Nothing was changed.")
            .hint("Use grapnel in a terminal, or start Grapnel again.")
    };
    app.run_on_main_thread(move || dialog(window.as_ref(), tell)).map_err(|_| failed())?;
    answered.await.map_err(|_| failed())
}
