//! The ways that requests go: to this machine past any proxy, to everyone else as the settings say.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use reqwest::{Client, ClientBuilder};
use url::Url;

use super::Failure;
use crate::error::{Error, Result};
use crate::provider::is_loopback;
use crate::settings::Settings;

const CONNECT: Duration = Duration::from_secs(10);
/// Between two pieces of a reply.
const SILENCE: Duration = Duration::from_secs(30);

/// Both ways. Each is built at its first use, so that starting the program does not wait for it.
#[derive(Default)]
pub(super) struct Routes {
    /// Nothing until it is built by the settings.
    outward: Mutex<Option<Client>>,
    settings: Mutex<Settings>,
    /// For this machine: what is sent here in clear must not leave it.
    inward: OnceLock<Client>,
}

impl Routes {
    /// Goes by other settings from the next request on.
    pub(super) fn set(&self, settings: Settings) {
        self.begin_with(settings);
        *self.outward.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Goes by settings that were kept, whether they still can be or not: that shows when they are needed.
    pub(super) fn begin_with(&self, settings: Settings) {
        *self.settings.lock().unwrap_or_else(PoisonError::into_inner) = settings;
    }

    /// The way to an address.
    pub(super) fn to(&self, url: &Url) -> Result<Client, Failure> {
        if is_loopback(url) { self.inward() } else { self.outward() }
    }

    fn inward(&self) -> Result<Client, Failure> {
        if let Some(client) = self.inward.get() {
            return Ok(client.clone());
        }
        let client = build(builder().no_proxy())?;
        Ok(self.inward.get_or_init(|| client).clone())
    }

    fn outward(&self) -> Result<Client, Failure> {
        let mut outward = self.outward.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &*outward {
            return Ok(client.clone());
        }
        let settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let unusable = |error: Error| Failure::NotSent(error.message);
        let mut builder = builder().tls_certs_merge(settings.certificates().map_err(unusable)?);
        if let Some(proxy) = settings.proxy().map_err(unusable)? {
            builder = builder.proxy(proxy);
        }
        Ok(outward.insert(build(builder)?).clone())
    }
}

fn builder() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("Grapnel/", env!("CARGO_PKG_VERSION")))
        // A redirect could carry a token to another origin; no endpoint here has a reason for one.
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
}

fn build(builder: ClientBuilder) -> Result<Client, Failure> {
    builder.build().map_err(|error| Failure::not_sent(&error))
}
