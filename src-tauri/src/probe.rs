//! The self-test of the deep link: an address of our own scheme is opened as a browser would, and must come back
//! here. Where it does not, a sign-in would wait in vain, and loopback is proposed.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use grapnel_core::error::{Code, Error, Result};
use tauri::{AppHandle, Manager};
use tokio::sync::oneshot;

use crate::browser;
use crate::callback::SCHEME;

/// How long a probe may take: the system starts a second Grapnel to bring it.
const PATIENCE: Duration = Duration::from_secs(10);

/// The probe that is under way: its number, and whom to tell that it came back.
#[derive(Default)]
pub(crate) struct Probe(Mutex<Option<(String, oneshot::Sender<()>)>>);

impl Probe {
    /// Takes a probe in; answers whether the address was one, whosever.
    pub(crate) fn take(&self, address: &str) -> bool {
        let Some(number) = address.split_once(":/probe?").map(|(_, number)| number) else { return false };
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.as_ref().is_some_and(|(own, _)| own == number)
            && let Some((_, back)) = waiting.take()
        {
            let _ = back.send(());
        }
        true
    }
}

/// Sends a probe, and waits for it to come back.
pub(crate) async fn run(app: &AppHandle) -> Result<()> {
    // It only has to differ from others, and guards nothing.
    let number = format!("{:016x}", RandomState::new().build_hasher().finish());
    let (back, came_back) = oneshot::channel();
    let probe = app.state::<Probe>();
    *probe.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((number.clone(), back));
    let opened = browser::open(format!("{SCHEME}:/probe?{number}").into()).await;
    if opened.is_ok() && tokio::time::timeout(PATIENCE, came_back).await.is_ok_and(|came| came.is_ok()) {
        return Ok(());
    }
    let message = match owner() {
        Some(owner) => format!("A link back to Grapnel was opened, and did not arrive: the system gives such links to “{owner}”."),
        None => "A link back to Grapnel was opened, and did not arrive: the system knows no program for such links.".into(),
    };
    Err(Error::new(Code::BrowserFailed, message)
        .means("A sign-in by deep link would wait in vain. Nothing changed.")
        .hint("Add the app once more with the way back “a port of this computer”, or paste the address after you agreed."))
}

/// Who opens our scheme, where the system can be asked.
#[cfg(target_os = "linux")]
fn owner() -> Option<String> {
    let asked = ["query", "default", "x-scheme-handler/dev.grapnel.desktop"];
    let answer = std::process::Command::new("xdg-mime").args(asked).output().ok()?;
    let name = String::from_utf8(answer.stdout).ok()?.trim().to_owned();
    (!name.is_empty()).then_some(name)
}

#[cfg(not(target_os = "linux"))]
fn owner() -> Option<String> {
    None
}
