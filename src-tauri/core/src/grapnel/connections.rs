//! Connections.

use grapnel_model::annotations::ConnectionEdit;
use grapnel_model::connection::{Details, Summary};
use grapnel_model::error::Result;
use grapnel_model::id::ConnectionId;
use grapnel_model::revocation::Disconnected;
use grapnel_model::secret::SecretString;

use super::Grapnel;
use crate::connection::StatusCounts;
use crate::{connection, end_session, revoke};

impl Grapnel {
    /// All connections, by name.
    pub fn connections(&self) -> Result<Vec<Summary>> {
        connection::all(&self.0)
    }

    /// The first connections of each provider in the order of the window's list, at most `many` of each; and whether
    /// there are more.
    pub fn first_connections(&self, many: u32) -> Result<(Vec<Summary>, bool)> {
        connection::first(&self.0, many)
    }

    /// Those of these connections that exist.
    pub fn summaries(&self, ids: &[ConnectionId]) -> Result<Vec<Summary>> {
        connection::some(&self.0, ids)
    }

    /// The connection with this name, ignoring ASCII case.
    pub fn connection_named(&self, name: &str) -> Result<Option<Summary>> {
        connection::named(&self.0, name)
    }

    /// The number of connections by status.
    pub fn status_counts(&self) -> Result<StatusCounts> {
        connection::count(&self.0)
    }

    /// The connections that need attention and for which the person was not notified, by this process or an earlier
    /// one. They are recorded as notified; a later problem of the same connection is returned again.
    pub fn take_pending_notifications(&self) -> Result<Vec<Summary>> {
        connection::take(&self.0)
    }

    /// The details of a connection.
    pub fn connection(&self, id: &ConnectionId) -> Result<Details> {
        connection::details(&self.0, id)
    }

    /// Changes the name and the annotations of a connection. An error names the invalid one.
    pub fn edit_connection(&self, id: &ConnectionId, edit: &ConnectionEdit) -> Result<()> {
        connection::edit(&self.0, id, edit)
    }

    /// Gives connections the places 0, 1, … in the person's own order; or, with `by_name`, no places.
    pub fn arrange_connections(&self, ids: &[ConnectionId], by_name: bool) -> Result<()> {
        connection::arrange(&self.0, ids, by_name)
    }

    /// Disconnects a connection: revokes its tokens if the provider supports it, and deletes them here in any case. Its
    /// history is kept.
    pub async fn disconnect(&self, id: &ConnectionId) -> Result<Disconnected> {
        revoke::disconnect(&self.0, id).await
    }

    /// The provider's page at which the person signs out there. It is opened in the browser of the connection.
    ///
    /// # Errors
    /// The provider announces none.
    pub fn end_session_url(&self, id: &ConnectionId) -> Result<SecretString> {
        end_session::url(&self.0, id)
    }
}
