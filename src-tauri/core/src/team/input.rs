//! What a person gives for a team: a new one, a member to be invited, an invitation.

use grapnel_model::secret::SecretString;
use grapnel_model::team::TeamRole;

/// A team to be created.
#[derive(Debug, Clone)]
pub struct NewTeam {
    /// Its name.
    pub name: String,
    /// The name of this person in the team.
    pub member: String,
    /// The URL of its database, which may hold a password.
    pub database_url: SecretString,
    /// The name of its schema in the database; a random one if there is none.
    pub schema: Option<String>,
}

/// A person or worker to be invited.
#[derive(Debug, Clone)]
pub struct Invite {
    /// The name in the team.
    pub name: String,
    /// What it may do.
    pub role: TeamRole,
    /// How the invitation is encrypted.
    pub opened_by: InviteOpener,
    /// What the invitation says of the database. The key of a worker says nothing.
    pub database_url: InvitedUrl,
}

/// The database URL of an invitation.
#[derive(Debug, Clone, Default)]
pub enum InvitedUrl {
    /// The inviter's own, with its password.
    #[default]
    Own,
    /// One for this member, such as that of a database user of its own.
    Given(SecretString),
    /// None: whoever runs the database gives it to the member.
    Withheld,
}

/// What opens an invitation.
#[derive(Debug, Clone)]
pub enum InviteOpener {
    /// The person's key, whose public part is this (`grapnel team key`).
    Key(String),
    /// A passphrase that the person is told otherwise.
    Passphrase(SecretString),
    /// Nothing: the worker's key is itself the secret.
    WorkerKey,
}

/// An invitation that was received.
#[derive(Debug, Clone)]
pub struct Join {
    /// The invitation.
    pub invitation: String,
    /// Its passphrase, if it has one.
    pub passphrase: Option<SecretString>,
    /// The URL of the database, if not as the invitation says: for a database user of one's own.
    pub database_url: Option<SecretString>,
    /// Whether the person has agreed to the files and folders of this computer that the invitation names.
    pub agrees_to_paths: bool,
}
