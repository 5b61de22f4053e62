//! `grapnel app`: the clients that a person registered with providers.

mod add;
mod check;
mod discover;
mod duplicate;
mod edit;
mod import;
mod print;
mod share;
mod values;

use clap::{Args, Subcommand};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::redirect::ProposedRedirect;

use crate::lookup;
use crate::session::Session;
use print::{AppList, Profile, Proposed, PublicKey, Removed};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add an app that you registered with a provider
    Add(add::Add),
    /// Print unused redirect URIs: register one with the provider, then add the app with --redirect
    Redirect,
    /// List apps
    List,
    /// Show an app
    Show {
        /// The app's name
        name: String,
    },
    /// Edit an app (omitted options are unchanged)
    #[command(visible_alias = "edit")]
    Set(Box<edit::Set>),
    /// Read the issuer's metadata again, and update the app
    Discover(discover::Discover),
    /// Test the app's endpoints and its issuer's metadata, without credentials
    Check {
        /// The app's name
        name: String,
    },
    /// Print the app's public key (JSON Web Key Set), to register it with the provider
    Key {
        /// The app's name
        name: String,
    },
    /// Add an app from an export of Postman, Insomnia or Bruno, an OpenAPI document, a .env or profile file
    Import(Box<import::Import>),
    /// Add an app from a curl command or an authorization URL on standard input
    Curl(Box<import::Curl>),
    /// Add an app like another one, without its connections
    Duplicate(Box<duplicate::Duplicate>),
    /// Write the app's provider profile as a file for another person, without client ID and secrets
    Share(share::Share),
    /// Print the app's provider profile as a file, without secrets
    Profile {
        /// The app's name
        name: String,
    },
    /// Remove an app
    Remove(Remove),
}

impl Command {
    /// Whether the command needs an open vault.
    pub(crate) fn needs_vault(&self) -> bool {
        match self {
            Self::Add(_) | Self::Duplicate(_) | Self::Key { .. } => true,
            Self::Import(asked) => asked.needs_vault(),
            Self::Curl(asked) => asked.needs_vault(),
            Self::Set(change) => change.needs_vault(),
            Self::Discover(asked) => asked.client_secret_stdin,
            _ => false,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// The app's name
    name: String,
    /// Also disconnect and remove its connections, with their history
    #[arg(long)]
    with_connections: bool,
    /// Skip confirmation
    #[arg(long, short)]
    yes: bool,
}

pub(crate) async fn run(session: &mut Session<'_>, command: Command) -> Result<()> {
    match command {
        Command::Add(new) => add::run(session, new).await,
        Command::Redirect => session.output.show(&Proposed(ProposedRedirect::random())),
        Command::List => {
            let apps = session.grapnel.apps()?;
            session.output.show(&AppList(apps))
        }
        Command::Show { name } => {
            let app = lookup::app(&session.grapnel, &name)?;
            session.output.show(&app)
        }
        Command::Set(change) => edit::run(session, *change).await,
        Command::Discover(asked) => discover::run(session, asked).await,
        Command::Check { name } => check::run(session, &name).await,
        Command::Key { name } => {
            let app = lookup::app(&session.grapnel, &name)?;
            session.output.show(&PublicKey(session.grapnel.public_key(&app.id).await?))
        }
        Command::Import(asked) => import::run(session, *asked).await,
        Command::Curl(asked) => import::run_curl(session, *asked).await,
        Command::Duplicate(asked) => duplicate::run(session, *asked).await,
        Command::Share(asked) => share::run(session, &asked),
        Command::Profile { name } => {
            let app = lookup::app(&session.grapnel, &name)?;
            let file = session.grapnel.profile_of(&app.id)?;
            let text = file.write()?;
            session.output.show(&Profile { file, text })
        }
        Command::Remove(asked) => remove(session, &asked).await,
    }
}

async fn remove(session: &mut Session<'_>, asked: &Remove) -> Result<()> {
    let app = lookup::app(&session.grapnel, &asked.name)?;
    let of_app = session.grapnel.connections()?.into_iter().filter(|one| one.app_id == app.id).count();
    if of_app == 0 {
        session.grapnel.remove_app(&app.id)?;
        return session.output.show(&Removed { removed: &app.name, with: None });
    }
    let connections = if of_app == 1 { "1 connection".to_owned() } else { format!("{of_app} connections") };
    if !asked.with_connections {
        return Err(Error::new(Code::InvalidInput, format!("The app “{}” has {connections}.", app.name))
            .means("Nothing was removed.")
            .hint("Add --with-connections to disconnect and remove them as well."));
    }
    let question = format!(
        "Remove the app “{}” and its {connections}? Their tokens are deleted from this computer. [y/N]",
        app.name
    );
    if !asked.yes && !session.confirms(&question, "Removing connections")? {
        return Err(Error::new(Code::Cancelled, "Not removed.").means("Nothing was changed."));
    }
    let with = session.grapnel.remove_app_with_connections(&app.id).await?;
    session.output.show(&Removed { removed: &app.name, with: Some(with) })
}
