//! Forwards the core's events to the window's page, and raises the window after a sign-in in the browser.

use std::sync::Arc;

use grapnel_model::attempt::Phase;
use grapnel_model::event::Event;
use parking_lot::Mutex;
use tauri::{AppHandle, Manager};
use tauri_specta::Event as _;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::events::CoreEvent;
use crate::shutdown::Shutdown;
use crate::window;

/// Events from before the page listened; `None` once it does.
#[derive(Clone)]
pub(crate) struct EventBacklog(Arc<Mutex<Option<Vec<Event>>>>);

impl Default for EventBacklog {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Some(Vec::new()))))
    }
}

impl EventBacklog {
    /// Takes the events from before the page listened. From now on, events go to the page.
    pub(crate) fn take(&self) -> Vec<Event> {
        self.0.lock().take().unwrap_or_default()
    }
}

/// Forwards events until the core is dropped.
pub(crate) async fn forward(app: AppHandle, mut events: Receiver<Event>) {
    loop {
        let event = match events.recv().await {
            Ok(event) => event,
            // The page was slow. It reads everything again, which includes the missed changes.
            Err(RecvError::Lagged(_)) => Event::ChangedElsewhere,
            Err(RecvError::Closed) => return,
        };
        // By any redirect method, the person has finished in the browser.
        let is_callback = matches!(&event, Event::Attempt(attempt) if attempt.phase == Phase::Exchanging);
        if is_callback && !app.state::<Shutdown>().has_begun() {
            window::show(&app);
        }
        let backlog = app.state::<EventBacklog>();
        let mut backlog = backlog.0.lock();
        if let Some(backlog) = &mut *backlog {
            backlog.push(event);
        } else if let Err(error) = CoreEvent(event).emit(&app) {
            tracing::warn!(%error, "an event did not reach the page");
        }
    }
}
