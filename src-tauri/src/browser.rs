//! The person's own browser, opened off the window's thread.

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::SecretString;

/// Opens an address with the person's own choice of a browser, or the system's where none is named.
pub(crate) async fn open(address: SecretString, with: String) -> Result<()> {
    let what = if with.is_empty() {
        "No browser could be opened.".to_owned()
    } else {
        format!("“{with}” opened no page.")
    };
    let opened =
        tauri::async_runtime::spawn_blocking(move || grapnel_core::browser::open(&address, &with)).await;
    opened.unwrap_or(false).then_some(()).ok_or_else(|| {
        Error::new(Code::BrowserFailed, what)
            .means("The sign-in still waits for you.")
            .hint("Copy the link, and open it in any browser on this computer.")
    })
}
