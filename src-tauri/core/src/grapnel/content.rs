//! What connections give access to.

use grapnel_model::content::{Collection, Items, PostQuery, Posts, Project, Projects};
use grapnel_model::error::Result;
use grapnel_model::id::ConnectionId;

use super::Grapnel;
use crate::content;
use crate::content::CachedContent;

impl Grapnel {
    /// The projects that a connection opens.
    pub async fn projects(&self, id: &ConnectionId) -> Result<Projects> {
        content::projects(&self.0, id).await
    }

    /// Everything about one project.
    pub async fn project(&self, id: &ConnectionId, project_id: &str) -> Result<Project> {
        content::project(&self.0, id, project_id).await
    }

    /// The posts that a query finds.
    pub async fn posts(&self, id: &ConnectionId, query: &PostQuery) -> Result<Posts> {
        content::posts(&self.0, id, query).await
    }

    /// Reads the posts that the provider's own filters leave of a project, and keeps them; how far that is, is told.
    pub async fn load_posts(&self, id: &ConnectionId, query: &PostQuery) -> Result<()> {
        content::load(&self.0, id, query).await
    }

    /// What was read before.
    pub fn cached(&self) -> CachedContent {
        CachedContent::of(&self.0)
    }

    /// The kinds of things that a connection opens, where they are not projects.
    pub fn collections(&self, id: &ConnectionId) -> Result<Vec<Collection>> {
        content::collections(&self.0, id)
    }

    /// The things of one kind: all, or those within another thing.
    pub async fn items(&self, id: &ConnectionId, collection: &str, within: Option<&str>) -> Result<Items> {
        content::items(&self.0, id, collection, within).await
    }
}
