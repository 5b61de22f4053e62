//! The self-test of deep links: a test link is opened as a browser would open it, and must return to this process. If
//! it does not, a sign-in by deep link would time out, and the window proposes loopback.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use grapnel_model::error::{Code, Error, Result};
use parking_lot::Mutex;
use tauri::{AppHandle, Manager};
use tokio::sync::oneshot;

use crate::browser;
use crate::deep_link::{self, Owner, SCHEME};

/// How long a test link may take: the system starts a second process to deliver it.
const SELF_TEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The pending test link: its number, and the channel to report its return.
#[derive(Default)]
pub(crate) struct SelfTest(Mutex<Option<(String, oneshot::Sender<()>)>>);

impl SelfTest {
    /// Handles a test link. Returns whether the URL is one, of this process or another.
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

/// Opens a test link and waits for its return. Fails at once if another program is registered.
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
    // The number only needs to be distinct; it protects nothing.
    let number = format!("{:016x}", RandomState::new().build_hasher().finish());
    let (back, came_back) = oneshot::channel();
    let probe = app.state::<SelfTest>();
    *probe.0.lock() = Some((number.clone(), back));
    if browser::open(app, format!("{SCHEME}:/probe?{number}").into(), String::new()).await.is_err() {
        return Err(lost("The system did not open the test link.".into()));
    }
    match tokio::time::timeout(SELF_TEST_TIMEOUT, came_back).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(lost(format!(
            "The test link was opened, but did not reach Grapnel within {} seconds.",
            SELF_TEST_TIMEOUT.as_secs()
        ))),
    }
}

fn lost(found: String) -> Error {
    Error::new(Code::BrowserFailed, found)
        .means("A sign-in by deep link would time out. Nothing was sent to the provider.")
        .hint("Use loopback (127.0.0.1) instead, or continue and paste the redirect URL.")
}
