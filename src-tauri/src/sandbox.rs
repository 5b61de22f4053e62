//! The sandbox inside the program, to try Grapnel without an account.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use grapnel_core::error::{Code, Error, Result};
use grapnel_sandbox::{Options, ProviderId, Registration, Sandbox};
use serde::Serialize;

/// Where the sandbox listens, a port for each provider from here on, so that its connections find it again after a restart.
const PORT: u16 = 4780;

/// The providers that it has for a person to try, in the order of their ports.
const PROVIDERS: [ProviderId; 4] =
    [ProviderId::Grigora, ProviderId::Grindery, ProviderId::TheGrid, ProviderId::GroveStreams];

/// What to enter to add an app of the sandbox.
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
        (PORT..).zip(PROVIDERS).any(|(port, _)| address.starts_with(&format!("http://127.0.0.1:{port}/")))
    }

    /// Starts the sandbox where its connections expect it, and nowhere else.
    pub(crate) fn wake(&self) -> Result<()> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_none() {
            *running = Some(start(PORT)?);
        }
        Ok(())
    }

    /// Starts the sandbox, unless it runs, and answers what to enter to use it: an app of each provider. On its own
    /// ports, or on any free ones if another program has one of those.
    pub(crate) fn start(&self) -> Result<Vec<SandboxApp>> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sandbox = match &mut *running {
            Some(sandbox) => sandbox,
            none => none.insert(start(PORT).or_else(|_| start(0))?),
        };
        Ok(PROVIDERS.map(|provider| app(sandbox, provider)).into())
    }
}

fn app(sandbox: &Sandbox, provider: ProviderId) -> SandboxApp {
    let Registration { client_id, client_secret, addresses } = sandbox.registration(provider);
    let client_id = match provider {
        // Each client chooses its own.
        ProviderId::GroveStreams => "grapnel",
        _ => client_id,
    };
    SandboxApp {
        name: format!("{} sandbox", provider.title()),
        provider: provider.name().replace('-', ""),
        client_id: client_id.into(),
        client_secret: client_secret.unwrap_or_default().into(),
        overrides: addresses.into_iter().map(|(key, address)| (key.to_owned(), address)).collect(),
    }
}

fn start(first_port: u16) -> Result<Sandbox> {
    let options = Options { providers: PROVIDERS.into(), ..Options::default() };
    let started = options.from_port(first_port).ok_or_else(|| std::io::ErrorKind::AddrNotAvailable.into());
    started.and_then(Sandbox::start).map_err(|error| {
        Error::new(Code::Internal, format!("The sandbox could not start: {error}."))
            .hint("Try again, or add an app of a real provider.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_any_of_its_providers_is_its_own() {
        assert!(AtHand::is_at("http://127.0.0.1:4780/oauth/token"));
        assert!(AtHand::is_at("http://127.0.0.1:4783/api"));
        assert!(!AtHand::is_at("http://127.0.0.1:4784/"));
        assert!(!AtHand::is_at("http://127.0.0.1:47800/"));
    }

    #[test]
    fn what_it_offers_is_what_the_core_knows_a_provider_by() {
        let sandbox = start(0).unwrap();
        for offered in PROVIDERS.map(|provider| app(&sandbox, provider)) {
            let profile = grapnel_core::provider::Profile::find(&offered.provider).unwrap();
            profile.conventions(&offered.overrides).unwrap();
        }
    }
}
