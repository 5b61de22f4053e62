//! A data directory with an open vault and a stopped clock.

#![allow(clippy::expect_used, reason = "a target fails where it is surprised")]

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::context::Context;
use grapnel_model::error::Error;
use grapnel_model::id::AppId;
use grapnel_model::provider::Overrides;
use grapnel_model::secret::SecretString;
use grapnel_oauth::clock::Clock;
use grapnel_store::Store;
use grapnel_store::app::{self, AppRow};
use grapnel_store::vault::{Keyring, KeyringSignal};

/// The current time: 2026-03-02T12:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp::constant(1_772_452_800, 0);

/// What the parsers need around them. It is set up once, and each input leaves it unchanged.
pub(crate) struct World {
    pub(crate) ctx: Arc<Context>,
    pub(crate) runtime: Runtime,
    /// Deleted when this is dropped.
    _home: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().expect("a directory for the data");
        let store = Store::open(home.path()).expect("a database");
        let ctx = Arc::new(Context::new(store, Arc::<OpenKeyring>::default(), Arc::new(StoppedClock)));
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        // Creates the vault's key, which stays in memory.
        runtime.block_on(ctx.vault.seal("fuzz", &SecretString::from("x"))).expect("a vault");
        Self { ctx, runtime, _home: home }
    }

    /// Adds an app, with endpoints at `id.example` if its profile has none.
    pub(crate) fn add_app(&self, provider: &str, redirect_uri: &str, own: &[(&str, &str)]) -> AppRow {
        let mut overrides: Overrides =
            own.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        if provider == "custom" {
            for key in ["authorize_url", "token_url"] {
                overrides.entry(key.into()).or_insert_with(|| format!("https://id.example/{key}"));
            }
        }
        let id = AppId::random();
        let row = AppRow {
            name: format!("{provider} {id}"),
            id,
            provider: provider.into(),
            client_id: "client".into(),
            sealed_secret: None,
            redirect_uri: redirect_uri.into(),
            scopes: Vec::new(),
            projects: Vec::new(),
            overrides,
            secret_keys: Vec::new(),
            sealed_values: None,
            discovered: Vec::new(),
            environment: None,
            registration: None,
            sealed_registration: None,
            created_at: NOW,
        };
        self.ctx.store.write(|tx| app::insert(tx, &row)).expect("an app");
        row
    }
}

struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// An unlocked keyring in memory.
#[derive(Default)]
struct OpenKeyring(Mutex<HashMap<String, Vec<u8>>>);

impl Keyring for OpenKeyring {
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.lock().get(name).cloned())
    }

    fn set(&self, name: &str, key: &[u8]) -> Result<(), Error> {
        self.0.lock().insert(name.into(), key.into());
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        self.0.lock().remove(name);
        Ok(())
    }

    fn opened(&self) -> KeyringSignal {
        Box::pin(std::future::ready(()))
    }

    fn closed(&self) -> KeyringSignal {
        Box::pin(std::future::pending())
    }
}
