//! Commands for apps: discovery, adding, editing, profile files, removing.

use std::collections::BTreeMap;
use std::io::Write;

use grapnel_core::app::{App, NewApp, Rediscovery, RegisteredApp, RegistrationRequest};
use grapnel_core::discovery::Discovery;
use grapnel_core::endpoint_check::EndpointCheck;
use grapnel_model::client_certificate::CertificateView;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::AppId;
use grapnel_model::provider::{Profile, ProfileFile, Review};
use grapnel_model::redirect::ProposedRedirect;
use grapnel_model::revocation::Revocation;
use grapnel_model::secret::SecretInput;
use serde::Serialize;
use tauri::{AppHandle, State};

use crate::cancellation::CancellableCalls;
use crate::core_handle::CoreHandle;
use crate::sandbox::{SandboxApp, SandboxHandle};
use crate::save_file::PendingFile;

/// Starts the sandbox and returns an app for each of its providers.
#[tauri::command]
#[specta::specta]
pub(crate) async fn sandbox(
    core: State<'_, CoreHandle>,
    sandbox: State<'_, SandboxHandle>,
) -> Result<Vec<SandboxApp>> {
    sandbox.start(core.core().await?)
}

/// Discovers an issuer, or the authorization server of a protected API or an MCP server: the settings for an app of a
/// custom provider, and notes. Of several authorization servers, `server` is the chosen one.
#[tauri::command]
#[specta::specta]
pub(crate) async fn discover(
    core: State<'_, CoreHandle>,
    calls: State<'_, CancellableCalls>,
    issuer: String,
    server: Option<String>,
    call: u32,
) -> Result<Discovery> {
    let core = core.core().await?;
    calls.run(call, Box::pin(core.discover_any(&issuer, server.as_deref()))).await
}

/// Repeats discovery for an app and returns the differences. Changes nothing.
#[tauri::command]
#[specta::specta]
pub(crate) async fn rediscover(core: State<'_, CoreHandle>, app_id: AppId) -> Result<Rediscovery> {
    core.core().await?.rediscover(&app_id).await
}

/// Tests the endpoints that these settings of a provider lead to, without credentials. Changes nothing.
#[tauri::command]
#[specta::specta]
pub(crate) async fn check_endpoints(
    core: State<'_, CoreHandle>,
    calls: State<'_, CancellableCalls>,
    provider: String,
    overrides: BTreeMap<String, String>,
    call: u32,
) -> Result<Vec<EndpointCheck>> {
    let core = core.core().await?;
    calls.run(call, Box::pin(core.check_endpoints(&provider, overrides))).await
}

/// Proposes redirect URIs: unused ones, to be registered before an app is added, or those of an app's own, which are
/// always the same.
#[tauri::command]
#[specta::specta]
pub(crate) async fn propose_redirect(app: Option<AppId>) -> Result<ProposedRedirect> {
    Ok(app.map_or_else(ProposedRedirect::random, |app| ProposedRedirect::of(&app)))
}

/// Adds an app. An error names the invalid field.
#[tauri::command]
#[specta::specta]
pub(crate) async fn add_app(core: State<'_, CoreHandle>, app: NewApp) -> Result<App> {
    core.core().await?.add_app(app).await
}

/// Registers a new app's client at its provider, and adds the app. An error names the invalid field.
#[tauri::command]
#[specta::specta]
pub(crate) async fn register_app(
    core: State<'_, CoreHandle>,
    request: RegistrationRequest,
) -> Result<RegisteredApp> {
    core.core().await?.register_app(request).await
}

/// Reads an app's registration at its provider, and compares it with the app.
#[tauri::command]
#[specta::specta]
pub(crate) async fn read_registration(core: State<'_, CoreHandle>, app_id: AppId) -> Result<RegisteredApp> {
    core.core().await?.registration(&app_id).await
}

/// Makes an app's registration at its provider like the app.
#[tauri::command]
#[specta::specta]
pub(crate) async fn update_registration(core: State<'_, CoreHandle>, app_id: AppId) -> Result<RegisteredApp> {
    core.core().await?.update_registration(&app_id).await
}

/// Registers an app's client anew, with the token that the provider gave to the person for that, if it requires one.
/// The app's connections then need a new sign-in.
#[tauri::command]
#[specta::specta]
pub(crate) async fn renew_registration(
    core: State<'_, CoreHandle>,
    app_id: AppId,
    initial_access_token: Option<SecretInput>,
) -> Result<RegisteredApp> {
    core.core().await?.renew_registration(&app_id, initial_access_token).await
}

/// The public half of an app's private key, a JSON Web Key Set, to be registered at the provider.
#[tauri::command]
#[specta::specta]
pub(crate) async fn public_key(core: State<'_, CoreHandle>, app_id: AppId) -> Result<String> {
    core.core().await?.public_key(&app_id).await
}

/// The public half of an app's TLS certificate, to be registered at the provider.
#[tauri::command]
#[specta::specta]
pub(crate) async fn certificate(core: State<'_, CoreHandle>, app_id: AppId) -> Result<CertificateView> {
    core.core().await?.certificate(&app_id).await
}

/// The document to host at the address that is an app's client ID.
#[tauri::command]
#[specta::specta]
pub(crate) async fn metadata_document(core: State<'_, CoreHandle>, app_id: AppId) -> Result<String> {
    core.core().await?.metadata_document(&app_id).await
}

/// Replaces an app's settings. An error names the invalid field.
#[tauri::command]
#[specta::specta]
pub(crate) async fn change_app(core: State<'_, CoreHandle>, app_id: AppId, app: NewApp) -> Result<App> {
    core.core().await?.change_app(&app_id, app).await
}

/// Writes an app's provider settings without secrets to a file that the person chooses; returns its path, or null if
/// they cancel.
#[tauri::command]
#[specta::specta]
pub(crate) async fn export_profile(
    core: State<'_, CoreHandle>,
    window: AppHandle,
    app_id: AppId,
) -> Result<Option<String>> {
    let core = core.core().await?;
    let name = core.apps()?.into_iter().find(|app| app.id == app_id).map(|app| app.name).unwrap_or_default();
    let text = core.profile_of(&app_id)?.write()?;
    let named = format!("{name} profile");
    let Some(file) = PendingFile::ask(&window, "Share app", &named, "toml").await? else {
        return Ok(None);
    };
    let mut writer = file.writer()?;
    let written = writer.write_all(text.as_bytes()).and_then(|()| writer.flush());
    written
        .map_err(|error| Error::new(Code::DataUnwritable, format!("The file cannot be written: {error}.")))?;
    file.save(&window).map(Some)
}

/// The content of a profile file, and a review of it before secrets are entered.
#[derive(Serialize, specta::Type)]
pub(crate) struct ReadProfile {
    file: ProfileFile,
    review: Review,
}

/// Parses the text of a profile file.
#[tauri::command]
#[specta::specta]
pub(crate) async fn read_profile(text: String) -> Result<ReadProfile> {
    let file = ProfileFile::read(&text)?;
    Ok(ReadProfile { review: Profile::find(&file.provider)?.review(&file.values), file })
}

/// What became of a removed app.
#[derive(Serialize, specta::Type)]
pub(crate) struct RemovedApp {
    /// The result of revoking the tokens of its connections.
    revocation: Revocation,
    /// Why its client stays registered at the provider, if it was to be deleted there.
    client_stays: Option<String>,
}

/// Removes an app with its connections; with `deletes_client`, also its client at the provider.
#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_app(
    core: State<'_, CoreHandle>,
    app_id: AppId,
    deletes_client: bool,
) -> Result<RemovedApp> {
    let core = core.core().await?;
    if deletes_client {
        let (removed, client_stays) = core.remove_app_and_client(&app_id).await?;
        return Ok(RemovedApp { revocation: removed.revocation, client_stays });
    }
    if core.connections()?.iter().any(|one| one.app_id == app_id) {
        let revocation = core.remove_app_with_connections(&app_id).await?.revocation;
        return Ok(RemovedApp { revocation, client_stays: None });
    }
    core.remove_app(&app_id)?;
    Ok(RemovedApp { revocation: Revocation::Done, client_stays: None })
}
