//! The sandbox inside the program, to try Grapnel without an account.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use grapnel_core::error::{Code, Error, Result};
use grapnel_sandbox::{Options, ProviderId, Registration, Sandbox};
use serde::Serialize;

/// Where the sandbox listens, so that its connections find it again after a restart.
const PORT: u16 = 4780;

/// What to enter to add the sandbox's app.
#[derive(Serialize, specta::Type)]
pub(crate) struct SandboxApp {
    pub(crate) name: String,
    pub(crate) provider: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) overrides: BTreeMap<String, String>,
}

/// The sandbox, once someone has asked for it.
#[derive(Default)]
pub(crate) struct AtHand(Mutex<Option<Sandbox>>);

impl AtHand {
    /// Whether an address is one of the sandbox's own.
    pub(crate) fn is_at(address: &str) -> bool {
        address.starts_with(&format!("http://127.0.0.1:{PORT}/"))
    }

    /// Starts the sandbox where its connections expect it, and nowhere else.
    pub(crate) fn wake(&self) -> Result<()> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_none() {
            *running = Some(start(PORT)?);
        }
        Ok(())
    }

    /// Starts the sandbox, unless it runs, and answers what to enter to use it. On its own port, or on any free
    /// one if another program has that.
    pub(crate) fn start(&self) -> Result<SandboxApp> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_none() {
            *running = Some(start(PORT).or_else(|_| start(0))?);
        }
        let told = running.as_ref().map(|sandbox| sandbox.registration(ProviderId::Grigora));
        let Registration { client_id, client_secret, addresses } =
            told.ok_or_else(|| Error::new(Code::Internal, "The sandbox is gone."))?;
        Ok(SandboxApp {
            name: "Sandbox".into(),
            provider: "grigora".into(),
            client_id: client_id.into(),
            client_secret: client_secret.unwrap_or_default().into(),
            overrides: addresses.into_iter().map(|(key, address)| (key.to_owned(), address)).collect(),
        })
    }
}

fn start(grigora_port: u16) -> Result<Sandbox> {
    Sandbox::start(Options { grigora_port, ..Options::only(ProviderId::Grigora) }).map_err(|error| {
        Error::new(Code::Internal, format!("The sandbox could not start: {error}."))
            .hint("Try again, or add an app of a real provider.")
    })
}
