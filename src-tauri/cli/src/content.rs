//! What a connection opens: projects, and their posts.

use clap::{Args, ValueEnum};
use grapnel_model::content::{Collection, Found, Items, Order, Post, PostQuery, Posts, Project, Projects};
use grapnel_model::error::Result;
use jiff::Timestamp;
use serde::Serialize;

use crate::named::{self, to_reconnect};
use crate::print::{Output, Shown};
use crate::retry::retry;
use crate::session::Session;
use crate::table::{fields, table};
use crate::words::moment;

#[derive(Debug, Args)]
pub(crate) struct AllProjects {
    /// The connection's name
    connection: String,
    #[command(flatten)]
    from: From,
}

/// Where an answer comes from.
#[derive(Debug, Args)]
struct From {
    /// Show what was read before, without asking the provider
    #[arg(long)]
    offline: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Search {
    /// Words, or their beginnings
    #[arg(required = true, value_name = "TEXT")]
    words: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct OneProject {
    /// The connection's name
    connection: String,
    /// The project's id
    id: String,
    #[command(flatten)]
    from: From,
}

#[derive(Debug, Args)]
pub(crate) struct PostsOf {
    /// The connection's name
    connection: String,
    /// The project's id
    project: String,
    /// Only this status, such as published or draft
    #[arg(long)]
    status: Option<String>,
    /// Only titles that contain this
    #[arg(long)]
    title: Option<String>,
    /// What to sort by, such as `title` or `last_update`
    #[arg(long, value_name = "KEY")]
    sort: Option<String>,
    /// The direction to sort in
    #[arg(long)]
    order: Option<Direction>,
    #[command(flatten)]
    from: From,
}

#[derive(Debug, Args)]
pub(crate) struct ItemsOf {
    /// The connection's name
    connection: String,
    /// The kind of thing, such as workspaces; without one, the kinds are listed
    collection: Option<String>,
    /// Only those within the thing of this id
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
    let Session { grapnel, output, patience, .. } = session;
    let of = named::connection(grapnel, &asked.connection)?;
    if asked.from.offline {
        let kept = grapnel.kept().projects(&of.id).await?;
        return shown_as_of(output, &kept, kept.as_of);
    }
    let projects = retry(*patience, &output.messages, || grapnel.projects(&of.id)).await;
    output.show(&projects.map_err(to_reconnect(&of.name))?)
}

pub(crate) async fn project(session: &mut Session<'_>, asked: &OneProject) -> Result<()> {
    let Session { grapnel, output, patience, .. } = session;
    let of = named::connection(grapnel, &asked.connection)?;
    if asked.from.offline {
        return output.show(&grapnel.kept().project(&of.id, &asked.id).await?);
    }
    let project = retry(*patience, &output.messages, || grapnel.project(&of.id, &asked.id)).await;
    output.show(&project.map_err(to_reconnect(&of.name))?)
}

pub(crate) async fn posts(session: &mut Session<'_>, asked: PostsOf) -> Result<()> {
    let Session { grapnel, output, patience, .. } = session;
    let of = named::connection(grapnel, &asked.connection)?;
    let offline = asked.from.offline;
    let query = asked.query();
    if offline {
        let kept = grapnel.kept().posts(&of.id, &query).await?;
        return shown_as_of(output, &kept, kept.as_of);
    }
    let posts = retry(*patience, &output.messages, || grapnel.posts(&of.id, &query)).await;
    output.show(&posts.map_err(to_reconnect(&of.name))?)
}

pub(crate) async fn items(session: &mut Session<'_>, asked: &ItemsOf) -> Result<()> {
    let Session { grapnel, output, patience, .. } = session;
    let of = named::connection(grapnel, &asked.connection)?;
    let Some(collection) = &asked.collection else {
        return output.show(&Collections(grapnel.collections(&of.id)?));
    };
    if asked.from.offline {
        let kept = grapnel.kept().items(&of.id, collection, asked.within.as_deref()).await?;
        return shown_as_of(output, &kept, kept.as_of);
    }
    let ask = || grapnel.items(&of.id, collection, asked.within.as_deref());
    let items = retry(*patience, &output.messages, ask).await;
    output.show(&items.map_err(to_reconnect(&of.name))?)
}

pub(crate) async fn search(session: &mut Session<'_>, asked: &Search) -> Result<()> {
    let found = session.grapnel.kept().search(&asked.words.join(" ")).await?;
    session.output.show(&Hits(found))
}

/// Shows what was read before, and to a person how long ago that was.
fn shown_as_of(output: &mut Output, shown: &impl Shown, as_of: Timestamp) -> Result<()> {
    output.messages.note(&format!("As of {}.", moment(as_of, output.now())));
    output.show(shown)
}

#[derive(Serialize)]
#[serde(transparent)]
struct Hits(Vec<Found>);

impl Shown for Hits {
    fn text(&self, _: Timestamp) -> String {
        if self.0.is_empty() {
            return "Nothing that was read holds these words.".into();
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

impl Shown for Collections {
    fn text(&self, _: Timestamp) -> String {
        if self.0.is_empty() {
            return "There are none but projects and posts, if the connection opens those.".into();
        }
        let rows = self
            .0
            .iter()
            .map(|one| [one.id.clone(), one.name.clone(), one.within.clone().unwrap_or_default()]);
        table(["KIND", "NAME", "WITHIN"], rows)
    }
}

impl Shown for Items {
    fn text(&self, _: Timestamp) -> String {
        if self.items.is_empty() {
            return "There are none.".into();
        }
        let rows = self
            .items
            .iter()
            .map(|item| [item.id.clone(), item.name.clone(), item.note.clone().unwrap_or_default()]);
        table(["ID", "NAME", "NOTE"], rows)
    }
}

impl Shown for Projects {
    fn text(&self, _: Timestamp) -> String {
        if self.projects.is_empty() {
            return "This connection opens no project.".into();
        }
        let rows = self.projects.iter().map(|project| {
            [project.id.clone(), project.name.clone(), project.domain.clone().unwrap_or_default()]
        });
        table(["ID", "NAME", "DOMAIN"], rows)
    }
}

impl Shown for Project {
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

impl Shown for Posts {
    fn text(&self, now: Timestamp) -> String {
        if self.posts.is_empty() {
            return "No post matches.".into();
        }
        let rows = self.posts.iter().map(|post: &Post| {
            [
                post.id.clone(),
                post.status.clone().unwrap_or_default(),
                post.last_update.map(|at| moment(at, now)).unwrap_or_default(),
                post.word_count.map(|count| count.to_string()).unwrap_or_default(),
                post.title.clone(),
            ]
        });
        table(["ID", "STATUS", "CHANGED", "WORDS", "TITLE"], rows)
    }
}
