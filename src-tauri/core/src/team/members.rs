//! Invites and removes members, and leaves a team.

use std::sync::Arc;

use grapnel_model::activity::Kind;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::{ConnectionId, TeamId};
use grapnel_model::secret::SecretString;
use grapnel_model::team::{Invited, LeftTeam, RemovedMember, TeamMember, TeamRole};
use grapnel_store::shared_connection::SharedRow;
use grapnel_store::{activity, connection, shared_connection, team};
use grapnel_team::port::MemberId;
use grapnel_team::{Removal, Role, TeamError};

use super::input::{Invite, InviteOpener, InvitedUrl};
use super::view;
use crate::context::Context;
use crate::shared_connection::forget;
use crate::shared_record::{self, database_name, forget_session, own_identity, url_associated_data};
use crate::team_session::TeamSession;

/// This person's public key.
pub(crate) async fn own_key(ctx: &Context) -> Result<String> {
    Ok(own_identity(ctx).await?.public_key().to_string())
}

/// The fingerprint of this person's public key, for who invites them to compare.
pub(crate) async fn own_key_fingerprint(ctx: &Context) -> Result<String> {
    Ok(own_identity(ctx).await?.public_key().fingerprint())
}

/// What is wrong with a public key, before anybody is asked for anything.
pub(crate) fn check_key(key: &str) -> Result<()> {
    parse_key(key).map(drop)
}

fn parse_key(key: &str) -> Result<grapnel_team::PublicKey> {
    key.parse().map_err(|error| nobody_invited(shared_record::told(&error)))
}

fn nobody_invited(error: Error) -> Error {
    error.means("Nobody was invited.")
}

/// Invites a person, or a worker: its key is a secret.
///
/// # Errors
/// They say whether somebody was invited.
pub(crate) async fn invite(
    ctx: &Context,
    id: &TeamId,
    invite: Invite,
) -> Result<(Invited, Option<SecretString>)> {
    let mut fingerprint = None;
    let opened_by = match invite.opened_by {
        InviteOpener::Key(key) => {
            let key = parse_key(&key)?;
            fingerprint = Some(key.fingerprint());
            grapnel_team::Invited::PublicKey(key)
        }
        InviteOpener::Passphrase(passphrase) => grapnel_team::Invited::Passphrase(passphrase),
        InviteOpener::WorkerKey => grapnel_team::Invited::Worker,
    };
    let session = shared_record::session(ctx, id).await.map_err(nobody_invited)?;
    let row = ctx.store.read(|c| team::get(c, id))?.ok_or_else(no_team).map_err(nobody_invited)?;
    let has_own_url = matches!(invite.database_url, InvitedUrl::Own) && invite.role != TeamRole::Worker;
    let url = match invite.database_url {
        InvitedUrl::Own => {
            let url = ctx.vault.open(&url_associated_data(id), &row.sealed_url).await;
            Some(url.map_err(nobody_invited)?)
        }
        InvitedUrl::Given(url) => {
            // One that cannot be used is told now, not to the invited person.
            database_name(&url).map_err(|error| nobody_invited(shared_record::told(&error)))?;
            Some(url)
        }
        InvitedUrl::Withheld => None,
    };
    let role = match invite.role {
        TeamRole::Owner => Role::Owner,
        TeamRole::Member => Role::Member,
        TeamRole::Worker => Role::Worker,
    };
    let name = invite.name.trim();
    let made = session.team().invite(name, role, &opened_by, url.as_ref()).await;
    let team_fingerprint = session.team().seen().owners.fingerprint();
    let is_unconfirmed = made.as_ref().is_err_and(|error| *error == TeamError::Unconfirmed);
    let made = session
        .checked(ctx, made)
        .map_err(|error| if is_unconfirmed { perhaps_invited(error, name) } else { nobody_invited(error) })?;
    // What was written is known without another look at the database, which could fail.
    session.remember(ctx).await.map_err(|error| invited_unseen(error, name))?;
    let member = member_named(ctx, id, name).map_err(|error| invited_unseen(error, name))?;
    let text = match invite.role {
        TeamRole::Worker => {
            format!("A key for the worker “{}” of the team “{}” was made.", member.name, row.name)
        }
        _ => format!("“{}” was invited to the team “{}”.", member.name, row.name),
    };
    log(ctx, &text).map_err(|error| invited_unseen(error, name))?;
    let invited = |invitation| Invited { member, invitation, has_own_url, fingerprint, team_fingerprint };
    Ok(if invite.role == TeamRole::Worker {
        (invited(None), Some(made))
    } else {
        let text = grapnel_model::secret::ExposeSecret::expose_secret(&made).to_owned();
        (invited(Some(text)), None)
    })
}

/// Removes a member: the keys change, and every record is encrypted anew.
pub(crate) async fn remove(ctx: &Context, id: &TeamId, member: &str) -> Result<RemovedMember> {
    let nobody = |error: Error| error.means("Nobody was removed. The tokens on this computer are unchanged.");
    let known = view::one(ctx, id)?.members.into_iter().find(|known| known.id == member);
    let member =
        known.ok_or_else(|| nobody(Error::new(Code::NotFound, "This member is not in the team.")))?;
    let session = shared_record::session(ctx, id).await.map_err(nobody)?;
    let removed = session.team().remove(&MemberId(member.id.clone())).await;
    let is_unconfirmed = removed.as_ref().is_err_and(|error| *error == TeamError::Unconfirmed);
    let removed = session
        .checked(ctx, removed)
        .map_err(|error| if is_unconfirmed { perhaps_removed(error, &member.name) } else { nobody(error) })?;
    removed_here(ctx, id, &session, member, removed).await
}

/// Stores a removal that is done, and tells what it leaves to be done.
async fn removed_here(
    ctx: &Context,
    id: &TeamId,
    session: &TeamSession,
    member: TeamMember,
    removed: Removal,
) -> Result<RemovedMember> {
    let name = member.name.clone();
    let stored = async {
        session.remember(ctx).await?;
        told_removal(ctx, id, session, member, removed)
    };
    stored.await.map_err(|error| {
        error
            .means(format!(
                "“{name}” was removed from the team, and its keys were changed. Only what is stored here does not say \
                 so yet."
            ))
            .or_hint("See the members: grapnel team members")
    })
}

fn told_removal(
    ctx: &Context,
    id: &TeamId,
    session: &TeamSession,
    member: TeamMember,
    removed: Removal,
) -> Result<RemovedMember> {
    let mut text = format!("“{}” was removed from the team “{}”.", removed.removed.name, session.name());
    if !removed.secrets_made.is_empty() {
        text = format!(
            "{text} The secrets of {} were made by that member, who may have kept them: remove and invite them anew.",
            removed.secrets_made.join(", ")
        );
    }
    log(ctx, &text)?;
    let mut connections = Vec::new();
    for shared in ctx.store.read(|c| shared_connection::of_team(c, id))? {
        let row = ctx.store.read(|c| connection::get(c, &shared.connection_id))?;
        connections.extend(row.filter(|row| row.grant.is_some()).map(|row| row.name));
    }
    connections.sort();
    Ok(RemovedMember {
        team: view::one(ctx, id)?,
        member,
        connections,
        secrets_made: removed.secrets_made,
        had_left: removed.had_left,
        unreadable: u32::try_from(removed.unreadable).unwrap_or(u32::MAX),
    })
}

/// Leaves a team: its connections are removed here. The team keeps them, and an owner removes this member.
///
/// # Errors
/// They say whether the team was left.
pub(crate) async fn leave(ctx: &Arc<Context>, id: &TeamId) -> Result<LeftTeam> {
    let row = ctx.store.read(|c| team::get(c, id))?.ok_or_else(no_team)?;
    let mut names = Vec::new();
    // The list that is stored here may be older than the last invitation.
    let asked = async { shared_record::session(ctx, id).await?.renew_keys(ctx).await };
    if let Err(error) = asked.await {
        tracing::info!(%error, "the members could not be read before leaving");
    }
    let row = ctx.store.read(|c| team::get(c, id))?.unwrap_or(row);
    let was_last = row.members.iter().all(|member| member.is_self);
    let left = if was_last { push_all(ctx, id).await.map(|()| false) } else { leave_there(ctx, id).await };
    let keys_deleted = match left {
        Ok(keys_deleted) => keys_deleted,
        Err(error) if error.code == Code::TeamUnreachable && !pending(ctx, id)?.is_empty() => {
            return Err(error
                .means("The team was not left: this computer has new tokens that the team does not have yet.")
                .hint("Try again when the team’s database can be reached."));
        }
        Err(error) if error.code.is_of_team_content() && !pending(ctx, id)?.is_empty() => {
            let names = pending(ctx, id)?.into_iter().map(|shared| name_of(ctx, &shared.connection_id));
            let names = names.collect::<Result<Vec<_>>>()?.join(", ");
            return Err(error
                .means(format!(
                    "The team was not left: only this computer has the newest tokens of {names}, and they would be \
                     lost."
                ))
                .hint(
                    "An owner keeps them: grapnel unshare. To give them up, remove the connections here first: grapnel \
                     disconnect --forget",
                ));
        }
        // It is left here also if an owner has removed this member, or if the database is gone.
        Err(error)
            if matches!(error.code, Code::TeamUnreachable | Code::TeamRefused)
                || error.code.is_of_team_content() =>
        {
            false
        }
        Err(error) => return Err(error.means("The team was not left. Nothing was changed.")),
    };
    for shared in ctx.store.read(|c| shared_connection::of_team(c, id))? {
        let name = ctx.store.read(|c| connection::get(c, &shared.connection_id))?.map(|row| row.name);
        forget(ctx, &shared.connection_id, false).await.map_err(|error| half_left(error, keys_deleted))?;
        names.extend(name);
    }
    ctx.store.write(|tx| {
        team::remove(tx, id)?;
        let text = format!("The team “{}” was left.", row.name);
        activity::add(tx, ctx.now(), Kind::TeamMembers, &text, (None, None))
    })?;
    forget_session(ctx, id).await;
    ctx.emit(Event::Teams);
    ctx.emit(Event::Apps);
    names.sort();
    Ok(LeftTeam { connections: names, keys_deleted, was_last })
}

/// Returns whether the own keys were deleted from the database.
async fn leave_there(ctx: &Arc<Context>, id: &TeamId) -> Result<bool> {
    push_all(ctx, id).await?;
    let session = shared_record::session(ctx, id).await?;
    let left = session.team().leave().await;
    session.checked(ctx, left)
}

/// Writes what the team does not have yet: it would be lost. One that fails does not keep back the others.
async fn push_all(ctx: &Arc<Context>, id: &TeamId) -> Result<()> {
    let mut all = Ok(());
    for shared in pending(ctx, id)? {
        let pushed = shared_record::push_pending(ctx, &shared.connection_id).await;
        all = all.and(pushed);
    }
    all
}

fn name_of(ctx: &Context, id: &ConnectionId) -> Result<String> {
    Ok(ctx.store.read(|c| connection::get(c, id))?.map(|row| row.name).unwrap_or_default())
}

fn pending(ctx: &Context, id: &TeamId) -> Result<Vec<SharedRow>> {
    let mut pending = ctx.store.read(shared_connection::pending)?;
    pending.retain(|shared| shared.team_id == *id);
    Ok(pending)
}

/// The answer of the database was lost, so the invitation was not written.
fn perhaps_invited(error: Error, name: &str) -> Error {
    error
        .means(format!(
            "“{name}” may be among the members or not; there is no invitation. The tokens on this computer are \
             unchanged."
        ))
        .hint(format!(
            "When the database can be reached, see the members: grapnel team members. If “{name}” is among them, \
             remove that one; then invite it again."
        ))
}

fn invited_unseen(error: Error, name: &str) -> Error {
    error
        .means(format!(
            "“{name}” was added to the team, but the invitation was not made. No tokens were changed."
        ))
        .hint(format!("Remove “{name}” from the team, then invite it again."))
}

fn perhaps_removed(error: Error, name: &str) -> Error {
    error
        .means(format!(
            "“{name}” was removed with all that belongs to it, or nothing was changed. The tokens on this computer are \
             unchanged."
        ))
        .hint(format!(
            "When the database can be reached, see the members: grapnel team members. If “{name}” is still among them, \
             remove it again."
        ))
}

fn half_left(error: Error, keys_deleted: bool) -> Error {
    let there = if keys_deleted {
        "Your keys were deleted from the team’s database"
    } else {
        "The team was told nothing"
    };
    error
        .means(format!(
            "{there}. Here, the team is not left yet, and not all of its connections are removed."
        ))
        .or_hint("Leave it again: grapnel team leave")
}

fn member_named(ctx: &Context, id: &TeamId, name: &str) -> Result<TeamMember> {
    let members = view::one(ctx, id)?.members;
    let found = members.into_iter().find(|member| member.name == name);
    found.ok_or_else(|| Error::new(Code::Internal, "The new member is not in the team."))
}

fn log(ctx: &Context, text: &str) -> Result<()> {
    ctx.store.write(|tx| activity::add(tx, ctx.now(), Kind::TeamMembers, text, (None, None)))?;
    ctx.emit(Event::Activity);
    Ok(())
}

fn no_team() -> Error {
    Error::new(Code::NotFound, "This team is not here any more.").hint("Join it again with a new invitation.")
}
