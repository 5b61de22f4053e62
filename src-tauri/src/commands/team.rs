//! Commands for teams and shared connections. What lets others use tokens, an invitation or a shared connection, is
//! confirmed in a dialog of the system. A worker's key is held here, and copied from here: the page does not get it.

use grapnel_core::team::{Invite, InviteOpener, InvitedUrl, Join, NewTeam};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::{ConnectionId, TeamId};
use grapnel_model::secret::{SecretInput, SecretString};
use grapnel_model::team::{Invited, JoinedTeam, LeftTeam, RemovedMember, Team, TeamActivity, TeamRole};
use parking_lot::Mutex;
use serde::Deserialize;
use tauri::{AppHandle, State};

use crate::cancellation::CancellableCalls;
use crate::clipboard::Clipboard;
use crate::confirm;
use crate::core_handle::CoreHandle;

/// The worker's key that was made last, until the person has closed its notice.
#[derive(Default)]
pub(crate) struct WorkerKey(Mutex<Option<SecretString>>);

impl WorkerKey {
    fn held(&self) -> parking_lot::MutexGuard<'_, Option<SecretString>> {
        self.0.lock()
    }
}

/// The teams, as they were when their databases were last reached.
#[tauri::command]
#[specta::specta]
pub(crate) async fn teams(core: State<'_, CoreHandle>) -> Result<Vec<Team>> {
    core.core().await?.teams()
}

/// The public key by which others invite this person.
#[tauri::command]
#[specta::specta]
pub(crate) async fn team_key(core: State<'_, CoreHandle>) -> Result<String> {
    core.core().await?.team_key().await
}

/// Creates a team in a database. Without `schema`, its schema gets a random name. If the URL names files of this
/// computer, the person confirms that first; returns null if they do not.
#[tauri::command]
#[specta::specta]
#[expect(clippy::too_many_arguments, reason = "the framework passes three of them")]
pub(crate) async fn create_team(
    core: State<'_, CoreHandle>,
    app: AppHandle,
    calls: State<'_, CancellableCalls>,
    name: String,
    member: String,
    database_url: SecretInput,
    schema: Option<String>,
    call: u32,
) -> Result<Option<Team>> {
    let core = core.core().await?;
    let (host, paths) = core.database_place(&database_url.0)?;
    let place = (&*host, &*paths);
    if !paths.is_empty() && !confirm::database(&app, &name, place, confirm::FIRST_DATABASE).await? {
        return Ok(None);
    }
    let new = NewTeam { name, member, database_url: database_url.0, schema };
    calls.run(call, core.create_team(new)).await.map(Some)
}

/// Whether an invitation needs a passphrase.
#[tauri::command]
#[specta::specta]
pub(crate) async fn invitation_needs_passphrase(
    core: State<'_, CoreHandle>,
    invitation: String,
) -> Result<bool> {
    core.core().await?.invitation_needs_passphrase(&invitation)
}

/// Joins a team by an invitation, if the person confirms where it leads; returns null if they do not.
#[tauri::command]
#[specta::specta]
pub(crate) async fn join_team(
    core: State<'_, CoreHandle>,
    app: AppHandle,
    calls: State<'_, CancellableCalls>,
    invitation: String,
    passphrase: Option<SecretInput>,
    database_url: Option<SecretInput>,
    call: u32,
) -> Result<Option<JoinedTeam>> {
    let core = core.core().await?;
    let [passphrase, database_url] = [passphrase, database_url].map(|given| given.map(|secret| secret.0));
    let opened = core.read_invitation(invitation.clone(), passphrase.clone()).await?;
    if !confirm::join(&app, &opened, database_url.is_some()).await? {
        return Ok(None);
    }
    let join = Join { invitation, passphrase, database_url, agrees_to_paths: true };
    calls.run(call, core.join_team(join)).await.map(Some)
}

/// Asks a team's database: reads what others changed, and writes what is pending.
#[tauri::command]
#[specta::specta]
pub(crate) async fn sync_team(
    core: State<'_, CoreHandle>,
    calls: State<'_, CancellableCalls>,
    team_id: TeamId,
    call: u32,
) -> Result<Team> {
    calls.run(call, core.core().await?.sync_team(&team_id)).await
}

/// Replaces the URL of a team's database, once the person has confirmed its host and the team was read by it; returns
/// null if they do not.
#[tauri::command]
#[specta::specta]
pub(crate) async fn change_team_url(
    core: State<'_, CoreHandle>,
    app: AppHandle,
    calls: State<'_, CancellableCalls>,
    team_id: TeamId,
    database_url: SecretInput,
    call: u32,
) -> Result<Option<Team>> {
    let core = core.core().await?;
    let (host, paths) = core.database_place(&database_url.0)?;
    let team = team(core.teams()?, &team_id)?.name;
    if !confirm::database(&app, &team, (&host, &paths), confirm::OTHER_DATABASE).await? {
        return Ok(None);
    }
    calls.run(call, core.change_team_url(&team_id, &database_url.0)).await.map(Some)
}

/// A person who is to be invited to a team.
#[derive(Deserialize, specta::Type)]
pub(crate) struct NewMember {
    /// The name in the team.
    name: String,
    /// Whether as an owner.
    is_owner: bool,
    /// The person's public key, which the invitation is encrypted for.
    key: Option<String>,
    /// What opens the invitation instead.
    passphrase: Option<SecretInput>,
    /// The database URL for this person; without it, the invitation has the inviter's own.
    database_url: Option<SecretInput>,
}

/// Invites a person by their public key or with a passphrase, if the person confirms; returns null if they do not.
#[tauri::command]
#[specta::specta]
pub(crate) async fn invite_member(
    core: State<'_, CoreHandle>,
    app: AppHandle,
    team_id: TeamId,
    person: NewMember,
) -> Result<Option<Invited>> {
    let core = core.core().await?;
    let NewMember { name, is_owner, key, passphrase, database_url } = person;
    let opened_by = match (key, passphrase) {
        (Some(key), _) => InviteOpener::Key(key),
        (None, Some(passphrase)) => InviteOpener::Passphrase(passphrase.0),
        (None, None) => return Err(Error::input("key", "A public key or a passphrase is needed.")),
    };
    if let InviteOpener::Key(key) = &opened_by {
        core.check_team_key(key)?;
    }
    if !confirm::invite(&app, &name, &team(core.teams()?, &team_id)?).await? {
        return Ok(None);
    }
    let role = if is_owner { TeamRole::Owner } else { TeamRole::Member };
    let database_url = database_url.map_or(InvitedUrl::Own, |url| InvitedUrl::Given(url.0));
    let invite = Invite { name, role, opened_by, database_url };
    let (invited, _) = core.invite(&team_id, invite).await?;
    Ok(Some(invited))
}

/// Makes the key of a worker, if the person confirms; returns null if they do not. The key can then be copied.
#[tauri::command]
#[specta::specta]
pub(crate) async fn invite_worker(
    core: State<'_, CoreHandle>,
    made: State<'_, WorkerKey>,
    app: AppHandle,
    team_id: TeamId,
    name: String,
) -> Result<Option<Invited>> {
    let core = core.core().await?;
    if !confirm::invite(&app, &name, &team(core.teams()?, &team_id)?).await? {
        return Ok(None);
    }
    let (role, opened_by) = (TeamRole::Worker, InviteOpener::WorkerKey);
    let invite = Invite { name, role, opened_by, database_url: InvitedUrl::Withheld };
    let (invited, key) = core.invite(&team_id, invite).await?;
    *made.held() = key;
    Ok(Some(invited))
}

/// Copies the worker's key that was made last, and clears the clipboard like a token's copy.
#[tauri::command]
#[specta::specta]
pub(crate) async fn copy_worker_key(
    made: State<'_, WorkerKey>,
    clipboard: State<'_, Clipboard>,
) -> Result<()> {
    let key = made.held().clone().ok_or_else(|| {
        Error::new(Code::NotFound, "The worker’s key is not here any more.")
            .hint("Remove the worker, and invite it again.")
    })?;
    clipboard
        .copy_for_a_while(key, "Remove the worker, and invite it with “grapnel team invite” in a terminal.")
}

/// Drops the worker's key that was made last.
#[tauri::command]
#[specta::specta]
pub(crate) async fn drop_worker_key(made: State<'_, WorkerKey>) -> Result<()> {
    *made.held() = None;
    Ok(())
}

/// Removes a member: the team's keys change.
#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_member(
    core: State<'_, CoreHandle>,
    team_id: TeamId,
    member_id: String,
) -> Result<RemovedMember> {
    core.core().await?.remove_member(&team_id, &member_id).await
}

/// Leaves a team: its connections are removed here.
#[tauri::command]
#[specta::specta]
pub(crate) async fn leave_team(core: State<'_, CoreHandle>, team_id: TeamId) -> Result<LeftTeam> {
    core.core().await?.leave_team(&team_id).await
}

/// Shares a connection with a team, if the person confirms; returns whether they did.
#[tauri::command]
#[specta::specta]
pub(crate) async fn share_connection(
    core: State<'_, CoreHandle>,
    app: AppHandle,
    connection_id: ConnectionId,
    team_id: TeamId,
) -> Result<bool> {
    let core = core.core().await?;
    let name = core.connection(&connection_id)?.summary.name;
    if !confirm::share(&app, &name, &team(core.teams()?, &team_id)?).await? {
        return Ok(false);
    }
    core.share(&connection_id, &team_id).await.map(|()| true)
}

/// Stops sharing a connection.
#[tauri::command]
#[specta::specta]
pub(crate) async fn unshare_connection(
    core: State<'_, CoreHandle>,
    connection_id: ConnectionId,
) -> Result<()> {
    core.core().await?.unshare(&connection_id).await
}

/// What the team did with a shared connection, newest first. Asks the team's database.
#[tauri::command]
#[specta::specta]
pub(crate) async fn team_activity(
    core: State<'_, CoreHandle>,
    calls: State<'_, CancellableCalls>,
    connection_id: ConnectionId,
    call: u32,
) -> Result<Vec<TeamActivity>> {
    calls.run(call, core.core().await?.team_activity(&connection_id)).await
}

fn team(teams: Vec<Team>, id: &TeamId) -> Result<Team> {
    teams.into_iter().find(|team| team.id == *id).ok_or_else(|| {
        Error::new(Code::NotFound, "This team is not here any more.")
            .hint("Join it again with a new invitation.")
    })
}
