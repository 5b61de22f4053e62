//! The account of a connection, as far as it is known.

use grapnel_model::account::Account;

/// The account, and a note about it.
pub(crate) struct Identity {
    pub(crate) account: Option<Account>,
    /// Why the account is unknown, or which facts about it contradict each other.
    pub(crate) note: Option<String>,
}
