//! A request that waits for a person.

/// A request that may be put before a person.
#[derive(Clone, Debug)]
pub(super) struct SignIn {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
    pub(super) email: Option<String>,
}
