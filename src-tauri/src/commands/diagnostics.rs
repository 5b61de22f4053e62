//! Commands for diagnostics, including a test of the deep link.

use grapnel_core::doctor::{Check, CheckStatus, Diagnosis};
use grapnel_model::error::{Error, Result};
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
    let name = "A deep link, sent as a browser would".into();
    match probed {
        Ok(()) => Check {
            name,
            verdict: CheckStatus::Fine,
            found: "It came back to Grapnel.".into(),
            meaning: None,
            hint: None,
        },
        Err(Error { message: found, meaning, hint, .. }) => {
            Check { name, verdict: CheckStatus::Attention, found, meaning, hint }
        }
    }
}

/// Copies the diagnostics report, which is safe to publish.
#[tauri::command]
#[specta::specta]
pub(crate) async fn copy_diagnosis(clipboard: State<'_, Clipboard>, diagnosis: Diagnosis) -> Result<()> {
    clipboard.copy(&diagnosis.report())
}
