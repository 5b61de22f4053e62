//! The arguments, as a person types them.

use clap::{Args, Parser, Subcommand};

use crate::{activity, app, archive, connect, connection, content, provider, vault};

/// OAuth 2.0 connections: sign in once, and have a fresh token from then on.
///
/// Secrets are read from standard input or a hidden prompt, never from arguments. `GRAPNEL_HOME` moves all data.
///
/// Exit codes: 0 done; 2 usage; 3 reconnect needed; 4 provider unavailable; 5 keyring locked or absent, or passphrase
/// missing or wrong; 6 denied,
/// cancelled or timed out; 1 anything else.
#[derive(Debug, Parser)]
#[command(name = "grapnel", version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Read passphrases from standard input, a line each: the vault's own first, if it has one
    #[arg(long, global = true)]
    pub(crate) passphrase_stdin: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The providers, and what is known of each
    #[command(subcommand)]
    Provider(provider::Command),
    /// The apps that you registered at providers
    #[command(subcommand)]
    App(app::Command),
    /// Authorize an app in the browser, or a connection again
    Connect(connect::Connect),
    /// List every connection and its state
    List,
    /// Show everything about a connection
    Status(Of),
    /// Print a fresh access token
    Token(connection::Token),
    /// Renew the tokens of a connection now
    Refresh(Of),
    /// List the projects that a connection opens
    Projects(content::AllProjects),
    /// Show one project
    Project(content::OneProject),
    /// List the posts of a project
    Posts(content::PostsOf),
    /// List what else a connection opens, such as workspaces
    Items(content::ItemsOf),
    /// Search everything that was read, across connections
    Search(content::Search),
    /// Delete the tokens of a connection here
    Disconnect(connection::Disconnect),
    /// Show what happened, newest first
    Activity(activity::Activity),
    /// Look at everything that has to work: data, vault, deep links, browser
    Doctor,
    /// Write apps and connections to a file that a passphrase opens
    Export(archive::Export),
    /// Add what an exported file holds
    Import(archive::Import),
    /// What opens the vault that everything secret is sealed in
    #[command(subcommand)]
    Vault(vault::Command),
}

impl Command {
    /// Whether it cannot be executed while the vault is locked.
    pub(crate) fn needs_vault(&self) -> bool {
        match self {
            Self::Provider(_) | Self::List | Self::Status(_) | Self::Activity(_) | Self::Doctor => false,
            Self::App(command) => command.needs_vault(),
            Self::Vault(command) => !matches!(command, vault::Command::Status | vault::Command::Anew { .. }),
            _ => true,
        }
    }
}

/// What a command is about.
#[derive(Debug, Args)]
pub(crate) struct Of {
    /// The connection's name
    pub(crate) connection: String,
}
