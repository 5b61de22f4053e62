//! `grapnel app`: the clients that a person registered with providers.

mod add;
mod certificate;
mod check;
mod discover;
mod duplicate;
mod edit;
mod import;
mod print;
mod registration;
mod share;
mod values;

use clap::{Args, Subcommand};
use grapnel_core::app::App;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::redirect::ProposedRedirect;

use crate::lookup;
use crate::session::Session;
use certificate::Certificate;
use print::{AppList, Document, Profile, Proposed, Removed};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add an app that you registered with a provider, or that Grapnel registers (--register)
    Add(Box<add::Add>),
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
    /// Print the app's TLS certificate (mTLS), to register it with the provider: its subject, or its key (app key)
    Certificate {
        /// The app's name
        name: String,
        /// Print the certificates themselves in PEM, without the private key
        #[arg(long)]
        pem: bool,
    },
    /// Print the document to host at the address that is the app's client ID (client ID metadata document)
    Metadata {
        /// The app's name
        name: String,
    },
    /// Read the registration of the app's client at the provider, update it, or register the client anew
    Registration(registration::Asked),
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
            Self::Add(_)
            | Self::Duplicate(_)
            | Self::Key { .. }
            | Self::Certificate { .. }
            | Self::Metadata { .. }
            | Self::Registration(_) => true,
            Self::Remove(asked) => asked.delete_registration,
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
    /// Also delete its client at the provider, if Grapnel registered it (RFC 7592)
    #[arg(long)]
    delete_registration: bool,
    /// Skip confirmation
    #[arg(long, short)]
    yes: bool,
}

pub(crate) async fn run(session: &mut Session<'_>, command: Command) -> Result<()> {
    match command {
        Command::Add(new) => Box::pin(add::run(session, *new)).await,
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
            session.output.show(&Document(session.grapnel.public_key(&app.id).await?))
        }
        Command::Certificate { name, pem } => {
            let app = lookup::app(&session.grapnel, &name)?;
            let view = session.grapnel.certificate(&app.id).await?;
            session.output.show(&Certificate { view, is_pem: pem })
        }
        Command::Metadata { name } => {
            let app = lookup::app(&session.grapnel, &name)?;
            session.output.show(&Document(session.grapnel.metadata_document(&app.id).await?))
        }
        Command::Registration(asked) => registration::run(session, asked).await,
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
    let Some(connections) = lookup::connections_of(&session.grapnel, &app)? else {
        let client_stays = if deletes_client(session, &app, asked)? {
            session.grapnel.remove_app_and_client(&app.id).await?.1
        } else {
            session.grapnel.remove_app(&app.id)?;
            None
        };
        return session.output.show(&Removed { name: &app.name, with: None, client_stays });
    };
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
    let (with, client_stays) = if deletes_client(session, &app, asked)? {
        session.grapnel.remove_app_and_client(&app.id).await?
    } else {
        (session.grapnel.remove_app_with_connections(&app.id).await?, None)
    };
    session.output.show(&Removed { name: &app.name, with: Some(with), client_stays })
}

/// Whether to delete the app's client at the provider. Without the option, a person is asked.
fn deletes_client(session: &mut Session<'_>, app: &App, asked: &Remove) -> Result<bool> {
    if app.registration.as_ref().is_none_or(|own| own.client_uri.is_none()) {
        return Ok(false);
    }
    if asked.delete_registration {
        return Ok(true);
    }
    let provider = &app.provider_name;
    if !asked.yes && session.can_ask() {
        return session
            .confirms(&format!("Delete its client at {provider} as well? [y/N]"), "Deleting the client");
    }
    session.output.messages.note(&format!(
        "Its client {} stays registered at {provider}; --delete-registration deletes it there.",
        app.client_id
    ));
    Ok(false)
}
