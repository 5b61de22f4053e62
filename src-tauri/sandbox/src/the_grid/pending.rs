//! A request that waits for a person.

/// A request that may be put before a person.
#[derive(Clone, Debug)]
pub(super) struct Login {
    pub(super) client_id: String,
    pub(super) app_name: String,
    pub(super) redirect_uri: String,
    /// What goes back to the app: nothing, if The Grid is switched to forget it.
    pub(super) state: Option<String>,
    /// Without any, the default: simple operations.
    pub(super) scopes: Vec<&'static str>,
}
