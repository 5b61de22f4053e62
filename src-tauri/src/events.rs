//! Events for the window's page.

use serde::{Deserialize, Serialize};
use tauri_specta::Event;

/// An event of the core.
#[derive(Debug, Clone, Serialize, Deserialize, specta::Type, Event)]
pub(crate) struct CoreEvent(pub grapnel_model::event::Event);

/// The person started Grapnel with `--sandbox` while it was running. Null if the sandbox runs now, or why it does not.
#[derive(Debug, Clone, Serialize, Deserialize, specta::Type, Event)]
pub(crate) struct SandboxRequested(pub Option<grapnel_model::error::Error>);

/// The person opened this connection from a notification or the tray.
#[derive(Debug, Clone, Serialize, Deserialize, specta::Type, Event)]
pub(crate) struct ConnectionRequested(pub grapnel_model::id::ConnectionId);

/// The person opened this app from a notification.
#[derive(Debug, Clone, Serialize, Deserialize, specta::Type, Event)]
pub(crate) struct AppRequested(pub grapnel_model::id::AppId);
