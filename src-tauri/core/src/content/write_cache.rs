//! Writes fetched content to the cache.

use std::sync::Arc;

use grapnel_model::content::Project;
use grapnel_model::error::Result;
use grapnel_model::id::ConnectionId;
use grapnel_store::cache::{self, Entry, ListKey};
use grapnel_store::connection;
use jiff::Timestamp;
use serde::Serialize;

use crate::context::Context;

/// An item as it is cached.
pub(super) struct CachedItem {
    entry: Entry,
    json: String,
}

impl AsRef<str> for CachedItem {
    fn as_ref(&self) -> &str {
        &self.json
    }
}

pub(super) fn of_project(project: &Project) -> CachedItem {
    let note = project.domain.clone();
    named((&project.id, &project.name, note), project.slug.clone(), project)
}

pub(super) fn named(
    (id, name, note): (&str, &str, Option<String>),
    slug: Option<String>,
    whole: &impl Serialize,
) -> CachedItem {
    let json = serde_json::to_string(whole).unwrap_or_default();
    CachedItem { entry: Entry { key: id.into(), title: name.into(), slug, note, ..Entry::default() }, json }
}

/// Caches a list. A failure is ignored, since the caller has the list.
pub(super) async fn keep(
    ctx: &Arc<Context>,
    of: ListKey,
    as_of: Timestamp,
    all: impl Iterator<Item = CachedItem>,
) {
    let (all, id) = (all.collect::<Vec<CachedItem>>(), ConnectionId(of.connection_id.clone()));
    let kept = ctx.cache.write(move |tx| {
        Ok(cache::replace_list(tx, &of, as_of, all.into_iter(), |whole| Some(whole.entry.clone()))?)
    });
    let kept = kept.await;
    if let Err(error) = kept.and(drop_if_forgotten(ctx, &id).await) {
        tracing::warn!(%error, "fetched content could not be cached");
    }
}

/// Deletes what was cached while its connection was being deleted; nothing else would.
pub(super) async fn drop_if_forgotten(ctx: &Context, id: &ConnectionId) -> Result<()> {
    if ctx.store.read(|c| connection::get(c, id))?.is_none() {
        ctx.cache.forget(&id.0).await?;
    }
    Ok(())
}
