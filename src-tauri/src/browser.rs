//! The person's own browser.

use std::process::Stdio;
use std::time::{Duration, Instant};

use grapnel_core::error::{Code, Error, Result};
use grapnel_core::secret::{ExposeSecret, SecretString};

/// A launcher that still runs after this long has found a browser: some stay for as long as it does.
const SETTLED: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(50);

/// Opens an address in the system's browser.
pub(crate) async fn open(address: SecretString) -> Result<()> {
    let opened = tauri::async_runtime::spawn_blocking(move || try_launchers(&address)).await;
    opened.unwrap_or(false).then_some(()).ok_or_else(|| {
        Error::new(Code::BrowserFailed, "No browser could be opened.")
            .means("The sign-in still waits for you.")
            .hint("Copy the link, and open it in any browser on this computer.")
    })
}

/// Tries one launcher after the other, such as `xdg-open`, and answers whether one did.
fn try_launchers(address: &SecretString) -> bool {
    open::commands(address.expose_secret()).into_iter().any(|mut launcher| {
        let launched = launcher.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let Ok(mut child) = launched else { return false };
        let start = Instant::now();
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return status.success(),
                Ok(None) if start.elapsed() < SETTLED => std::thread::sleep(LOOK),
                Ok(None) => {
                    // Somebody must wait for it, or it stays as a zombie when it ends.
                    std::thread::spawn(move || child.wait());
                    return true;
                }
                Err(_) => return false,
            }
        }
    })
}
