//! The person's own browser, opened off the window's thread.

use grapnel_core::error::{Code, Error, Result};
use grapnel_core::secret::SecretString;

/// Opens an address in the system's browser.
pub(crate) async fn open(address: SecretString) -> Result<()> {
    let opened = tauri::async_runtime::spawn_blocking(move || grapnel_core::browser::open(&address)).await;
    opened.unwrap_or(false).then_some(()).ok_or_else(|| {
        Error::new(Code::BrowserFailed, "No browser could be opened.")
            .means("The sign-in still waits for you.")
            .hint("Copy the link, and open it in any browser on this computer.")
    })
}
