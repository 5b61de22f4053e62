//! Browsing a connection: projects, posts and other resources.

use clap::{Args, ValueEnum};
use grapnel_model::content::{
    Collection, Items, Order, Post, PostQuery, Posts, Project, Projects, SearchHit,
};
use grapnel_model::error::Result;
use jiff::Timestamp;
use serde::Serialize;

use crate::format::relative_time;
use crate::lookup::{self, to_reconnect};
use crate::print::{CommandResult, Output};
use crate::retry::retry;
use crate::session::Session;
use crate::table::{fields, table};

#[derive(Debug, Args)]
pub(crate) struct AllProjects {
    /// The connection's name
    connection: String,
    #[command(flatten)]
    from: From,
}

/// Where the content comes from.
#[derive(Debug, Args)]
struct From {
    /// Show the offline copy, without a request to the provider
    #[arg(long)]
    offline: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Search {
    /// Words or word prefixes
    #[arg(required = true, value_name = "TEXT")]
    words: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct OneProject {
    /// The connection's name
    connection: String,
    /// The project's ID
    id: String,
    #[command(flatten)]
    from: From,
}

#[derive(Debug, Args)]
pub(crate) struct PostsOf {
    /// The connection's name
    connection: String,
    /// The project's ID
    project: String,
    /// Filter by status, such as published or draft
    #[arg(long)]
    status: Option<String>,
    /// Filter by titles that contain this
    #[arg(long)]
    title: Option<String>,
    /// The field to sort by, such as `title` or `last_update`
    #[arg(long, value_name = "KEY")]
    sort: Option<String>,
    /// The sort direction
    #[arg(long)]
    order: Option<Direction>,
    #[command(flatten)]
    from: From,
}

#[derive(Debug, Args)]
pub(crate) struct ItemsOf {
    /// The connection's name
    connection: String,
    /// The kind of resource, such as workspaces; lists the kinds if omitted
    collection: Option<String>,
    /// Only resources within the resource with this ID
    #[arg(long, value_name = "ID")]
    within: Option<String>,
    #[command(flatten)]
    from: From,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Direction {
    Asc,
    Desc,
}

impl PostsOf {
    fn query(self) -> PostQuery {
        PostQuery {
            project_id: self.project,
            sort: self.sort,
            order: self.order.map(|direction| match direction {
                Direction::Asc => Order::Asc,
                Direction::Desc => Order::Desc,
            }),
            status: self.status,
            title: self.title,
            ..PostQuery::default()
        }
    }
}

pub(crate) async fn projects(session: &mut Session<'_>, asked: &AllProjects) -> Result<()> {
    let Session { grapnel, output, timeouts, .. } = session;
    let of = lookup::connection(grapnel, &asked.connection)?;
    if asked.from.offline {
        let kept = grapnel.cached().projects(&of.id).await?;
        return shown_as_of(output, &kept, kept.as_of);
    }
    let projects = retry(*timeouts, &output.messages, || grapnel.projects(&of.id)).await;
    output.show(&projects.map_err(to_reconnect(&of.name))?)
}

pub(crate) async fn project(session: &mut Session<'_>, asked: &OneProject) -> Result<()> {
    let Session { grapnel, output, timeouts, .. } = session;
    let of = lookup::connection(grapnel, &asked.connection)?;
    if asked.from.offline {
        return output.show(&grapnel.cached().project(&of.id, &asked.id).await?);
    }
    let project = retry(*timeouts, &output.messages, || grapnel.project(&of.id, &asked.id)).await;
    output.show(&project.map_err(to_reconnect(&of.name))?)
}

pub(crate) async fn posts(session: &mut Session<'_>, asked: PostsOf) -> Result<()> {
    let Session { grapnel, output, timeouts, .. } = session;
    let of = lookup::connection(grapnel, &asked.connection)?;
    let offline = asked.from.offline;
    let query = asked.query();
    if offline {
        let kept = grapnel.cached().posts(&of.id, &query).await?;
        return shown_as_of(output, &kept, kept.as_of);
    }
    let posts = retry(*timeouts, &output.messages, || grapnel.posts(&of.id, &query)).await;
    output.show(&posts.map_err(to_reconnect(&of.name))?)
}

pub(crate) async fn items(session: &mut Session<'_>, asked: &ItemsOf) -> Result<()> {
    let Session { grapnel, output, timeouts, .. } = session;
    let of = lookup::connection(grapnel, &asked.connection)?;
    let Some(collection) = &asked.collection else {
        return output.show(&Collections(grapnel.collections(&of.id)?));
    };
    if asked.from.offline {
        let kept = grapnel.cached().items(&of.id, collection, asked.within.as_deref()).await?;
        return shown_as_of(output, &kept, kept.as_of);
    }
    let ask = || grapnel.items(&of.id, collection, asked.within.as_deref());
    let items = retry(*timeouts, &output.messages, ask).await;
    output.show(&items.map_err(to_reconnect(&of.name))?)
}

pub(crate) async fn search(session: &mut Session<'_>, asked: &Search) -> Result<()> {
    let found = session.grapnel.cached().search(&asked.words.join(" ")).await?;
    session.output.show(&Hits(found))
}

/// Prints an offline copy, and as a message how old it is.
fn shown_as_of(output: &mut Output, shown: &impl CommandResult, as_of: Timestamp) -> Result<()> {
    output.messages.note(&format!("As of {}.", relative_time(as_of, output.now())));
    output.show(shown)
}

#[derive(Serialize)]
#[serde(transparent)]
struct Hits(Vec<SearchHit>);

impl CommandResult for Hits {
    fn text(&self, _: Timestamp) -> String {
        if self.0.is_empty() {
            return "No offline content matches.".into();
        }
        let rows = self.0.iter().map(|hit| {
            [hit.connection.clone(), hit.kind.clone(), hit.within.clone(), hit.id.clone(), hit.title.clone()]
        });
        table(["CONNECTION", "KIND", "WITHIN", "ID", "TITLE"], rows)
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Collections(Vec<Collection>);

impl CommandResult for Collections {
    fn text(&self, _: Timestamp) -> String {
        if self.0.is_empty() {
            return "This connection has no other resources.".into();
        }
        let rows = self
            .0
            .iter()
            .map(|one| [one.id.clone(), one.name.clone(), one.within.clone().unwrap_or_default()]);
        table(["KIND", "NAME", "WITHIN"], rows)
    }
}

impl CommandResult for Items {
    fn text(&self, _: Timestamp) -> String {
        if self.items.is_empty() {
            return "No items.".into();
        }
        let rows = self
            .items
            .iter()
            .map(|item| [item.id.clone(), item.name.clone(), item.note.clone().unwrap_or_default()]);
        table(["ID", "NAME", "NOTE"], rows)
    }
}

impl CommandResult for Projects {
    fn text(&self, _: Timestamp) -> String {
        if self.projects.is_empty() {
            return "This connection has no projects.".into();
        }
        let rows = self.projects.iter().map(|project| {
            [project.id.clone(), project.name.clone(), project.domain.clone().unwrap_or_default()]
        });
        table(["ID", "NAME", "DOMAIN"], rows)
    }
}

impl CommandResult for Project {
    fn text(&self, _: Timestamp) -> String {
        let known = [
            ("id", self.id.clone()),
            ("name", self.name.clone()),
            ("domain", self.domain.clone().unwrap_or_default()),
            ("slug", self.slug.clone().unwrap_or_default()),
        ];
        let mut others: Vec<_> =
            self.others.iter().map(|one| (one.name.as_str(), one.value.clone())).collect();
        others.sort();
        fields(known.into_iter().chain(others))
    }
}

impl CommandResult for Posts {
    fn text(&self, now: Timestamp) -> String {
        if self.posts.is_empty() {
            return "No posts match.".into();
        }
        let rows = self.posts.iter().map(|post: &Post| {
            [
                post.id.clone(),
                post.status.clone().unwrap_or_default(),
                post.last_update.map(|at| relative_time(at, now)).unwrap_or_default(),
                post.word_count.map(|count| count.to_string()).unwrap_or_default(),
                post.title.clone(),
            ]
        });
        table(["ID", "STATUS", "UPDATED", "WORDS", "TITLE"], rows)
    }
}
