//! The content that connections give access to.

use grapnel_model::content::{Collection, Items, PostQuery, Posts, Project, Projects};
use grapnel_model::error::Result;
use grapnel_model::id::ConnectionId;

use super::Grapnel;
use crate::content;
use crate::content::CachedContent;

impl Grapnel {
    /// The projects of a connection.
    pub async fn projects(&self, id: &ConnectionId) -> Result<Projects> {
        content::projects(&self.0, id).await
    }

    /// The details of a project.
    pub async fn project(&self, id: &ConnectionId, project_id: &str) -> Result<Project> {
        content::project(&self.0, id, project_id).await
    }

    /// The posts that match a query.
    pub async fn posts(&self, id: &ConnectionId, query: &PostQuery) -> Result<Posts> {
        content::posts(&self.0, id, query).await
    }

    /// Fetches the posts that the provider's filters select, and caches them. Progress is reported by events.
    pub async fn load_posts(&self, id: &ConnectionId, query: &PostQuery) -> Result<()> {
        content::load(&self.0, id, query).await
    }

    /// The cached content.
    pub fn cached(&self) -> CachedContent {
        CachedContent::of(&self.0)
    }

    /// The collections of a connection, for APIs without projects.
    pub fn collections(&self, id: &ConnectionId) -> Result<Vec<Collection>> {
        content::collections(&self.0, id)
    }

    /// The items of a collection: all, or those of one parent.
    pub async fn items(&self, id: &ConnectionId, collection: &str, within: Option<&str>) -> Result<Items> {
        content::items(&self.0, id, collection, within).await
    }
}
