//! What a connection opens at its provider: who it belongs to, what it may do, and what it holds there.

mod api;
mod claims;
mod grigora;
mod grindery;
mod grovestreams;
mod read;
mod standard;
mod thegrid;
mod view;

use std::sync::Arc;

use serde_json::json;

pub use view::*;

use crate::env::Env;
use crate::error::{Code, Error, Result};
use crate::event::Event;
use crate::http::Limits;
use crate::id::ConnectionId;
use crate::provider::Content;
use crate::store::connection;
use api::Api;

/// Asks who the connection belongs to and what it may do, and keeps the answers: each that comes, whatever
/// becomes of the others.
pub(crate) async fn identify(env: &Arc<Env>, id: &ConnectionId) -> Result<()> {
    let api = Api::of(env, id)?;
    let claims = claims::of(&api).await?;
    env.store.write(|tx| connection::set_claims(tx, id, claims.as_ref()))?;
    let account = who(&api, claims.as_ref()).await;
    if let Ok(Some(account)) = &account {
        env.store.write(|tx| connection::set_account(tx, id, account))?;
    }
    let introspected = introspect(&api).await;
    if let Ok(Some((application, authorization))) = &introspected {
        let now = env.now();
        env.store
            .write(|tx| connection::set_introspection(tx, id, application.as_ref(), authorization, now))?;
    }
    env.tell(Event::Connection(id.clone()));
    account.and(introspected).map(drop)
}

async fn who(api: &Api<'_>, claims: Option<&Claims>) -> Result<Option<Account>> {
    match api.conventions.content {
        Content::Grigora => grigora::who(api).await.map(Some),
        Content::Grindery => grindery::who(api, claims).await,
        Content::TheGrid => thegrid::who(api).await.map(Some),
        Content::GroveStreams => grovestreams::who(api).await,
        Content::None => Ok(standard::who(api, claims).await),
    }
}

async fn introspect(api: &Api<'_>) -> Result<Option<(Option<Application>, Authorization)>> {
    match api.conventions.content {
        Content::Grigora => grigora::introspect(api).await.map(Some),
        _ => Ok(standard::introspect(api).await.map(|authorization| (None, authorization))),
    }
}

/// The projects that the connection opens.
pub(crate) async fn projects(env: &Arc<Env>, id: &ConnectionId) -> Result<Projects> {
    let api = grigora_api(env, id)?;
    let reply = api.get("project/list", Limits::LIST).await?;
    Ok(Projects { as_of: env.now(), projects: api.understand(grigora::projects(reply))? })
}

/// Everything about one project.
pub(crate) async fn project(env: &Arc<Env>, id: &ConnectionId, project_id: &str) -> Result<Project> {
    let api = grigora_api(env, id)?;
    let reply = api.post("project/details", json!({ "project_id": project_id })).await?;
    api.understand(grigora::project(reply))
}

/// The posts that a query finds.
pub(crate) async fn posts(env: &Arc<Env>, id: &ConnectionId, query: &PostQuery) -> Result<Posts> {
    let api = grigora_api(env, id)?;
    let reply = api.post("cms/post/list", grigora::post_query(query)).await?;
    Ok(Posts { as_of: env.now(), posts: api.understand(grigora::posts(reply))? })
}

fn grigora_api<'a>(env: &'a Arc<Env>, id: &'a ConnectionId) -> Result<Api<'a>> {
    let api = Api::of(env, id)?;
    if api.conventions.content == Content::Grigora { Ok(api) } else { Err(no_such("projects")) }
}

/// The kinds of things that the connection opens, where they are not projects.
pub(crate) fn collections(env: &Arc<Env>, id: &ConnectionId) -> Result<Vec<Collection>> {
    Ok(match Api::of(env, id)?.conventions.content {
        Content::Grindery => grindery::collections(),
        Content::TheGrid => thegrid::collections(),
        Content::GroveStreams => grovestreams::collections(),
        Content::Grigora | Content::None => Vec::new(),
    })
}

/// The things of one kind: all, or those within another thing.
pub(crate) async fn items(
    env: &Arc<Env>,
    id: &ConnectionId,
    collection: &str,
    within: Option<&str>,
) -> Result<Items> {
    let api = Api::of(env, id)?;
    let items = match api.conventions.content {
        Content::Grindery => grindery::items(&api, collection, within).await?,
        Content::TheGrid => thegrid::items(&api, collection, within).await?,
        Content::GroveStreams => grovestreams::items(&api, collection).await?,
        Content::Grigora | Content::None => return Err(no_such(collection)),
    };
    Ok(Items { as_of: env.now(), items })
}

fn no_such(what: &str) -> Error {
    Error::new(Code::NotFound, format!("This connection has no {what}."))
}
