//! `grapnel team`, `grapnel share` and `grapnel unshare`: connections that are shared through a database.

mod activity;
mod arguments;
mod find;
mod invite;
mod members;
mod print;
mod share;

use grapnel_core::team::NewTeam;
use grapnel_model::error::{Error, Result};
use grapnel_model::secret::SecretString;

use crate::session::Session;
pub(crate) use arguments::{Command, Share, Unshare};
use print::{Created, Key, Teams};
pub(crate) use share::{share, unshare};

pub(crate) async fn run(session: &mut Session<'_>, command: Command) -> Result<()> {
    match command {
        Command::Create(asked) => create(session, asked).await,
        Command::Key => {
            let key = session.grapnel.team_key().await?;
            let fingerprint = session.grapnel.team_key_fingerprint().await?;
            session.output.messages.note(&format!("Fingerprint: {fingerprint}"));
            session.output.show(&Key { key, fingerprint })
        }
        Command::Invite(asked) => invite::invite(session, asked).await,
        Command::Join(asked) => invite::join(session, asked).await,
        Command::List => {
            let teams = session.grapnel.teams()?;
            session.output.show(&Teams(teams))
        }
        Command::Members { team } => members::members(session, team.as_deref()).await,
        Command::Remove(asked) => members::remove(session, asked).await,
        Command::Status { team } => members::status(session, team.as_deref()).await,
        Command::Url(asked) => change_url(session, asked).await,
        Command::Activity { connection } => activity::activity(session, &connection).await,
        Command::Leave(asked) => members::leave(session, asked).await,
    }
}

async fn create(session: &mut Session<'_>, asked: arguments::Create) -> Result<()> {
    let database_url = database_url(session, asked.database_url_stdin)
        .map_err(|error| error.means("Nothing was created."))?;
    let new = NewTeam {
        name: asked.name,
        member: asked.member.unwrap_or_else(account_name),
        database_url,
        schema: asked.schema,
    };
    let team = session.grapnel.create_team(new).await?;
    session.output.show(&Created(team))
}

async fn change_url(session: &mut Session<'_>, asked: arguments::Url) -> Result<()> {
    let known = find::team(&session.grapnel, asked.team.as_deref())?;
    let url = database_url(session, asked.database_url_stdin)
        .map_err(|error| error.means("Nothing was changed."))?;
    let team = session.grapnel.change_team_url(&known.id, &url).await?;
    session.output.show(&Teams(vec![team]))
}

/// The URL of a database, from a hidden prompt or standard input.
fn database_url(session: &mut Session<'_>, from_standard_input: bool) -> Result<SecretString> {
    if !from_standard_input && !session.can_ask() {
        return Err(Error::input("database-url-stdin", "The URL of the database is needed.")
            .hint("Add --database-url-stdin and write it to standard input; it may hold a password."));
    }
    session.secret("database-url-stdin", "URL of the database (not shown): ")
}

/// The name of the account of this computer.
fn account_name() -> String {
    let named = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    named.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "owner".to_owned())
}
