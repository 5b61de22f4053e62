//! A request that waits for a person.

/// A request that may be put before a person.
#[derive(Clone, Debug)]
pub(super) struct SignIn {
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
}
