//! Connections.

use grapnel_model::connection::{Details, Summary};
use grapnel_model::error::Result;
use grapnel_model::id::ConnectionId;
use grapnel_model::revocation::Disconnected;

use super::Grapnel;
use crate::connection::StatusCounts;
use crate::{connection, revoke};

impl Grapnel {
    /// Every connection, by name.
    pub fn connections(&self) -> Result<Vec<Summary>> {
        connection::all(&self.0)
    }

    /// The first connections of each provider by name, at most `many` of each; and whether there are more.
    pub fn first_connections(&self, many: usize) -> Result<(Vec<Summary>, bool)> {
        connection::first(&self.0, many)
    }

    /// Those of these connections that are there.
    pub fn summaries(&self, ids: &[ConnectionId]) -> Result<Vec<Summary>> {
        connection::some(&self.0, ids)
    }

    /// The connection that the person calls so, in letters of either case.
    pub fn connection_named(&self, name: &str) -> Result<Option<Summary>> {
        connection::named(&self.0, name)
    }

    /// How many connections stand how.
    pub fn status_counts(&self) -> Result<StatusCounts> {
        connection::count(&self.0)
    }

    /// The connections that need a person who was not told of it yet, by this process or an earlier one. From now on
    /// they were; what mends and breaks again is new.
    pub fn take_pending_notifications(&self) -> Result<Vec<Summary>> {
        connection::take(&self.0)
    }

    /// Everything about a connection.
    pub fn connection(&self, id: &ConnectionId) -> Result<Details> {
        connection::details(&self.0, id)
    }

    /// Deletes a connection's tokens here, and keeps its history. The provider is asked to take them back, where it
    /// offers that; what it answers changes nothing here.
    pub async fn disconnect(&self, id: &ConnectionId) -> Result<Disconnected> {
        revoke::disconnect(&self.0, id).await
    }

    /// Removes a disconnected connection with its history, and everything that was read through it.
    pub async fn forget(&self, id: &ConnectionId) -> Result<()> {
        connection::forget(&self.0, id).await
    }
}
