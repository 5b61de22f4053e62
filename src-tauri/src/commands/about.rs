//! Facts about this program.

use grapnel_model::error::Result;
use serde::Serialize;

/// Facts about this program.
#[derive(Serialize, specta::Type)]
pub(crate) struct About {
    /// Its version.
    pub(crate) version: &'static str,
    /// Its licence, as an SPDX expression.
    pub(crate) licence: &'static str,
    /// The URL of its source.
    pub(crate) source: &'static str,
    /// The licences and copyright notices of the packages that it contains.
    pub(crate) notices: &'static str,
}

/// Facts about this program. Nothing is fetched.
#[tauri::command]
#[specta::specta]
pub(crate) async fn about() -> Result<About> {
    Ok(About {
        version: env!("CARGO_PKG_VERSION"),
        licence: env!("CARGO_PKG_LICENSE"),
        source: env!("CARGO_PKG_REPOSITORY"),
        notices: include_str!("../../third-party-notices.txt"),
    })
}
