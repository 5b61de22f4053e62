//! The facade: everything that can be done, one method each. Nothing below knows it.

mod api;
mod apps;
mod archive;
mod browser;
mod connections;
mod content;
mod sign_in;
mod tokens;
mod vault;

use std::path::Path;
use std::sync::Arc;

use grapnel_model::activity::Entry;
use grapnel_model::error::Result;
use grapnel_model::event::Event;
use grapnel_model::id::ConnectionId;
use grapnel_model::settings::Settings;
use grapnel_oauth::clock::{Clock, SystemClock};
use grapnel_store::vault::{Keyring, SystemKeyring};
use grapnel_store::{Store, activity};
use tokio::sync::{OwnedRwLockWriteGuard, broadcast};

use crate::context::Context;
use crate::doctor::{self, Diagnosis};
use crate::{authorize, change_feed, refresh, settings};

/// Everything that Grapnel does, without a window. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Grapnel(Arc<Context>);

/// Nothing goes on that must not be broken off, for as long as this is held.
#[derive(Debug)]
pub struct Idle(#[expect(dead_code, reason = "held, never read")] OwnedRwLockWriteGuard<()>);

impl Grapnel {
    /// Opens the data in `home`, with the machine's keyring and clock. Needs a tokio runtime around it.
    pub fn open(home: &Path) -> Result<Self> {
        Self::with(home, Arc::new(SystemKeyring::default()), Arc::new(SystemClock::default()))
    }

    /// Opens the data in `home` with a keyring and a clock of the caller's choice.
    pub fn with(home: &Path, keyring: Arc<dyn Keyring>, clock: Arc<dyn Clock>) -> Result<Self> {
        let ctx = Arc::new(Context::new(Store::open(home)?, keyring, clock));
        ctx.load_clock_offset()?;
        ctx.http.begin_with(settings::get(&ctx)?);
        ctx.enter(|| {
            refresh::settle_cut_off(&ctx)?;
            authorize::settle(&ctx)
        })?;
        Ok(Self(ctx))
    }

    /// What changes from now on.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.0.events.subscribe()
    }

    /// Tells what other processes write as well, from now on.
    pub fn follow_others(&self) -> Result<()> {
        change_feed::follow(&self.0)
    }

    /// What is set for all of Grapnel.
    pub fn settings(&self) -> Result<Settings> {
        settings::get(&self.0)
    }

    /// These settings as they would be kept. An error names the setting that cannot be.
    pub fn checked_settings(&self, settings: Settings) -> Result<Settings> {
        settings::checked(settings, &settings::get(&self.0)?)
    }

    /// Changes what is set. An error names the setting that cannot be.
    pub fn change_settings(&self, settings: Settings) -> Result<Settings> {
        settings::change(&self.0, settings)
    }

    /// Merges the database's log into it, when the program ends. One that stays is read at the next start.
    pub fn checkpoint(&self) {
        if let Err(error) = self.0.store.checkpoint() {
            tracing::warn!(%error, "the database's log stays beside it");
        }
    }

    /// Waits until nothing goes on that must not be broken off: a code or a refresh token on its way. Nothing of the
    /// kind begins while the answer is held. New tokens that the store did not take are tried to be written before.
    pub async fn idle(&self) -> Idle {
        refresh::write_unsaved(&self.0).await;
        Idle(self.0.idle().await)
    }

    /// What happened, newest first: to one connection, or to all; only what contains `search`, if anything is to.
    pub fn activity(&self, of: Option<&ConnectionId>, search: Option<&str>) -> Result<Vec<Entry>> {
        let search = search.map(str::trim).filter(|text| !text.is_empty());
        self.0.store.read(|c| activity::newest(c, of, search))
    }

    /// Looks at everything that has to work, one thing after the other. `program` is the one that is to open deep
    /// links, where the caller knows it.
    pub async fn examine(&self, program: Option<&Path>) -> Diagnosis {
        doctor::examine(&self.0, program).await
    }
}
