//! The person's own browser.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::secret::{ExposeSecret, SecretString};

/// A launcher that still runs after this long has found a browser: some stay for as long as it does.
const SETTLED: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(50);

/// Opens an address with the system's launchers, such as `xdg-open`: one after the other, until one does. Answers
/// whether one did, which may take some seconds, in which it blocks.
pub fn open(address: &SecretString) -> bool {
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
