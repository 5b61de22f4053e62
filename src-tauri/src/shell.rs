//! The core behind the window: opened when it is first needed, and again where that failed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use grapnel_core::Grapnel;
use grapnel_core::store::Store;
use grapnel_model::attempt::Phase;
use grapnel_model::error::Result;
use grapnel_model::event::Event;
use tauri::{AppHandle, Manager};
use tauri_specta::Event as _;
use tokio::sync::OnceCell;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::ending::Ending;
use crate::events::Happened;
use crate::sandbox::AtHand;
use crate::window;

/// The window's way to the core.
pub(crate) struct Shell {
    app: AppHandle,
    core: OnceCell<Grapnel>,
    /// What the core said before the window asked for the first time; nothing from then on.
    missed: Arc<Mutex<Option<Vec<Event>>>>,
    /// Whether the window asked for anything, even if it was not answered.
    is_asked: AtomicBool,
}

impl Shell {
    pub(crate) fn new(app: AppHandle) -> Self {
        Self {
            app,
            core: OnceCell::new(),
            missed: Arc::new(Mutex::new(Some(Vec::new()))),
            is_asked: AtomicBool::new(false),
        }
    }

    /// The core. While it cannot be opened (the data directory cannot be written, say), each call tries again.
    pub(crate) async fn core(&self) -> Result<&Grapnel> {
        self.core.get_or_try_init(async || self.open()).await
    }

    /// The core, if it is open.
    pub(crate) fn opened(&self) -> Option<&Grapnel> {
        self.core.get()
    }

    /// What happened before the window listened. It listens from now on.
    pub(crate) fn missed(&self) -> Vec<Event> {
        self.missed.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }

    /// Whether the window's page has begun to ask.
    pub(crate) fn is_asked(&self) -> bool {
        self.is_asked.load(Ordering::Relaxed)
    }

    /// Notes that it has.
    pub(crate) fn asked(&self) {
        #[cfg(target_os = "linux")]
        self.app.state::<window::drawing::Drawing>().began();
        self.is_asked.store(true, Ordering::Relaxed);
    }

    fn open(&self) -> Result<Grapnel> {
        let core = Grapnel::open(&Store::default_home()?)?;
        let (app, events, missed) = (self.app.clone(), core.events(), Arc::clone(&self.missed));
        tauri::async_runtime::spawn(forward(app, events, missed));
        self.wake_sandbox(&core);
        #[cfg(target_os = "linux")]
        tauri::async_runtime::spawn(crate::beside::follow(self.app.clone(), core.clone(), core.events()));
        let behind = core.clone();
        tauri::async_runtime::spawn(async move {
            if let Err(error) = behind.follow_others() {
                tracing::warn!(%error, "what the command line does is not seen at once");
            }
            // A keyring that wants a person is asked once, not for each connection that is due; and not at all where the
            // session started Grapnel by itself, and nobody wants anything of it yet.
            #[cfg(target_os = "linux")]
            if std::env::args_os().any(|argument| argument == crate::arguments::HIDDEN) {
                behind.check_vault_unasked().await;
            } else {
                behind.check_vault().await;
            }
            #[cfg(not(target_os = "linux"))]
            behind.check_vault().await;
            let answers = behind.clone();
            tauri::async_runtime::spawn(async move {
                if let Err(error) = answers.serve_tokens().await {
                    tracing::warn!(%error, "the command line is not answered");
                }
            });
            behind.keep_alive().await;
        });
        Ok(core)
    }

    /// Starts the sandbox again where there are apps of it.
    fn wake_sandbox(&self, core: &Grapnel) {
        let apps = core.apps().unwrap_or_default();
        let addresses = apps.iter().flat_map(|app| app.overrides.values()).map(String::as_str);
        self.app.state::<AtHand>().wake(addresses);
    }
}

/// Passes what the core says on to the window, or keeps it until the window listens.
async fn forward(app: AppHandle, mut events: Receiver<Event>, missed: Arc<Mutex<Option<Vec<Event>>>>) {
    loop {
        let event = match events.recv().await {
            Ok(event) => event,
            // The window was slow; what it reads anew now is newer than what it missed.
            Err(RecvError::Lagged(_)) => Event::Elsewhere,
            Err(RecvError::Closed) => return,
        };
        // Whichever way the answer came home, the person is done in the browser.
        let came_home = matches!(&event, Event::Attempt(attempt) if attempt.phase == Phase::Exchanging);
        if came_home && !app.state::<Ending>().has_begun() {
            window::show(&app);
        }
        let mut missed = missed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(missed) = &mut *missed {
            missed.push(event);
        } else if let Err(error) = Happened(event).emit(&app) {
            tracing::warn!(%error, "the window did not hear");
        }
    }
}
