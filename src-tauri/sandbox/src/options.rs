//! The options of a sandbox.

use std::path::PathBuf;
use std::time::Duration;

use crate::grants::Lifetimes;
use crate::provider::{Consent, ProviderId};
use crate::registered_app::RegisteredApp;
use crate::{custom::constants as custom, grigora::constants as grigora, the_grid::constants as the_grid};

/// The options of a sandbox. The default runs every provider, each on a free port.
#[derive(Clone, Debug)]
pub struct Options {
    /// The providers to run.
    pub providers: Vec<ProviderId>,
    /// The port of Grigora on 127.0.0.1; 0 for any free one.
    pub grigora_port: u16,
    /// The port of Grindery.
    pub grindery_port: u16,
    /// The port of The Grid.
    pub the_grid_port: u16,
    /// The port of GroveStreams.
    pub grovestreams_port: u16,
    /// The port of Custom.
    pub custom_port: u16,
    /// The number of posts in Grigora’s largest project.
    pub posts: usize,
    /// The apps registered at Grigora.
    pub apps: Vec<RegisteredApp>,
    /// The apps registered at The Grid.
    pub the_grid_apps: Vec<RegisteredApp>,
    /// The apps registered at Custom.
    pub custom_apps: Vec<RegisteredApp>,
    /// The lifetimes of Grigora's codes and tokens. The other providers start with their documented lifetimes.
    pub lifetimes: Lifetimes,
    /// Whether the consent pages are shown or skipped.
    pub consent: Consent,
    /// Whether issued secrets are recorded for [`Sandbox::revealed`](crate::Sandbox::revealed).
    pub reveal: bool,
    /// The directory that keeps grants over a restart; `None` to keep them in memory only.
    pub state: Option<PathBuf>,
    /// Whether the control endpoint `/_sandbox` is served. Every program on this computer can reach it.
    pub control: bool,
    /// The maximum number of concurrent connections, over all ports.
    pub connections: usize,
    /// The time that a client has to send a request head, including idle time, and again for the body.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            providers: ProviderId::ALL.to_vec(),
            grigora_port: 0,
            grindery_port: 0,
            the_grid_port: 0,
            grovestreams_port: 0,
            custom_port: 0,
            posts: 5_000,
            apps: vec![grigora::sandbox_app()],
            the_grid_apps: vec![the_grid::sandbox_app()],
            custom_apps: vec![custom::sandbox_app()],
            lifetimes: grigora::LIFETIMES,
            consent: Consent::Ask,
            reveal: false,
            state: None,
            control: true,
            connections: 4_096,
            timeout: Duration::from_secs(60),
        }
    }
}

impl Options {
    /// Only one provider, on a free port.
    #[must_use]
    pub fn only(provider: ProviderId) -> Self {
        Self { providers: vec![provider], ..Self::default() }
    }

    /// Five consecutive ports, starting with Grigora's; 0 selects free ports. `None` if there are fewer than five.
    #[must_use]
    pub fn from_port(self, first: u16) -> Option<Self> {
        let nth = |n| if first == 0 { Some(0) } else { first.checked_add(n) };
        Some(Self {
            grigora_port: nth(0)?,
            grindery_port: nth(1)?,
            the_grid_port: nth(2)?,
            grovestreams_port: nth(3)?,
            custom_port: nth(4)?,
            ..self
        })
    }

    /// Registers an app at Grigora. It replaces one with the same client ID.
    #[must_use]
    pub fn with_app(mut self, app: RegisteredApp) -> Self {
        register(&mut self.apps, app);
        self
    }

    /// Registers an app at The Grid.
    #[must_use]
    pub fn with_the_grid_app(mut self, app: RegisteredApp) -> Self {
        register(&mut self.the_grid_apps, app);
        self
    }

    /// Registers an app at Custom.
    #[must_use]
    pub fn with_custom_app(mut self, app: RegisteredApp) -> Self {
        register(&mut self.custom_apps, app);
        self
    }

    pub(crate) fn port(&self, provider: ProviderId) -> u16 {
        match provider {
            ProviderId::Grigora => self.grigora_port,
            ProviderId::Grindery => self.grindery_port,
            ProviderId::TheGrid => self.the_grid_port,
            ProviderId::GroveStreams => self.grovestreams_port,
            ProviderId::Custom => self.custom_port,
        }
    }
}

fn register(apps: &mut Vec<RegisteredApp>, app: RegisteredApp) {
    apps.retain(|other| other.client_id != app.client_id);
    apps.push(app);
}
