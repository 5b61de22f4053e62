//! The person's own browser.

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use grapnel_core::secret::{ExposeSecret, SecretString};

/// Opens an address, and answers whether that went well. May block for some seconds.
pub type Browser = Arc<dyn Fn(&SecretString) -> bool + Send + Sync>;

/// A launcher that still runs after this long has found a browser: some stay for as long as it does.
const SETTLED: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(50);

/// Opens an address with the system's launchers, such as `xdg-open`: one after the other, until one does.
pub fn open(address: &SecretString) -> bool {
    open::commands(address.expose_secret()).into_iter().any(|mut launcher| {
        let launched = launcher.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let Ok(mut child) = launched else { return false };
        let start = Instant::now();
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return status.success(),
                Ok(None) if start.elapsed() < SETTLED => std::thread::sleep(LOOK),
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    })
}
