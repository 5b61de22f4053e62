//! What a connection opens: projects, posts, and other collections. Members that are not known by
//! name are kept and shown as well.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::Field;
use crate::id::ConnectionId;

/// A kind of thing that a connection opens, such as workspaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Collection {
    /// Its id, such as `workspaces`.
    pub id: String,
    /// Its name, for headings.
    pub name: String,
    /// The kind that its things are within, such as workflows in workspaces.
    pub within: Option<String>,
}

/// One thing of a collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Item {
    /// The provider's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What tells it from others, such as a domain.
    pub note: Option<String>,
    /// Everything else that came.
    pub others: Vec<Field>,
}

/// The things of a collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Items {
    /// When the provider answered.
    pub as_of: Timestamp,
    /// In the provider's order.
    pub items: Vec<Item>,
}

/// A project (a site) at Grigora.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Project {
    /// The provider's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its domain, if it has one yet.
    pub domain: Option<String>,
    /// Its short name in addresses.
    pub slug: Option<String>,
    /// How many posts were read of it, if they were.
    #[serde(default)]
    pub posts: Option<u32>,
    /// Everything else that came.
    pub others: Vec<Field>,
}

/// The projects of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Projects {
    /// When the provider answered.
    pub as_of: Timestamp,
    /// In the provider's order.
    pub projects: Vec<Project>,
}

/// A post of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Post {
    /// The provider's id.
    pub id: String,
    /// Its title; may be empty.
    pub title: String,
    /// Its short name in addresses.
    pub slug: Option<String>,
    /// Such as `published` or `draft`.
    pub status: Option<String>,
    /// Its author.
    pub author: Option<String>,
    /// Its category.
    pub category: Option<String>,
    /// How long it is.
    pub word_count: Option<u32>,
    /// When it was made.
    pub created_on: Option<Timestamp>,
    /// When it was last changed.
    pub last_update: Option<Timestamp>,
    /// When it was or will be published.
    pub post_publish: Option<Timestamp>,
    /// Everything else that came.
    pub others: Vec<Field>,
}

/// The posts of a project that a query found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Posts {
    /// When the provider answered.
    pub as_of: Timestamp,
    /// In the order asked for.
    pub posts: Vec<Post>,
}

/// Which posts of a project to list, and in which order. A filter that is absent, or blank, lets every post through.
/// The provider's API knows the filters from `status` to `published_to`. Grapnel applies the others, and all of them to
/// posts in its cache.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct PostQuery {
    /// The project.
    pub project_id: String,
    /// A member of the post to sort by, such as `last_update`.
    pub sort: Option<String>,
    /// The direction.
    pub order: Option<Order>,
    /// Only this status.
    pub status: Option<String>,
    /// Only titles that contain this.
    pub title: Option<String>,
    /// Changed at or after this moment.
    pub updated_from: Option<Timestamp>,
    /// Changed at or before this moment.
    pub updated_to: Option<Timestamp>,
    /// Published at or after this moment.
    pub published_from: Option<Timestamp>,
    /// Published at or before this moment.
    pub published_to: Option<Timestamp>,
    /// Only this author.
    pub author: Option<String>,
    /// Only this category.
    pub category: Option<String>,
    /// At least so many words.
    pub words_from: Option<u32>,
    /// At most so many words.
    pub words_to: Option<u32>,
}

impl PostQuery {
    /// What is left to apply to posts that the provider has filtered.
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

    /// Whether a post passes every filter. Moments are compared by the second.
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

/// The text of a filter, unless it is blank.
pub fn filled(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.trim().is_empty())
}

/// A direction to sort in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Smallest first.
    Asc,
    /// Largest first.
    Desc,
}

/// A value that occurs in a list, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Facet {
    /// The value.
    pub value: String,
    /// How many have it.
    pub count: u32,
}

/// What values occur in a list, the most frequent first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Facets {
    /// States of a post.
    pub status: Vec<Facet>,
    /// Who wrote them.
    pub author: Vec<Facet>,
    /// What they are about.
    pub category: Vec<Facet>,
}

/// A post as a table shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct PostLine {
    /// The provider's id.
    pub id: String,
    /// Its title; may be empty.
    pub title: String,
    /// Such as `published` or `draft`.
    pub status: Option<String>,
    /// Its author.
    pub author: Option<String>,
    /// Its category.
    pub category: Option<String>,
    /// How long it is.
    pub word_count: Option<u32>,
    /// When it was made.
    pub created_on: Option<Timestamp>,
    /// When it was last changed.
    pub last_update: Option<Timestamp>,
    /// When it was or will be published.
    pub post_publish: Option<Timestamp>,
}

/// Some of the posts that a query finds in what was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct PostPage {
    /// When the provider answered.
    pub as_of: Timestamp,
    /// Whether the provider did what it can of the filtering; otherwise all of it was done here.
    pub narrowed: bool,
    /// How many posts were read.
    pub size: u32,
    /// How many of them the query finds.
    pub found: u32,
    /// The lines asked for.
    pub lines: Vec<PostLine>,
    /// What values occur in what was read; only with the first lines.
    pub facets: Option<Facets>,
}

/// The posts of one month, by the time of their last change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Month {
    /// Its year and number, such as `2026-03`, in this computer's time zone.
    pub month: String,
    /// How many are published.
    pub published: u32,
    /// How many are drafts.
    pub draft: u32,
    /// How many are neither.
    pub other: u32,
}

/// A post with everything that came, and where the public finds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct PostDetails {
    /// The post.
    pub post: Post,
    /// Its address on the project's site, as far as that can be told.
    pub address: Option<String>,
}

/// Something that a search found in what was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct SearchHit {
    /// The connection that it was read through.
    pub connection_id: ConnectionId,
    /// Its name.
    pub connection: String,
    /// The kind of thing, such as `posts` or `projects`.
    pub kind: String,
    /// The id of the thing that it is within, such as a project; empty for none.
    pub within: String,
    /// The provider's id of it.
    pub id: String,
    /// Its name or title.
    pub title: String,
    /// A post's status.
    pub status: Option<String>,
    /// When the provider answered.
    pub as_of: Timestamp,
}

/// How far the reading of a project's posts is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Progress {
    /// The connection that they are read through.
    pub connection_id: ConnectionId,
    /// The project.
    pub project_id: String,
    /// How many bytes came.
    pub bytes: u32,
    /// How many there will be, where the provider said so.
    pub of: Option<u32>,
    /// How many posts were kept so far.
    pub posts: u32,
}
