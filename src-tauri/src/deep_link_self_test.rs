//! The self-test of the deep link: an address of our own scheme is opened as a browser would, and must come back
//! here. Where it does not, a sign-in would wait in vain, and loopback is proposed.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use grapnel_model::error::{Code, Error, Result};
use parking_lot::Mutex;
use tauri::{AppHandle, Manager};
use tokio::sync::oneshot;

use crate::browser;
use crate::deep_link::{self, Owner, SCHEME};

/// How long a probe may take: the system starts a second Grapnel to bring it.
const PATIENCE: Duration = Duration::from_secs(10);

/// The probe that is under way: its number, and whom to tell that it came back.
#[derive(Default)]
pub(crate) struct SelfTest(Mutex<Option<(String, oneshot::Sender<()>)>>);

impl SelfTest {
    /// Takes a probe in; answers whether the address was one, whosever.
    pub(crate) fn take(&self, address: &str) -> bool {
        let Some(number) = address.split_once(":/probe?").map(|(_, number)| number) else { return false };
        let mut waiting = self.0.lock();
        if waiting.as_ref().is_some_and(|(own, _)| own == number)
            && let Some((_, back)) = waiting.take()
        {
            let _ = back.send(());
        }
        true
    }
}

/// Sends a probe, and waits for it to come back. Where another program opens such links, none is sent.
pub(crate) async fn run(app: &AppHandle) -> Result<()> {
    let own = app.clone();
    let asked = tauri::async_runtime::spawn_blocking(move || {
        deep_link::register(&own);
        deep_link::owner()
    });
    let owner = asked.await.unwrap_or(Owner::Unknown);
    match owner {
        Owner::Nobody => {
            return Err(lost(format!("No program is registered for {SCHEME}:/ links.")));
        }
        Owner::Other(name) => {
            return Err(lost(format!("Deep links to Grapnel are opened by “{name}”.")));
        }
        Owner::Own | Owner::Unknown => {}
    }
    // It only has to differ from others, and guards nothing.
    let number = format!("{:016x}", RandomState::new().build_hasher().finish());
    let (back, came_back) = oneshot::channel();
    let probe = app.state::<SelfTest>();
    *probe.0.lock() = Some((number.clone(), back));
    if browser::open(app, format!("{SCHEME}:/probe?{number}").into(), String::new()).await.is_err() {
        return Err(lost("The system did not open the test link.".into()));
    }
    match tokio::time::timeout(PATIENCE, came_back).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(lost(format!(
            "The test link was opened, but did not reach Grapnel within {} seconds.",
            PATIENCE.as_secs()
        ))),
    }
}

fn lost(found: String) -> Error {
    Error::new(Code::BrowserFailed, found)
        .means("A sign-in by deep link would time out. Nothing was sent to the provider.")
        .hint("Use loopback (127.0.0.1) instead, or continue and paste the redirect URL.")
}
