//! Commands for diagnostics, including a test of the deep link.

use grapnel_core::doctor::{Check, CheckStatus, Diagnosis};
use grapnel_model::error::Result;
#[cfg(target_os = "linux")]
use tauri::Manager;
use tauri::{AppHandle, State};

use crate::clipboard::Clipboard;
use crate::core_handle::CoreHandle;
use crate::deep_link_self_test;

/// Runs all checks, including a deep link that must return.
#[tauri::command]
#[specta::specta]
pub(crate) async fn diagnose(app: AppHandle, core: State<'_, CoreHandle>) -> Result<Diagnosis> {
    let program = crate::program::path().ok();
    let mut diagnosis = match core.core().await {
        Ok(core) => core.examine(program.as_deref()).await,
        Err(error) => grapnel_core::doctor::diagnose_unopened(error),
    };
    #[cfg(target_os = "linux")]
    diagnosis.checks.push(app.state::<crate::window::rendering::Rendering>().check());
    diagnosis.checks.push(tried(deep_link_self_test::run(&app).await));
    Ok(diagnosis)
}

fn tried(probed: Result<()>) -> Check {
    const NAME: &str = "A deep link, sent as a browser would";
    match probed {
        Ok(()) => Check::fine(NAME, "It came back to Grapnel."),
        Err(error) => Check::wrong(NAME, CheckStatus::Attention, error),
    }
}

/// Copies the diagnostics report, which is safe to publish.
#[tauri::command]
#[specta::specta]
pub(crate) async fn copy_diagnosis(clipboard: State<'_, Clipboard>, diagnosis: Diagnosis) -> Result<()> {
    clipboard.copy(&diagnosis.report())
}
