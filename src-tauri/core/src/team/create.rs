//! Creates a team in a database, and joins one.

use std::sync::Arc;

use grapnel_model::activity::Kind;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::TeamId;
use grapnel_model::secret::SecretString;
use grapnel_model::team::{JoinedTeam, OpenedInvitation, Team as TeamView};
use grapnel_store::team::TeamRow;
use grapnel_store::{activity, connection, shared_connection as stored_connection, team};
use grapnel_team::postgres::schema_version;
use grapnel_team::{Identity, Invitation, Team, TeamError};

use super::input::{Join, NewTeam};
use super::view;
use crate::context::Context;
use crate::shared_connection;
use crate::shared_record::{
    associated_data_in, create_store, database_name, database_place, keep_session, open_store, own_identity,
    shown_members, stored_version, told, url_associated_data,
};
use crate::unique_names::UniqueNames;

/// Creates a team, with this person as its owner.
pub(crate) async fn create(ctx: &Arc<Context>, new: NewTeam) -> Result<TeamView> {
    let name = new.name.trim().to_owned();
    if ctx.store.read(|c| team::named(c, &name))?.is_some() {
        return Err(Error::input("name", format!("There is already a team called “{name}” here."))
            .means("Nothing was created.")
            .hint("Choose another name."));
    }
    let failed = |error| told(&error).means("Nothing was created.");
    grapnel_team::checked_name(&name).map_err(failed)?;
    grapnel_team::checked_name(&new.member)
        .map_err(|error| Error { field: Some("member".to_owned()), ..failed(error) })?;
    let own = own_identity(ctx).await.map_err(|error| error.or_means("Nothing was created."))?;
    let store = create_store(&new.database_url, new.schema.as_deref()).await.map_err(failed)?;
    let schema = store.schema().to_owned();
    // In a schema that was named, there may be a team of others.
    let is_own_schema = new.schema.is_none();
    let created = Team::create(store, &name, &new.member, own).await.map_err(|error| match error {
        TeamError::Unconfirmed | TeamError::Unreachable { .. } => {
            perhaps_created(told(&error), &schema, is_own_schema)
        }
        TeamError::TeamExists => failed(error),
        _ => told(&error).means(format!("No team was created; the schema {schema} is in the database.")),
    })?;
    let id = TeamId(created.id().0.clone());
    let text = format!("The team “{name}” was created.");
    keep(ctx, created, &name, (&new.database_url, None), &text).await.map_err(|error| {
        error
            .means(format!(
                "The team was created in the schema {schema} of the database, but it could not be stored here: nobody \
                 has its keys. No tokens were shared."
            ))
            .hint(format!("Drop the schema {schema}, then create the team again."))
    })?;
    view::one(ctx, &id)
}

/// Joins a team, and takes in what it shares.
pub(crate) async fn join(ctx: &Arc<Context>, join: Join) -> Result<JoinedTeam> {
    let own = own_identity(ctx).await?;
    let invitation = open(join.invitation, join.passphrase, &own).await?;
    let id = TeamId(invitation.team.0.clone());
    if ctx.store.read(|c| team::get(c, &id))?.is_some() {
        return Err(Error::input("invitation", "This Grapnel is a member of this team already.")
            .means("Nothing was changed.")
            .hint("To join as another member, leave the team first."));
    }
    if join.database_url.is_none() && !join.agrees_to_paths {
        let shown = shown(&invitation)?;
        if let Some(path) = shown.local_paths.first() {
            return Err(Error::input(
                "invitation",
                format!("The database URL of this invitation names “{path}” on this computer."),
            )
            .means("Nothing was joined, and nothing was asked of it.")
            .hint("If you did not agree on this with who invited you, do not join."));
        }
    }
    let Some(url) = join.database_url.or_else(|| invitation.database_url.clone()) else {
        return Err(Error::input(
            "database_url",
            "This invitation does not say where the team’s database is.",
        )
        .means("Nothing was joined.")
        .hint("Ask whoever runs the database for its URL, and give it with --database-url-stdin."));
    };
    join_as(ctx, &invitation, own, &url).await?;
    let left_out = shared_connection::sync(ctx, &id).await.map_err(|error| {
        error.means("The team was joined. Not all of its connections are here yet.").hint(
            "They follow by themselves when the team’s database can be reached, or with: grapnel team status",
        )
    })?;
    let mut connections = Vec::new();
    // Also those that were taken in beside this.
    for shared in ctx.store.read(|c| stored_connection::of_team(c, &id))? {
        let row = ctx.store.read(|c| connection::get(c, &shared.connection_id))?;
        connections.extend(row.map(|row| row.name));
    }
    connections.sort();
    Ok(JoinedTeam { team: view::one(ctx, &id)?, connections, left_out })
}

/// What an invitation says. Nothing is asked of its database.
pub(crate) async fn read_invitation(
    ctx: &Context,
    invitation: String,
    passphrase: Option<SecretString>,
) -> Result<OpenedInvitation> {
    let own = own_identity(ctx).await?;
    shown(&open(invitation, passphrase, &own).await?)
}

async fn open(text: String, passphrase: Option<SecretString>, own: &Identity) -> Result<Invitation> {
    let opened = match passphrase {
        Some(passphrase) => {
            let opened = move || Invitation::open_with_passphrase(&text, &passphrase);
            let interrupted = |_| Error::new(Code::Internal, "Opening the invitation was interrupted.");
            tokio::task::spawn_blocking(opened).await.map_err(interrupted)?
        }
        None => Invitation::open(&text, own),
    };
    opened.map_err(|error| Error {
        field: Some("invitation".to_owned()),
        ..told(&error).means("Nothing was joined.")
    })
}

fn shown(invitation: &Invitation) -> Result<OpenedInvitation> {
    let url = invitation.database_url.as_ref();
    let (host, local_paths) = match url {
        Some(url) => {
            let (host, paths) = database_place(url).map_err(|error| told(&error))?;
            (Some(host), paths)
        }
        None => (None, Vec::new()),
    };
    Ok(OpenedInvitation { host, fingerprint: invitation.creator_fingerprint(), local_paths })
}

/// Becomes the member of an opened invitation.
pub(super) async fn join_as(
    ctx: &Arc<Context>,
    invitation: &Invitation,
    own: Identity,
    url: &SecretString,
) -> Result<()> {
    let refused = |error| told(&error).means("Nothing was joined.");
    let store = open_store(url, &invitation.schema).map_err(refused)?;
    let joined = Team::join(store, invitation, own).await.map_err(refused)?;
    let mut names = UniqueNames::default();
    for row in ctx.store.read(team::all)? {
        names.take(&row.name);
    }
    let name = joined.membership().await.map_err(refused)?.name;
    let name = names.unique(&name);
    let text = format!("The team “{name}” was joined.");
    let kept = keep(ctx, joined, &name, (url, invitation.identity.as_ref()), &text).await;
    kept.map_err(|error| error.means("Nothing was joined. The invitation can be used again."))
}

fn perhaps_created(error: Error, schema: &str, is_own_schema: bool) -> Error {
    let error = error.means(format!(
        "The schema {schema} may be left in the database, with a team of which nobody has the keys. No tokens were \
         shared."
    ));
    if is_own_schema {
        error.hint(format!(
            "When the database can be reached, drop the schema {schema}; then create the team again."
        ))
    } else {
        error.hint(format!(
            "When the database can be reached, create the team again. If there is a team in the schema {schema} then, \
             ask the database’s administrator whether it is in use before it is dropped; or choose another schema."
        ))
    }
}

/// Stores a team that was created or joined.
async fn keep(
    ctx: &Arc<Context>,
    team: Team,
    name: &str,
    (url, identity): (&SecretString, Option<&Identity>),
    text: &str,
) -> Result<()> {
    let id = TeamId(team.id().0.clone());
    let membership = team.membership().await.map_err(|error| told(&error))?;
    let (role, _, members) = shown_members(&membership, team.member_id());
    let seen = team.seen();
    let (host, database) = database_name(url).map_err(|error| told(&error))?;
    let working = ctx.begin_sealed_write().await?;
    let row = TeamRow {
        id: id.clone(),
        name: name.to_owned(),
        host,
        database_name: Some(database),
        schema_name: team.store().schema().to_owned(),
        schema_version: Some(schema_version()),
        member_id: team.member_id().0.clone(),
        role,
        sealed_url: ctx.vault.seal(&url_associated_data(&id), url).await?,
        sealed_identity: match identity {
            Some(identity) => Some(ctx.vault.seal(&associated_data_in(&id), &identity.to_text()).await?),
            None => None,
        },
        members,
        membership_version: stored_version(seen.version)?,
        seen: serde_json::to_string(&seen)
            .map_err(|_| Error::new(Code::Internal, "The team could not be stored."))?,
        reached_at: Some(ctx.now()),
        unreachable: None,
    };
    ctx.store.write(|tx| {
        team::insert(tx, &row)?;
        activity::add(tx, ctx.now(), Kind::TeamMembers, text, (None, None))
    })?;
    drop(working);
    if let Err(error) = keep_session(ctx, &row, team).await {
        // The team is stored: it is opened at the next need.
        tracing::warn!(%error, "the session with a new team was not kept");
    }
    ctx.emit(Event::Teams);
    Ok(())
}
