//! The background tasks, started once the core is open.

use grapnel_core::Grapnel;
use grapnel_core::token_agent::AgentOptions;
use tauri::{AppHandle, Manager};

#[cfg(target_os = "linux")]
use crate::arguments::HIDDEN;
use crate::desktop_integration;
use crate::event_forwarding;
use crate::first_page::FirstPage;
use crate::sandbox::SandboxHandle;

/// Starts all background tasks. Each ends with the core.
pub(crate) fn start(app: &AppHandle, core: &Grapnel) {
    tauri::async_runtime::spawn(event_forwarding::forward(app.clone(), core.events()));
    start_sandbox(app, core);
    tauri::async_runtime::spawn(desktop_integration::follow(app.clone(), core.clone(), core.events()));
    tauri::async_runtime::spawn(keep_alive(app.clone(), core.clone()));
}

/// Follows other processes' changes, answers token requests and refreshes tokens ahead of their expiry.
async fn keep_alive(app: AppHandle, core: Grapnel) {
    if let Err(error) = core.follow_others() {
        tracing::warn!(%error, "changes by the command line are not shown at once");
    }
    check_vault(&core).await;
    let agent = core.clone();
    tauri::async_runtime::spawn(async move {
        if let Err(error) = agent.serve_tokens(AgentOptions::default()).await {
            tracing::warn!(%error, "the token agent is not available to other programs");
        }
    });
    // They read every connection.
    app.state::<FirstPage>().wait().await;
    tokio::join!(core.keep_alive(), core.lock_automatically(), core.follow_teams());
}

/// Opens the vault once, so that a keyring prompts once instead of for every connection that is due. After a start at
/// login, a keyring that would prompt is left closed.
async fn check_vault(core: &Grapnel) {
    #[cfg(target_os = "linux")]
    if std::env::args_os().any(|argument| argument == HIDDEN) {
        core.check_vault_unasked().await;
        return;
    }
    core.check_vault().await;
}

/// Starts the sandbox if it has apps.
fn start_sandbox(app: &AppHandle, core: &Grapnel) {
    let apps = core.apps().unwrap_or_default();
    let addresses = apps.iter().flat_map(|app| app.overrides.values()).map(String::as_str);
    app.state::<SandboxHandle>().wake(core, addresses);
}
