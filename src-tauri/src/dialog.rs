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

/// Refuses where no dialog can close by itself, so that a secret would stay on the screen.
pub(crate) fn require_reveal() -> Result<()> {
    if cfg!(target_os = "linux") {
        return Ok(());
    }
    Err(Error::new(Code::InvalidInput, "Grapnel shows a token on the screen only on Linux.")
        .means("A dialog of this system cannot close by itself. Nothing was shown.")
        .hint("Copy the token, or print it with “grapnel token” in a terminal."))
}

/// Shows a secret in a window of its own, which closes after a while, or once `hide` is ready. `opened` is called once
/// it is open; if that fails, it is closed. Returns once it is closed.
pub(crate) async fn reveal(
    app: &AppHandle,
    title: String,
    secret: SecretString,
    opened: impl FnOnce() -> Result<()>,
    hide: impl Future<Output = ()>,
) -> Result<()> {
    let (close, closing) = oneshot::channel();
    let (tell, is_open) = oneshot::channel();
    let shown = show(app, move |window, closed| {
        platform::reveal(window, &title, &secret, closing, closed);
        // The caller may have given up.
        let _ = tell.send(());
    });
    until_closed(shown, is_open, opened, hide, close).await
}

/// Waits for `shown`, a dialog that `is_open` announces. Closes it once `hide` is ready, or if `opened` fails.
async fn until_closed(
    shown: impl Future<Output = Result<()>>,
    is_open: oneshot::Receiver<()>,
    opened: impl FnOnce() -> Result<()>,
    hide: impl Future<Output = ()>,
    close: Sender<()>,
) -> Result<()> {
    let mut shown = pin!(shown);
    let followed = tokio::select! {
        biased;
        Ok(()) = is_open => opened(),
        shown = &mut shown => return shown,
    };
    if followed.is_ok() {
        tokio::select! {
            shown = &mut shown => return shown,
            () = hide => {}
        }
    }
    // The person may have closed it meanwhile.
    let _ = close.send(());
    shown.await.and(followed)
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::{pending, ready};

    use super::*;

    fn failure() -> Error {
        Error::new(Code::Internal, "Another dialog of Grapnel is open.")
    }

    #[tokio::test]
    async fn a_dialog_that_does_not_open_is_not_recorded() {
        let (close, _closing) = oneshot::channel();
        let (tell, is_open) = oneshot::channel();
        drop(tell);
        let is_recorded = Cell::new(false);
        let record = || {
            is_recorded.set(true);
            Ok(())
        };
        let shown = until_closed(ready(Err(failure())), is_open, record, pending(), close).await;
        assert_eq!(shown.unwrap_err().message, failure().message);
        assert!(!is_recorded.get());
    }

    #[tokio::test]
    async fn a_dialog_is_closed_if_it_cannot_be_recorded_and_once_it_is_to_be_hidden() {
        for recorded in [Ok(()), Err(failure())] {
            let (close, closing) = oneshot::channel();
            let (tell, is_open) = oneshot::channel();
            tell.send(()).unwrap();
            let shown = async { closing.await.map_err(|_| failure()) };
            let closed = until_closed(shown, is_open, || recorded.clone(), ready(()), close).await;
            assert_eq!(closed.is_ok(), recorded.is_ok());
        }
    }
}
