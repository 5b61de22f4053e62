//! A connection to the sandbox in this process, so that no window and no session bus take part in the measurement.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use grapnel_core::Grapnel;
use grapnel_core::Keyring;
use grapnel_core::app::NewApp;
use grapnel_core::authorize::SignInRequest;
use grapnel_core::clock::SystemClock;
use grapnel_model::error::Error;
use grapnel_model::id::ConnectionId;
use grapnel_model::secret::{ExposeSecret, SecretInput};
use grapnel_sandbox::{ProviderId, Sandbox};

/// Opens the data in `home`, and connects it to the sandbox's Grigora, which authorizes every request.
pub(crate) async fn connect(home: &Path, sandbox: &Sandbox) -> Result<(Grapnel, ConnectionId)> {
    let grapnel = Grapnel::with(home, Arc::new(Memory::default()), Arc::new(SystemClock::default()))?;
    let told = sandbox.registration(ProviderId::Grigora);
    let new = NewApp {
        name: "Acme".into(),
        provider: "grigora".into(),
        client_id: told.client_id.into(),
        client_secret: told.client_secret.map(|secret| SecretInput(secret.into())),
        redirect: String::new(),
        scopes: Vec::new(),
        projects: Vec::new(),
        overrides: told.addresses.into_iter().map(|(key, address)| (key.to_owned(), address)).collect(),
        ..NewApp::default()
    };
    let app = grapnel.add_app(new).await?;
    let attempt = grapnel.start_attempt(&app.id, &SignInRequest::default()).await?;
    let link = grapnel.attempt_link(&attempt.id).await?;
    grapnel.receive_callback(&visit(link.expose_secret()).await?.into()).await?;
    let id = grapnel.attempt(&attempt.id)?.connection_id.context("the sign-in led to no connection")?;
    Ok((grapnel, id))
}

/// Opens an authorization URL as a browser would, and returns the callback URL of the last redirect.
async fn visit(link: &str) -> Result<String> {
    let browser =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build()?;
    let mut address = url::Url::parse(link)?;
    while address.scheme() == "http" {
        let reply = browser.get(address.clone()).send().await?;
        let location = reply.headers().get("location").context("the page does not redirect")?;
        address = address.join(location.to_str()?)?;
    }
    Ok(address.into())
}

/// A keyring in memory.
#[derive(Default)]
struct Memory(Mutex<HashMap<String, Vec<u8>>>);

impl Keyring for Memory {
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned())
    }

    fn set(&self, name: &str, key: &[u8]) -> Result<(), Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), key.to_owned());
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        Ok(())
    }
}
