//! The facade: one method for each thing that Grapnel does. Nothing below it depends on it.

mod api;
mod api_exchange;
mod apps;
mod archive;
mod browser;
mod connections;
mod content;
mod hooks;
mod sign_in;
mod teams;
mod tokens;
mod vault;

use std::path::Path;
use std::sync::Arc;

use grapnel_model::activity::{Entry, Kind};
use grapnel_model::error::{Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::ConnectionId;
use grapnel_model::settings::Settings;
use grapnel_oauth::clock::{Clock, SystemClock};
use grapnel_store::vault::{Keyring, SystemKeyring};
use grapnel_store::{Store, activity};
use tokio::sync::{OwnedRwLockWriteGuard, broadcast};

use crate::context::Context;
use crate::doctor::{self, Diagnosis};
use crate::{authorize, change_feed, proxy_check, refresh, settings};

/// Grapnel without a window or a terminal. Clones share the same state.
#[derive(Clone)]
pub struct Grapnel(Arc<Context>);

/// No uninterruptible work is in progress as long as this is held.
#[derive(Debug)]
pub struct Idle(#[expect(dead_code, reason = "held, never read")] OwnedRwLockWriteGuard<()>);

impl Grapnel {
    /// Opens the data in `home` with the system's keyring and clock. Must run within a tokio runtime.
    pub fn open(home: &Path) -> Result<Self> {
        Self::with(home, Arc::new(SystemKeyring::default()), Arc::new(SystemClock::default()))
    }

    /// Opens the data in `home` with the given keyring and clock.
    pub fn with(home: &Path, keyring: Arc<dyn Keyring>, clock: Arc<dyn Clock>) -> Result<Self> {
        let ctx = Arc::new(Context::new(Store::open(home)?, keyring, clock));
        ctx.load_clock_offset()?;
        ctx.http.begin_with(settings::get(&ctx)?);
        ctx.enter(|| {
            refresh::recover_interrupted(&ctx)?;
            authorize::resume_attempts(&ctx)
        })?;
        Ok(Self(ctx))
    }

    /// The data directory.
    pub fn home(&self) -> &Path {
        self.0.store.home()
    }

    /// The events from now on.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.0.events.subscribe()
    }

    /// Also emits events for the writes of other processes, from now on.
    pub fn follow_others(&self) -> Result<()> {
        change_feed::follow(&self.0)
    }

    /// The settings.
    pub fn settings(&self) -> Result<Settings> {
        settings::get(&self.0)
    }

    /// Validates settings and returns them as they would be stored. An error names the invalid one.
    pub fn checked_settings(&self, settings: Settings) -> Result<Settings> {
        settings::checked(settings, &settings::get(&self.0)?)
    }

    /// Changes the settings. An error names the invalid one.
    pub fn change_settings(&self, settings: Settings) -> Result<Settings> {
        settings::change(&self.0, settings)
    }

    /// Why the proxy of the settings does not accept a connection, if so. Nothing is sent to it.
    pub async fn check_proxy(&self) -> Result<Option<Error>> {
        let Some(proxy) = self.settings()?.proxy()? else { return Ok(None) };
        let Some(failure) = proxy_check::failure(&proxy).await else { return Ok(None) };
        let error =
            Error::input("proxy", format!("The proxy is saved, but could not be reached: {failure}."))
                .means("While it can’t be reached, tokens aren’t refreshed, and sign-ins fail.")
                .hint("Check host and port, or your network.");
        Ok(Some(error))
    }

    /// Merges the write-ahead log into the database before the program ends. If that fails, the next run reads the log.
    pub fn checkpoint(&self) {
        if let Err(error) = self.0.store.checkpoint() {
            tracing::warn!(%error, "the write-ahead log could not be merged into the database");
        }
    }

    /// Waits until no code or refresh token is in flight, and prevents new requests as long as the guard is held.
    /// Before that, tries to store tokens that could not be stored.
    pub async fn idle(&self) -> Idle {
        refresh::write_unsaved(&self.0).await;
        let idle = Idle(self.0.idle().await);
        // Those of refreshes that ended meanwhile.
        self.0.teams.all_written().await;
        self.0.teams.all_logged().await;
        idle
    }

    /// The activity log, newest first: of one connection or of all, optionally only entries that contain `search`.
    pub fn activity(&self, of: Option<&ConnectionId>, search: Option<&str>) -> Result<Vec<Entry>> {
        self.activity_of_kinds(of, search, &[])
    }

    /// Like [`Self::activity`], but only entries of the given kinds; all if there are none.
    pub fn activity_of_kinds(
        &self,
        of: Option<&ConnectionId>,
        search: Option<&str>,
        kinds: &[Kind],
    ) -> Result<Vec<Entry>> {
        let search = search.map(str::trim).filter(|text| !text.is_empty());
        self.0.store.read(|c| activity::newest(c, of, search, kinds))
    }

    /// Runs the diagnostics. `program` is the one that should open deep links, if known.
    pub async fn examine(&self, program: Option<&Path>) -> Diagnosis {
        doctor::examine(&self.0, program).await
    }
}
