//! The program's environment in a test: a fixed clock, a keyring, streams, and a browser.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use grapnel_core::Grapnel;
use grapnel_core::clock::Clock;
use grapnel_core::{Keyring, KeyringSignal};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::{ExposeSecret, SecretString};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// A fixed time, which tests advance.
pub(crate) struct TestClock(Mutex<Timestamp>);

impl Default for TestClock {
    fn default() -> Self {
        Self(Mutex::new("2026-03-02T12:00:00Z".parse().unwrap()))
    }
}

impl TestClock {
    pub(crate) fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap() = now;
    }

    pub(crate) fn advance(&self, by: SignedDuration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// A keyring in memory that can be made to fail or to stay silent.
#[derive(Default)]
pub(crate) struct TestKeyring {
    keys: Mutex<HashMap<String, Vec<u8>>>,
    failure: Mutex<Option<Code>>,
    silent: Mutex<bool>,
    speaks: Condvar,
}

impl TestKeyring {
    /// Loses every key, as a keyring that was created again.
    pub(crate) fn wipe(&self) {
        self.keys.lock().unwrap().clear();
    }

    pub(crate) fn fail(&self, code: Code) {
        *self.failure.lock().unwrap() = Some(code);
    }

    pub(crate) fn set_silent(&self, silent: bool) {
        *self.silent.lock().unwrap() = silent;
        self.speaks.notify_all();
    }

    fn answer(&self) -> Result<()> {
        drop(self.speaks.wait_while(self.silent.lock().unwrap(), |silent| *silent).unwrap());
        let failure = *self.failure.lock().unwrap();
        failure.map_or(Ok(()), |code| Err(Error::new(code, "The keyring failed.").hint("Mend it.")))
    }
}

impl Keyring for TestKeyring {
    fn opened(&self) -> KeyringSignal {
        Box::pin(std::future::ready(()))
    }

    fn closed(&self) -> KeyringSignal {
        Box::pin(std::future::pending())
    }

    fn get(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.answer()?;
        Ok(self.keys.lock().unwrap().get(name).cloned())
    }

    fn set(&self, name: &str, key: &[u8]) -> Result<()> {
        self.answer()?;
        self.keys.lock().unwrap().insert(name.into(), key.into());
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.answer()?;
        self.keys.lock().unwrap().remove(name);
        Ok(())
    }
}

/// A stream that can be read while it is being written.
#[derive(Clone, Default)]
pub(crate) struct Paper(Arc<watch::Sender<String>>);

impl Paper {
    pub(crate) fn text(&self) -> String {
        self.0.borrow().clone()
    }

    /// The first line, once there is one.
    pub(crate) async fn first_line(&self) -> String {
        let mut written = self.0.subscribe();
        let text = written.wait_for(|text| text.contains('\n')).await.unwrap();
        text.lines().next().unwrap_or_default().to_owned()
    }

    /// Waits up to a minute for this text.
    pub(crate) async fn says(&self, text: &str) {
        let mut written = self.0.subscribe();
        let said = written.wait_for(|all| all.contains(text));
        let _ = tokio::time::timeout(Duration::from_secs(60), said).await;
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let text = std::str::from_utf8(bytes).map_err(std::io::Error::other)?;
        self.0.send_modify(|all| all.push_str(text));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Requests a URL as a browser would, and returns the target of the redirect.
pub(crate) async fn visit(address: &str) -> String {
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let reply = browser.get(address).send().await.unwrap();
    let status = reply.status();
    let location = reply.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
    location.unwrap_or_else(|| panic!("{status}, and no way back"))
}

/// Answers the sandbox's page for a user code as a person would. `decision` is `authorize` or `cancel`.
pub(crate) async fn decide_on_device(page: &str, user_code: &str, decision: &str) {
    let browser = reqwest::Client::builder().build().unwrap();
    let html = browser.get(page).send().await.unwrap().text().await.unwrap();
    let value = |name: &str| {
        let (_, rest) = html.split_once(&format!("name=\"{name}\"")).unwrap();
        rest.split_once("value=\"").unwrap().1.split_once('"').unwrap().0.to_owned()
    };
    let form = [
        ("ticket", value("ticket")),
        ("user_code", user_code.to_owned()),
        ("user", value("user")),
        ("decision", decision.to_owned()),
    ];
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let submitted = browser
        .post(format!("{page}/answer"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await
        .unwrap();
    assert!(submitted.status().is_success(), "{}", submitted.text().await.unwrap());
}

/// Signs in as a person would: the browser follows the redirect to a loopback port or, with a deep link, to the desktop
/// program.
pub(crate) async fn sign_in(link: SecretString, desktop: Option<Grapnel>) {
    let back = visit(link.expose_secret()).await;
    if back.starts_with("http://127.0.0.1") {
        let page = reqwest::get(back).await.unwrap();
        assert!(page.status().is_success(), "{}", page.status());
    } else if let Some(desktop) = desktop {
        // The command line reports the result.
        let _ = desktop.receive_callback(&back.into()).await;
    }
}
