//! The commands of the window: each forwards one request to the core and returns its answer.

mod archive;
mod browser;
mod settings;
mod vault;

use std::io::Write;
use std::time::Duration;

use grapnel_core::Removed;
use grapnel_core::app::{App, NewApp, Rediscovery};
use grapnel_core::authorize::Wanted;
use grapnel_core::discovery::Discovery;
use grapnel_core::store::Store;
use grapnel_model::activity::Entry;
use grapnel_model::attempt::Attempt;
use grapnel_model::connection::{Details, Summary};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::{AppId, AttemptId, ConnectionId};
use grapnel_model::provider::{Profile, ProfileFile, ProviderView, Review};
use grapnel_model::redirect::ProposedRedirect;
use grapnel_model::revocation::{Disconnected, Revocation};
use grapnel_model::secret::{Entered, ExposeSecret};
use serde::Serialize;
use tauri::{AppHandle, State};

use crate::calls::Calls;
use crate::clipboard::Clipboard;
use crate::probe;
use crate::sandbox::{AtHand, SandboxApp};
use crate::saved::Begun;
use crate::shell::Shell;

pub(crate) use archive::*;
pub(crate) use browser::*;
pub(crate) use settings::*;
pub(crate) use vault::*;

/// Everything the window shows.
#[derive(Serialize, specta::Type)]
pub(crate) struct Overview {
    /// The providers that come with Grapnel.
    pub(crate) providers: Vec<ProviderView>,
    /// Every app, by name.
    pub(crate) apps: Vec<App>,
    /// The connections, by name.
    pub(crate) connections: Vec<Summary>,
    /// Whether there are more of them.
    pub(crate) has_more: bool,
    /// Attempts that are not over.
    pub(crate) attempts: Vec<Attempt>,
    /// Why the keyring does not open the vault, if it does not.
    pub(crate) vault: Option<Error>,
    /// Why the sandbox does not run, although there are apps of it.
    pub(crate) sandbox: Option<Error>,
    /// What happened before the window was there to hear it: a callback that started the program, say.
    pub(crate) missed: Vec<Event>,
}

/// More connections of one provider than a screen has lines for.
const AT_FIRST: usize = 100;

/// Everything the window shows; `at_first` of ten thousand connections only those at the top of the lists, so that the
/// window need not wait for the others.
#[tauri::command]
#[specta::specta]
pub(crate) async fn overview(
    shell: State<'_, Shell>,
    at_hand: State<'_, AtHand>,
    at_first: bool,
) -> Result<Overview> {
    shell.asked();
    let core = shell.core().await?;
    let (connections, has_more) =
        if at_first { core.first_connections(AT_FIRST)? } else { (core.connections()?, false) };
    Ok(Overview {
        providers: core.providers(),
        apps: core.apps()?,
        connections,
        has_more,
        attempts: core.attempts()?,
        vault: core.vault_trouble(),
        sandbox: at_hand.trouble(),
        missed: shell.missed(),
    })
}

/// Those of these connections that are there: how they stand now.
#[tauri::command]
#[specta::specta]
pub(crate) async fn summaries(
    shell: State<'_, Shell>,
    connection_ids: Vec<ConnectionId>,
) -> Result<Vec<Summary>> {
    shell.core().await?.summaries(&connection_ids)
}

/// Opens the data directory in the system's file manager.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_folder(app: AppHandle) -> Result<()> {
    let folder = Store::default_home()?.display().to_string();
    crate::browser::open(&app, folder.into(), String::new()).await.map_err(|_| {
        Error::new(Code::Internal, "The system did not open the data folder.")
            .hint("Copy its path, and open it yourself.")
    })
}

/// Starts the sandbox, and tells what to enter to use it: an app of each of its providers.
#[tauri::command]
#[specta::specta]
pub(crate) async fn sandbox(at_hand: State<'_, AtHand>) -> Result<Vec<SandboxApp>> {
    at_hand.start()
}

/// What an issuer announces of itself: values for an app of another provider, and what to know of it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn discover(shell: State<'_, Shell>, issuer: String) -> Result<Discovery> {
    shell.core().await?.discover(&issuer).await
}

/// Asks the issuer of an app again, and says what would change of the app. Changes nothing.
#[tauri::command]
#[specta::specta]
pub(crate) async fn rediscover(shell: State<'_, Shell>, app_id: AppId) -> Result<Rediscovery> {
    shell.core().await?.rediscover(&app_id).await
}

/// Redirect URIs that no app has yet, to register before an app is added.
#[tauri::command]
#[specta::specta]
pub(crate) async fn propose_redirect() -> Result<ProposedRedirect> {
    Ok(ProposedRedirect::random())
}

/// Adds an app. An error names the field that is wrong.
#[tauri::command]
#[specta::specta]
pub(crate) async fn add_app(shell: State<'_, Shell>, app: NewApp) -> Result<App> {
    shell.core().await?.add_app(app).await
}

/// Changes an app to what was entered. An error names the field that is wrong.
#[tauri::command]
#[specta::specta]
pub(crate) async fn change_app(shell: State<'_, Shell>, app_id: AppId, app: NewApp) -> Result<App> {
    shell.core().await?.change_app(&app_id, app).await
}

/// Writes how an app's provider is spoken to, without any secret, to a file that the person chooses; answers with its
/// path, or nothing where they choose none.
#[tauri::command]
#[specta::specta]
pub(crate) async fn export_profile(
    shell: State<'_, Shell>,
    window: AppHandle,
    app_id: AppId,
) -> Result<Option<String>> {
    let core = shell.core().await?;
    let name = core.apps()?.into_iter().find(|app| app.id == app_id).map(|app| app.name).unwrap_or_default();
    let text = core.profile_of(&app_id)?.write()?;
    let named = format!("{name} profile");
    let Some(file) = Begun::ask(&window, "Save as profile file", &named, "toml").await? else {
        return Ok(None);
    };
    let mut writer = file.writer()?;
    let written = writer.write_all(text.as_bytes()).and_then(|()| writer.flush());
    written
        .map_err(|error| Error::new(Code::DataUnwritable, format!("The file cannot be written: {error}.")))?;
    file.keep(&window).map(Some)
}

/// A profile file, and what to know of it before secrets are entered beside it.
#[derive(Serialize, specta::Type)]
pub(crate) struct ReadProfile {
    file: ProfileFile,
    review: Review,
}

/// What the text of a profile file says.
#[tauri::command]
#[specta::specta]
pub(crate) async fn read_profile(text: String) -> Result<ReadProfile> {
    let file = ProfileFile::read(&text)?;
    Ok(ReadProfile { review: Profile::find(&file.provider)?.review(&file.values), file })
}

/// Removes an app with its connections, and tells what became of their tokens.
#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_app(shell: State<'_, Shell>, app_id: AppId) -> Result<Removed> {
    let core = shell.core().await?;
    if core.connections()?.iter().any(|one| one.app_id == app_id) {
        return core.remove_app_with_connections(&app_id).await;
    }
    core.remove_app(&app_id)?;
    Ok(Removed { connections: 0, revocation: Revocation::Done })
}

/// Starts a sign-in: for a new connection, or to authorize one again. With `another_account`, the provider asks which
/// account is meant.
#[tauri::command]
#[specta::specta]
pub(crate) async fn start_attempt(
    shell: State<'_, Shell>,
    app_id: AppId,
    connection_id: Option<ConnectionId>,
    another_account: bool,
) -> Result<Attempt> {
    let wanted = Wanted { again: connection_id, another_account, ..Wanted::default() };
    shell.core().await?.start_attempt(&app_id, &wanted).await
}

/// Copies the address of the sign-in page, to be opened in a browser of the person's choice.
#[tauri::command]
#[specta::specta]
pub(crate) async fn copy_link(
    shell: State<'_, Shell>,
    clipboard: State<'_, Clipboard>,
    attempt_id: AttemptId,
) -> Result<()> {
    let link = shell.core().await?.attempt_link(&attempt_id).await?;
    clipboard.copy(link.expose_secret())
}

/// Takes in the address that the provider sent the person to, pasted by them.
#[tauri::command]
#[specta::specta]
pub(crate) async fn paste_callback(
    shell: State<'_, Shell>,
    attempt_id: AttemptId,
    pasted: Entered,
) -> Result<()> {
    shell.core().await?.paste_callback(&attempt_id, &pasted.0).await
}

/// Signs in without a browser, where the provider offers it. Email and password are used once and not kept.
#[tauri::command]
#[specta::specta]
pub(crate) async fn sign_in_with_password(
    shell: State<'_, Shell>,
    app_id: AppId,
    connection_id: Option<ConnectionId>,
    email: String,
    password: Entered,
) -> Result<Attempt> {
    let wanted = Wanted { again: connection_id, ..Wanted::default() };
    shell.core().await?.sign_in_with_password(&app_id, &wanted, &email, &password.0).await
}

/// Tries whether a deep link comes back here.
#[tauri::command]
#[specta::specta]
pub(crate) async fn test_deep_link(app: AppHandle) -> Result<()> {
    probe::run(&app).await
}

/// Lets the account that signed in replace the one of the connection that the attempt was meant for. Answers with that
/// connection.
#[tauri::command]
#[specta::specta]
pub(crate) async fn replace_account(shell: State<'_, Shell>, attempt_id: AttemptId) -> Result<ConnectionId> {
    shell.core().await?.replace_account(&attempt_id).await
}

/// Stops waiting for an attempt.
#[tauri::command]
#[specta::specta]
pub(crate) async fn cancel_attempt(shell: State<'_, Shell>, attempt_id: AttemptId) -> Result<()> {
    shell.core().await?.cancel_attempt(&attempt_id)
}

/// Everything about a connection.
#[tauri::command]
#[specta::specta]
pub(crate) async fn connection(shell: State<'_, Shell>, connection_id: ConnectionId) -> Result<Details> {
    shell.core().await?.connection(&connection_id)
}

/// Renews a connection's tokens now.
#[tauri::command]
#[specta::specta]
pub(crate) async fn refresh(shell: State<'_, Shell>, connection_id: ConnectionId) -> Result<()> {
    shell.core().await?.refresh(&connection_id).await
}

/// Copies a fresh access token, and clears the clipboard after 45 seconds if it still holds it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn copy_token(
    shell: State<'_, Shell>,
    clipboard: State<'_, Clipboard>,
    connection_id: ConnectionId,
) -> Result<()> {
    let core = shell.core().await?;
    clipboard.copy_for_a_while(core.token(&connection_id, Duration::ZERO).await?)?;
    core.token_copied(&connection_id)
}

/// Deletes a connection's tokens here, after asking the provider to take them back where it offers that.
#[tauri::command]
#[specta::specta]
pub(crate) async fn disconnect(shell: State<'_, Shell>, connection_id: ConnectionId) -> Result<Disconnected> {
    shell.core().await?.disconnect(&connection_id).await
}

/// Removes a disconnected connection with its history.
#[tauri::command]
#[specta::specta]
pub(crate) async fn forget(shell: State<'_, Shell>, connection_id: ConnectionId) -> Result<()> {
    shell.core().await?.forget(&connection_id).await
}

/// Cancels a call that the window waits for, by the number it gave it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn cancel(calls: State<'_, Calls>, call: u32) -> Result<()> {
    calls.cancel(call);
    Ok(())
}

/// What happened, newest first: to one connection, or to all; only what contains `search`, if anything is to.
#[tauri::command]
#[specta::specta]
pub(crate) async fn activity(
    shell: State<'_, Shell>,
    connection_id: Option<ConnectionId>,
    search: Option<String>,
) -> Result<Vec<Entry>> {
    shell.core().await?.activity(connection_id.as_ref(), search.as_deref())
}

/// Copies text that is no secret.
#[tauri::command]
#[specta::specta]
pub(crate) async fn copy_text(clipboard: State<'_, Clipboard>, text: String) -> Result<()> {
    clipboard.copy(&text)
}

/// Asks the keyring again; answers why it does not open the vault, if it does not.
#[tauri::command]
#[specta::specta]
pub(crate) async fn check_vault(shell: State<'_, Shell>) -> Result<Option<Error>> {
    Ok(shell.core().await?.check_vault().await)
}
