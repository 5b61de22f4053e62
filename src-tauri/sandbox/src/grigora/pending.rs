//! A request that waits for a person.

/// A request that may be put before a person.
#[derive(Clone, Debug)]
pub(super) struct AuthorizeRequest {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
    pub(super) challenge: Option<String>,
    /// The projects ticked beforehand: those that were named, or all.
    pub(super) projects: Vec<String>,
}
