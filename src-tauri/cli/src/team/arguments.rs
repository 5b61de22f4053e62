//! The arguments of `grapnel team`, `grapnel share` and `grapnel unshare`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a team in a PostgreSQL database
    ///
    /// The database holds ciphertext only. Its URL may hold a password and is read from standard input or a hidden
    /// prompt. TLS is required, except for a database on this computer.
    Create(Create),
    /// Print your public key, with which an owner of a team invites you
    Key,
    /// Invite a person, or make the key of a worker
    ///
    /// Prints an invitation that only the invited person's key or passphrase opens. A worker uses tokens, and cannot
    /// read client secrets that it does not need; its key is a secret, for `GRAPNEL_TEAM_KEY`.
    Invite(Invite),
    /// Join a team by an invitation from standard input
    Join(Join),
    /// List your teams, without asking their databases
    List,
    /// List the members of a team
    Members {
        /// The team; the only one if it is left out
        team: Option<String>,
    },
    /// Remove a member; the keys of the team are changed, and everything is encrypted anew
    Remove(Remove),
    /// Ask the database of a team: whether it can be reached, who is in the team, what it does not have yet
    Status {
        /// The team; the only one if it is left out
        team: Option<String>,
    },
    /// Replace the URL of a team's database, such as after its password or address has changed
    ///
    /// The team is read by the new URL first. Each member replaces their own.
    Url(Url),
    /// Show what the team did with a shared connection, newest first
    Activity {
        /// The connection's name
        connection: String,
    },
    /// Leave a team; its connections are removed from this computer only
    Leave(Leave),
}

impl Command {
    /// Whether the command needs an open vault.
    pub(crate) fn needs_vault(&self) -> bool {
        !matches!(self, Self::List)
    }
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// The name of the team
    pub(super) name: String,
    /// Read the URL of the database from standard input: <postgres://USER:PASSWORD@HOST/DATABASE>
    #[arg(long)]
    pub(super) database_url_stdin: bool,
    /// Your name in the team; that of your account if it is left out
    #[arg(long = "as", value_name = "NAME")]
    pub(super) member: Option<String>,
    /// The schema to create in the database; a random name if it is left out
    #[arg(long)]
    pub(super) schema: Option<String>,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct Invite {
    /// The name of the person or worker in the team
    pub(super) name: String,
    /// The team; the only one if it is left out
    #[arg(long)]
    pub(super) team: Option<String>,
    /// The public key that the person's `grapnel team key` prints; a passphrase is asked for if it is left out
    #[arg(long, conflicts_with = "worker")]
    pub(super) key: Option<String>,
    /// Make an owner, who can also invite and remove members and stop sharing
    #[arg(long, conflicts_with = "worker")]
    pub(super) owner: bool,
    /// Make the key of a worker, such as a CI job
    #[arg(long)]
    pub(super) worker: bool,
    /// Read the database URL for this person from standard input, such as that of a database user of their own; the
    /// invitation has your own URL otherwise
    #[arg(long, conflicts_with = "worker")]
    pub(super) database_url_stdin: bool,
    /// Leave the database URL out of the invitation; whoever runs the database gives it to the person
    #[arg(long, conflicts_with_all = ["worker", "database_url_stdin"])]
    pub(super) without_database_url: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Join {
    /// Skip confirmation: do not show what the invitation says before its database is asked
    #[arg(long, short)]
    pub(super) yes: bool,
    /// Read the URL of the database from standard input, after the invitation: for a database user of your own
    #[arg(long)]
    pub(super) database_url_stdin: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Url {
    /// The team; the only one if it is left out
    pub(super) team: Option<String>,
    /// Read the URL of the database from standard input: <postgres://USER:PASSWORD@HOST/DATABASE>
    #[arg(long)]
    pub(super) database_url_stdin: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// The member's name
    pub(super) member: String,
    /// The team; the only one if it is left out
    #[arg(long)]
    pub(super) team: Option<String>,
    /// Skip confirmation
    #[arg(long, short)]
    pub(super) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Leave {
    /// The team; the only one if it is left out
    pub(super) team: Option<String>,
    /// Skip confirmation
    #[arg(long, short)]
    pub(super) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Share {
    /// The connection's name
    pub(super) connection: String,
    /// The team; the only one if it is left out
    #[arg(long)]
    pub(super) team: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Unshare {
    /// The connection's name
    pub(super) connection: String,
    /// Skip confirmation
    #[arg(long, short)]
    pub(super) yes: bool,
}
