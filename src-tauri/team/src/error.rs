//! What can go wrong with a team: each case with what happened, what it means for the tokens, and what to do. No text
//! contains the database URL, a name of a member or a connection, or a secret.

/// An error of a team. [`TeamError::meaning`] and [`TeamError::hint`] complete the sentence of its `Display`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TeamError {
    /// The database cannot be reached, ended the session, or did not answer in time. The request may have been done.
    #[error("The team’s database cannot be reached: {cause}.")]
    Unreachable {
        /// In a few words, without the URL.
        cause: String,
        /// What to do, if more is known than that it cannot be reached.
        hint: Option<&'static str>,
    },
    /// The server's certificate is not accepted, or the server offers no TLS.
    #[error("The connection to the team’s database is not secure: {cause}.")]
    Untrusted {
        /// In a few words.
        cause: String,
    },
    /// The server refused the role or its password, or the role lacks a privilege.
    #[error("The team’s database denies access: {cause}.")]
    Denied {
        /// In a few words.
        cause: String,
    },
    /// The role may not do this one thing. What it may do goes on.
    #[error("The team’s database does not permit this to the role of the database URL (SQLSTATE 42501).")]
    Forbidden,
    /// The database URL cannot be used.
    #[error("This database URL cannot be used: {cause}.")]
    InvalidUrl {
        /// In a few words, without a part of the URL.
        cause: String,
    },
    /// The engine lacks what a team needs, such as advisory locks that exclude other sessions.
    #[error("This database cannot hold a team: {cause}.")]
    Unsuitable {
        /// In a few words.
        cause: String,
    },
    /// The schema holds no team, or another one than expected.
    #[error("There is no such team in this database.")]
    NoTeam,
    /// The schema already holds a team.
    #[error("This database schema already holds a team.")]
    TeamExists,
    /// A newer Grapnel has changed the schema.
    #[error(
        "The team’s database was changed by a newer Grapnel (schema version {found}; this one knows {known})."
    )]
    NewerSchema {
        /// The version in the database.
        found: u32,
        /// The newest version that is known here.
        known: u32,
    },
    /// The schema lacks what this Grapnel needs, and the role may not complete it.
    #[error(
        "The team’s database was made by an older Grapnel (schema version {found}; this one needs {known}), and the \
         role of the database URL may not complete it."
    )]
    OlderSchema {
        /// The version in the database.
        found: u32,
        /// The version that is needed here.
        known: u32,
    },
    /// Rows that a request needs stayed locked, as while the keys are changed. Nothing was done.
    #[error("The team’s database is busy, as while the team’s keys are changed.")]
    Busy,
    /// The session ended before the answer to a commit arrived.
    #[error("The connection to the team’s database ended before it confirmed the change.")]
    Unconfirmed,
    /// Another machine held the lock until the deadline.
    #[error("Another machine of the team held this connection for too long.")]
    LockTimedOut,
    /// The session that held the lock is gone, and the lock with it.
    #[error("The lock of this connection was lost, because the session with the team’s database ended.")]
    LockLost,
    /// What the database has is older than what was seen of it.
    #[error(
        "The team’s database was restored from an older backup: {what} is older than what was seen here."
    )]
    RolledBack {
        /// Such as `the connection’s record`.
        what: String,
    },
    /// The list of members that the database has is older than what was seen of it: nothing of it can be used.
    #[error(
        "The team’s database was restored from an older backup: the list of {of} is older than what was seen here."
    )]
    TeamRolledBack {
        /// `members` or `owners`.
        of: &'static str,
    },
    /// What was seen in the database is no longer there.
    #[error("{what} is no longer in the team’s database.")]
    Vanished {
        /// Such as `The connection’s record`.
        what: String,
    },
    /// A value does not decrypt, or is not signed by an owner.
    #[error("{what} in the team’s database was not written by the team.")]
    Forged {
        /// Such as `The connection’s record`.
        what: String,
    },
    /// This member was removed, or its keys are not those of the current generation.
    #[error("You are no longer a member of this team.")]
    Removed,
    /// The membership changed at the same time.
    #[error("Somebody else changed the team at the same moment.")]
    Conflict,
    /// The input is invalid: an invitation, a worker key.
    #[error("{0}")]
    Invalid(String),
    /// A name that no member or team can have.
    #[error("A name has 1 to 80 characters, and no control characters.")]
    InvalidName,
    /// A public key that is not whole.
    #[error("This is not a whole public key: {cause}.")]
    InvalidKey {
        /// In a few words.
        cause: &'static str,
    },
    /// The team has a member of the name of the one that is invited.
    #[error("The team has a member of this name already.")]
    NameTaken,
    /// The team has a member with the key of the one that is invited.
    #[error("The team has a member with this public key already.")]
    KeyTaken,
    /// The role does not permit it.
    #[error("Only an owner of the team can do this.")]
    NotOwner,
    /// A defect, such as a query that the server does not understand.
    #[error("The team’s database reported an error: {cause}.")]
    Internal {
        /// The SQLSTATE, never a text of the server.
        cause: String,
    },
}

impl TeamError {
    /// What it means for the person's tokens.
    pub fn meaning(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } | Self::Untrusted { .. } | Self::Denied { .. } | Self::Busy => {
                "The tokens on this computer are kept and unchanged; valid ones are still handed out."
            }
            Self::Unconfirmed => {
                "The change may have been made or not. The tokens on this computer are kept and unchanged."
            }
            Self::RolledBack { .. }
            | Self::TeamRolledBack { .. }
            | Self::Vanished { .. }
            | Self::Forged { .. } => {
                "The tokens on this computer are kept, and valid ones are still handed out; nothing was taken from \
                 the database."
            }
            Self::LockTimedOut | Self::LockLost => "No request was sent; the tokens are unchanged.",
            Self::Removed => "The tokens on this computer are those that were last shared with it.",
            _ => "Nothing was changed.",
        }
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreachable { hint: Some(hint), .. } => hint,
            Self::Unreachable { .. } => {
                "Check the network and that the database is running. Grapnel retries refreshes by itself; repeat a \
                 change that failed."
            }
            Self::Untrusted { .. } => {
                "Check the host or socket directory in the database URL, and add sslrootcert=FILE to it if your own \
                 authority signs."
            }
            Self::Denied { .. } => {
                "Ask the database’s administrator whether the database and the role exist and the role has its \
                 privileges. If its URL has changed, enter the new one: grapnel team url"
            }
            Self::Forbidden => "Ask an owner, or the database’s administrator for the privilege.",
            Self::InvalidUrl { .. } => {
                "Enter it as postgres://USER:PASSWORD@HOST:PORT/DATABASE, or with the directory of a Unix socket as \
                 postgres://USER:PASSWORD@/DATABASE?host=DIRECTORY."
            }
            Self::Unsuitable { .. } => {
                "Use PostgreSQL, connected directly or through a pooler in session mode."
            }
            Self::NoTeam => "Check the database URL, or ask an owner for a new invitation.",
            Self::TeamExists => "Choose another schema, or join the team that is there.",
            Self::NewerSchema { .. } => "Update Grapnel on this computer.",
            Self::OlderSchema { .. } => {
                "Ask an owner to update Grapnel and to open the team: that completes the database."
            }
            Self::Busy => "Try again in a minute.",
            Self::Unconfirmed => {
                "Look at the members when the database can be reached, and repeat it if needed."
            }
            Self::LockTimedOut | Self::LockLost | Self::Conflict => "Try again.",
            Self::RolledBack { .. } | Self::Vanished { .. } => {
                "Ask the database’s administrator for a newer backup. Otherwise an owner shares the connection anew \
                 from a computer that has its newest tokens: grapnel unshare, then grapnel share."
            }
            Self::TeamRolledBack { .. } => {
                "Ask the database’s administrator for a newer backup. Otherwise an owner moves the connections to a \
                 new team, from a computer that has their newest tokens: grapnel unshare, grapnel team create, then \
                 grapnel share."
            }
            Self::Forged { .. } => {
                "Do not use this database until its administrator has explained the change."
            }
            Self::Removed => "To rejoin, leave the team, then join with a new invitation from an owner.",
            Self::Invalid(_) | Self::InvalidName => "Check the input.",
            Self::InvalidKey { .. } => {
                "Copy all of the line that the person’s grapnel team key prints, or from Settings, Teams in their \
                 window: age1…, a dot, and 43 more characters."
            }
            Self::NameTaken => {
                "If the member lost the invitation or joins with another key, remove it first (grapnel team remove), \
                 then invite it anew. Otherwise choose another name."
            }
            Self::KeyTaken => {
                "That member can join with the invitation it has. If it was lost, remove the member first (grapnel \
                 team remove), then invite it anew."
            }
            Self::NotOwner => "Ask an owner.",
            Self::Internal { .. } => "Check the database’s log, and report it if it persists.",
        }
    }

    /// Whether the database could not be asked, so that local copies serve until it can.
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Untrusted { .. } | Self::Denied { .. } | Self::Unconfirmed
        )
    }
}

/// The result of what can fail with a team.
pub type Result<T, E = TeamError> = std::result::Result<T, E>;
