//! Whose a connection is.

use grapnel_model::account::Account;

/// Whose a connection is, as far as anyone tells.
pub(crate) struct Identity {
    pub(crate) account: Option<Account>,
    /// Why it is not known, or what does not agree.
    pub(crate) note: Option<String>,
}
