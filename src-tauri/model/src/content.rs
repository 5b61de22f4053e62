//! The content that a connection gives access to: projects, posts and other collections. Unknown members of a response
//! are kept and shown too.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::Field;
use crate::id::ConnectionId;

/// A kind of resource, such as workspaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Collection {
    /// Its ID, such as `workspaces`.
    pub id: String,
    /// Its name, for headings.
    pub name: String,
    /// The ID of the parent collection, such as workspaces for workflows.
    pub within: Option<String>,
}

/// An item of a collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Item {
    /// The provider's ID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// A distinguishing detail, such as a domain.
    pub note: Option<String>,
    /// All other members of the response.
    pub others: Vec<Field>,
}

/// The items of a collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Items {
    /// When the provider responded.
    pub as_of: Timestamp,
    /// In the provider's order.
    pub items: Vec<Item>,
}

/// A project (a site) at Grigora.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Project {
    /// The provider's ID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its domain, if it has one yet.
    pub domain: Option<String>,
    /// Its slug.
    pub slug: Option<String>,
    /// How many of its posts are in the cache, if they were read.
    #[serde(default)]
    pub posts: Option<u32>,
    /// All other members of the response.
    pub others: Vec<Field>,
}

/// The projects of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Projects {
    /// When the provider responded.
    pub as_of: Timestamp,
    /// In the provider's order.
    pub projects: Vec<Project>,
}

/// A post of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Post {
    /// The provider's ID.
    pub id: String,
    /// Its title; may be empty.
    pub title: String,
    /// Its slug.
    pub slug: Option<String>,
    /// Such as `published` or `draft`.
    pub status: Option<String>,
    /// Its author.
    pub author: Option<String>,
    /// Its category.
    pub category: Option<String>,
    /// Its length in words.
    pub word_count: Option<u32>,
    /// When it was created.
    pub created_on: Option<Timestamp>,
    /// When it was last changed.
    pub last_update: Option<Timestamp>,
    /// When it was or will be published.
    pub post_publish: Option<Timestamp>,
    /// All other members of the response.
    pub others: Vec<Field>,
}

/// The posts of a project that match a query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Posts {
    /// When the provider responded.
    pub as_of: Timestamp,
    /// In the requested order.
    pub posts: Vec<Post>,
}

/// A query for the posts of a project. A filter that is absent or blank matches every post. The provider's API has the
/// filters from `status` to `published_to`; Grapnel applies the others itself, and applies all of them to cached posts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct PostQuery {
    /// The project's ID.
    pub project_id: String,
    /// The member to sort by, such as `last_update`.
    pub sort: Option<String>,
    /// The sort direction.
    pub order: Option<Order>,
    /// Only this status.
    pub status: Option<String>,
    /// Only titles that contain this text.
    pub title: Option<String>,
    /// Changed at or after this time.
    pub updated_from: Option<Timestamp>,
    /// Changed at or before this time.
    pub updated_to: Option<Timestamp>,
    /// Published at or after this time.
    pub published_from: Option<Timestamp>,
    /// Published at or before this time.
    pub published_to: Option<Timestamp>,
    /// Only this author.
    pub author: Option<String>,
    /// Only this category.
    pub category: Option<String>,
    /// With at least this many words.
    pub words_from: Option<u32>,
    /// With at most this many words.
    pub words_to: Option<u32>,
}

impl PostQuery {
    /// The query without the filters that the provider has applied.
    #[must_use]
    pub fn without_provider_filters(self) -> Self {
        Self {
            status: None,
            title: None,
            updated_from: None,
            updated_to: None,
            published_from: None,
            published_to: None,
            ..self
        }
    }

    /// Whether a post matches every filter. Times are compared by the second.
    pub fn matches(&self, post: &Post) -> bool {
        let is = |wanted: &Option<String>, value: &Option<String>| {
            filled(wanted).is_none_or(|wanted| value.as_deref() == Some(wanted))
        };
        let is_within = |value: Option<i64>, from: Option<i64>, to: Option<i64>| {
            from.is_none_or(|from| value.is_some_and(|value| value >= from))
                && to.is_none_or(|to| value.is_some_and(|value| value <= to))
        };
        let second = |moment: Option<Timestamp>| moment.map(Timestamp::as_second);
        is(&self.status, &post.status)
            && is(&self.author, &post.author)
            && is(&self.category, &post.category)
            && filled(&self.title).is_none_or(|part| post.title.to_lowercase().contains(&part.to_lowercase()))
            && is_within(second(post.last_update), second(self.updated_from), second(self.updated_to))
            && is_within(second(post.post_publish), second(self.published_from), second(self.published_to))
            && is_within(
                post.word_count.map(i64::from),
                self.words_from.map(i64::from),
                self.words_to.map(i64::from),
            )
    }
}

/// A filter's text, unless it is blank.
pub fn filled(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.trim().is_empty())
}

/// A sort direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Ascending.
    Asc,
    /// Descending.
    Desc,
}

/// A value that occurs in a list, and its frequency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Facet {
    /// The value.
    pub value: String,
    /// How many posts have it.
    pub count: u32,
}

/// The values that occur in a list, the most frequent first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Facets {
    /// Statuses.
    pub status: Vec<Facet>,
    /// Authors.
    pub author: Vec<Facet>,
    /// Categories.
    pub category: Vec<Facet>,
}

/// A post as a row of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct PostLine {
    /// The provider's ID.
    pub id: String,
    /// Its title; may be empty.
    pub title: String,
    /// Such as `published` or `draft`.
    pub status: Option<String>,
    /// Its author.
    pub author: Option<String>,
    /// Its category.
    pub category: Option<String>,
    /// Its length in words.
    pub word_count: Option<u32>,
    /// When it was created.
    pub created_on: Option<Timestamp>,
    /// When it was last changed.
    pub last_update: Option<Timestamp>,
    /// When it was or will be published.
    pub post_publish: Option<Timestamp>,
}

/// A page of the cached posts that match a query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct PostPage {
    /// When the provider responded.
    pub as_of: Timestamp,
    /// Whether the provider has applied the filters it supports; otherwise Grapnel applied all of them.
    pub narrowed: bool,
    /// How many posts are in the cache.
    pub size: u32,
    /// How many of them match the query.
    pub found: u32,
    /// The requested rows.
    pub lines: Vec<PostLine>,
    /// The values that occur in the cached posts; only with the first page.
    pub facets: Option<Facets>,
}

/// The number of posts in a month, by the time of their last change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Month {
    /// Year and month, such as `2026-03`, in this computer's time zone.
    pub month: String,
    /// How many are published.
    pub published: u32,
    /// How many are drafts.
    pub draft: u32,
    /// How many have another status.
    pub other: u32,
}

/// A post with all its members, and its public URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct PostDetails {
    /// The post.
    pub post: Post,
    /// Its URL on the project's site, if that is known.
    pub address: Option<String>,
}

/// A search result from the cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct SearchHit {
    /// The connection it was read through.
    pub connection_id: ConnectionId,
    /// The connection's name.
    pub connection: String,
    /// The kind of resource, such as `posts` or `projects`.
    pub kind: String,
    /// The ID of the parent, such as a project; empty for none.
    pub within: String,
    /// The parent's name, if it was read.
    pub parent: Option<String>,
    /// The provider's ID.
    pub id: String,
    /// Its name or title.
    pub title: String,
    /// The status of a post.
    pub status: Option<String>,
    /// When the provider responded.
    pub as_of: Timestamp,
}

/// The progress of loading a project's posts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Progress {
    /// The connection they are read through.
    pub connection_id: ConnectionId,
    /// The project's ID.
    pub project_id: String,
    /// The bytes received so far.
    pub bytes: u32,
    /// The total number of bytes, if the provider announced it.
    pub of: Option<u32>,
    /// The posts stored so far.
    pub posts: u32,
}
