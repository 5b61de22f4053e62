//! The arguments of the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{
    activity, agent, api, app, archive, connect, connection, content, exec, hook, provider, proxy, requests,
    team, vault, watch,
};

/// Manage OAuth 2.0 connections: sign in once, always have a fresh access token.
///
/// Secrets are read from standard input or a hidden prompt, never from arguments. Set `GRAPNEL_HOME` to change the data
/// directory. With `GRAPNEL_TEAM_URL` and `GRAPNEL_TEAM_KEY`, the connections of a team are used without any data.
///
/// Exit codes: 0 done; 2 usage; 3 reconnect needed; 4 provider or team unavailable; 5 keyring locked or absent, or
/// passphrase missing or wrong; 6 denied, cancelled or timed out; 7 a worker lost new tokens; 1 anything
/// else.
#[derive(Debug, Parser)]
#[command(name = "grapnel", version)]
pub(crate) struct Arguments {
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print errors only: no notes, warnings or progress
    #[arg(long, global = true)]
    pub(crate) quiet: bool,
    /// Read passphrases from standard input, one per line: the vault's first, if it has one
    #[arg(long, global = true)]
    pub(crate) passphrase_stdin: bool,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the state of connections, vault and token agent, as `grapnel` alone does
    #[command(hide = true)]
    Overview,
    /// List and inspect providers
    #[command(subcommand)]
    Provider(provider::Command),
    /// Manage apps: the clients that you or Grapnel registered with providers
    #[command(subcommand)]
    App(app::Command),
    /// Connect an app, or reconnect a connection, in the browser
    Connect(connect::Connect),
    /// List connections and their status
    List(connection::List),
    /// Show the details of a connection
    Status(ConnectionArg),
    /// Print a fresh access token
    Token(connection::Token),
    /// Send a request to the API of a connection, with its access token
    Api(api::Api),
    /// Serve the API of a connection to local programs, which then need no access token
    Proxy(proxy::Proxy),
    /// Run a command with fresh access tokens in its environment
    ///
    /// The command replaces this process, so that signals reach it and its exit code is that of `grapnel exec`. If it
    /// is not started, the exit code is Grapnel's own, 126 for a command that cannot be executed, and 127 for one that
    /// is not found.
    Exec(exec::Exec),
    /// Rename a connection; scripts that use its old name must use the new one
    Rename(connection::Rename),
    /// Change the name, label or note of a connection, or pin it to the top of the window's list
    Edit(connection::Edit),
    /// Refresh the tokens of a connection now
    Refresh(ConnectionArg),
    /// List the projects of a connection
    Projects(content::AllProjects),
    /// Show one project
    Project(content::OneProject),
    /// List the posts of a project
    Posts(content::PostsOf),
    /// List other resources of a connection, such as workspaces
    Items(content::ItemsOf),
    /// Search offline content across connections
    Search(content::Search),
    /// Revoke access if the provider offers it, and delete the tokens here
    ///
    /// With an option of token exchange, only the token that was exchanged for that is deleted; the connection stays.
    Disconnect(connection::Disconnect),
    /// Show the activity log, newest first
    Activity(activity::Activity),
    /// Show the last requests of a connection and their responses' status, newest first
    Requests(requests::Requests),
    /// Print what happens to connections, until Ctrl-C
    Watch,
    /// Wait until a connection has a status
    Wait(watch::Wait),
    /// Run commands when connections are refreshed, need attention, or are disconnected
    #[command(subcommand)]
    Hook(hook::Command),
    /// Share connections with a team through a database, and manage its members
    #[command(subcommand)]
    Team(team::Command),
    /// Share a connection with a team
    Share(team::Share),
    /// Stop sharing a connection; it stays on this computer
    Unshare(team::Unshare),
    /// Refresh tokens and answer token requests without a window
    Agent(agent::Agent),
    /// Print the script by which a shell completes commands and names
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print the manual page, or write those of all commands to a directory
    Man {
        /// The directory
        directory: Option<PathBuf>,
    },
    /// Check data, vault, deep links and browser
    Doctor,
    /// Export apps and connections to an encrypted file
    Export(archive::Export),
    /// Import an exported file
    Import(archive::Import),
    /// Manage the vault that encrypts your secrets
    #[command(subcommand)]
    Vault(vault::Command),
}

impl Command {
    /// Whether the vault must be open before the command begins.
    pub(crate) fn needs_vault(&self) -> bool {
        match self {
            Self::Overview
            | Self::Completions { .. }
            | Self::Man { .. }
            | Self::Provider(_)
            | Self::List(_)
            | Self::Status(_)
            | Self::Rename(_)
            | Self::Edit(_)
            | Self::Activity(_)
            | Self::Doctor
            | Self::Watch
            | Self::Wait(_)
            // They open it themselves if the token agent does not have the token.
            | Self::Token(_)
            | Self::Api(_) => false,
            Self::App(command) => command.needs_vault(),
            Self::Agent(command) => command.needs_vault(),
            Self::Hook(command) => command.needs_vault(),
            Self::Team(command) => command.needs_vault(),
            Self::Vault(command) => !matches!(command, vault::Command::Status | vault::Command::Reset { .. }),
            _ => true,
        }
    }
}

/// The connection that a command is about.
#[derive(Debug, Args)]
pub(crate) struct ConnectionArg {
    /// The connection's name
    pub(crate) connection: String,
}

/// A shell that completes.
#[derive(Debug, Clone, Copy, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Shell {
    /// Bash
    Bash,
    /// Zsh
    Zsh,
    /// Fish
    Fish,
    /// `PowerShell`
    Powershell,
}
