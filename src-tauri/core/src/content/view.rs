//! What a connection opens: the account behind it, projects, and posts. Members that are not known by
//! name are kept and shown as well.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Who authorized a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Account {
    /// The provider's id of the account.
    pub id: String,
    /// The person's name, as the provider has it; may be empty.
    pub name: String,
    /// The e-mail address, where the provider tells it.
    pub email: Option<String>,
}

/// The application, as the provider describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Application {
    /// The provider's id of it.
    pub id: String,
    /// Its name there.
    pub display_name: String,
    /// What it says of itself.
    pub description: Option<String>,
    /// Its page.
    pub homepage: Option<String>,
}

/// The authorization, as the provider's introspection tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Authorization {
    /// The provider's id of it.
    pub id: String,
    /// When it was given.
    pub created_on: Option<String>,
    /// How it was given, such as `authorization_code`.
    pub grant_type: Option<String>,
    /// The scopes in force now.
    pub scopes: Vec<String>,
    /// The projects it opens now.
    pub project_ids: Vec<String>,
}

/// A member of a reply that has no name of its own here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Field {
    /// Its name on the wire.
    pub name: String,
    /// Its value: text as it is, anything else as JSON.
    pub value: String,
}

/// What an access token says of itself, where it is a JWT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Claims {
    /// The claims by name.
    pub fields: Vec<Field>,
    /// Whether the signature was checked with the provider's own keys, and is theirs.
    pub is_verified: bool,
}

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

/// What posts to list, and how. Filters and order are the provider's own.
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
