//! What the window is told without asking.

use serde::{Deserialize, Serialize};
use tauri_specta::Event;

/// What the core has to say, on its way to the window.
#[derive(Debug, Clone, Serialize, Deserialize, specta::Type, Event)]
pub(crate) struct Happened(pub grapnel_model::event::Event);

/// The connection that the person asked for, outside of the window.
#[derive(Debug, Clone, Serialize, Deserialize, specta::Type, Event)]
pub(crate) struct Asked(pub grapnel_model::id::ConnectionId);
