//! The core behind the window: opened when it is first needed, and again where that failed.

use std::path::PathBuf;

use grapnel_core::Grapnel;
use grapnel_core::error::Result;
use grapnel_core::event::Event;
use grapnel_core::store::Store;
use tauri::{AppHandle, Manager};
use tauri_specta::Event as _;
use tokio::sync::OnceCell;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::bindings::Happened;
use crate::sandbox::AtHand;
use crate::window;

/// The window's way to the core.
pub(crate) struct Shell {
    app: AppHandle,
    core: OnceCell<Grapnel>,
}

impl Shell {
    pub(crate) fn new(app: AppHandle) -> Self {
        Self { app, core: OnceCell::new() }
    }

    /// The core. While it cannot be opened (the data directory cannot be written, say), each call tries again.
    pub(crate) async fn core(&self) -> Result<&Grapnel> {
        self.core.get_or_try_init(async || self.open()).await
    }

    fn open(&self) -> Result<Grapnel> {
        let home: PathBuf = Store::default_home()?;
        let core = Grapnel::open(&home)?;
        tauri::async_runtime::spawn(forward(self.app.clone(), core.events()));
        self.wake_sandbox(&core)?;
        let probed = core.clone();
        tauri::async_runtime::spawn(async move { probed.check_vault().await });
        Ok(core)
    }

    /// Whoever tried the sandbox before finds it again.
    fn wake_sandbox(&self, core: &Grapnel) -> Result<()> {
        let is_used = core.apps()?.iter().any(|app| app.overrides.values().any(|value| AtHand::is_at(value)));
        if is_used && let Err(error) = self.app.state::<AtHand>().start() {
            tracing::warn!(%error, "the sandbox did not start");
        }
        Ok(())
    }
}

/// Passes what the core says on to the window, for as long as there is a core.
async fn forward(app: AppHandle, mut events: Receiver<Event>) {
    loop {
        let event = match events.recv().await {
            Ok(event) => event,
            // The window was slow; the lists it reads now are newer than what it missed.
            Err(RecvError::Lagged(_)) => Event::Apps,
            Err(RecvError::Closed) => return,
        };
        if matches!(event, Event::CallbackRefused(_)) {
            window::show(&app);
        }
        if let Err(error) = Happened(event).emit(&app) {
            tracing::warn!(%error, "the window did not hear");
        }
    }
}
