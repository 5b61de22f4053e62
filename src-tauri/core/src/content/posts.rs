//! Fetches the posts of a project with the filters that the provider supports, and caches them unchanged.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use grapnel_model::content::{PostQuery, Posts, Progress};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::ConnectionId;
use grapnel_model::mask_credentials;
use grapnel_oauth::http::{Reply, api};
use grapnel_store::cache::{self, Entry, ListKey, run_blocking};
use parking_lot::Mutex;

use super::api::{Api, grigora_api};
use super::grigora::{self, PostListError};
use super::write_cache::drop_if_forgotten;
use crate::context::Context;

/// The kind of the cached list.
pub(super) const KIND: &str = "posts";
/// The interval between progress events.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);
/// How many posts are written between two checks of the interval.
const POSTS_PER_CHECK: u32 = 1_000;

/// The posts that match a query, in the provider's order. They are also cached; a failure of that is ignored.
pub(crate) async fn posts(ctx: &Arc<Context>, id: &ConnectionId, query: &PostQuery) -> Result<Posts> {
    let api = grigora_api(ctx, id)?;
    let progress_feed = ProgressEmitter::of(&api, query);
    let reply = Arc::new(fetch(&api, query, &progress_feed).await?);
    let as_of = ctx.now();
    let read = {
        let (reply, remaining) = (Arc::clone(&reply), query.clone().without_provider_filters());
        run_blocking(move || {
            let all = grigora::listed(&reply.body)?;
            let posts = all.iter().filter_map(|raw| grigora::post(raw.get()));
            Ok(posts.filter(|post| remaining.matches(post)).collect())
        })
        .await?
    };
    let posts = read.map_err(|unread| explain(&api, &reply, unread))?;
    if let Err(error) = keep(&api, query, reply, progress_feed).await {
        tracing::warn!(%error, "posts could not be cached");
    }
    Ok(Posts { as_of, posts })
}

/// Fetches the posts that the provider's filters select, and replaces the cached list for the same filters.
pub(crate) async fn load(ctx: &Arc<Context>, id: &ConnectionId, query: &PostQuery) -> Result<()> {
    let api = grigora_api(ctx, id)?;
    // Grapnel sorts the cached posts.
    let query = PostQuery { sort: None, order: None, ..query.clone() };
    let progress_feed = ProgressEmitter::of(&api, &query);
    let reply = Arc::new(fetch(&api, &query, &progress_feed).await?);
    keep(&api, &query, reply, progress_feed).await
}

async fn fetch(api: &Api<'_>, query: &PostQuery, progress_feed: &ProgressEmitter) -> Result<Reply> {
    let heard = |bytes: usize, of: Option<usize>| {
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        progress_feed.update(|progress| {
            progress.bytes = small(bytes);
            progress.of = of.map(small);
        });
    };
    api.fetch("cms/post/list", &grigora::post_query(query), &heard).await
}

async fn keep(
    api: &Api<'_>,
    query: &PostQuery,
    reply: Arc<Reply>,
    progress_feed: ProgressEmitter,
) -> Result<()> {
    let of = of(api.id, &query.project_id, grigora::narrowing(query));
    let as_of = api.ctx.now();
    let stop = Stop::default();
    let (stopped, whole) = (Arc::clone(&stop.0), Arc::clone(&reply));
    let kept = api.ctx.cache.write(move |tx| {
        let all = match grigora::listed(&whole.body) {
            Ok(all) => all,
            Err(unread) => return Ok(Err(unread)),
        };
        let mut count = 0;
        let may_hold_any = mask_credentials::may_hold_any(&whole.body);
        let as_kept = |raw| if may_hold_any { mask_credentials::masked(raw) } else { Cow::Borrowed(raw) };
        let read = |raw: &Cow<'_, str>| {
            if stopped.load(Ordering::Relaxed) {
                return None;
            }
            count += 1;
            if count % POSTS_PER_CHECK == 0 {
                progress_feed.update(|progress| progress.posts = count);
            }
            entry(raw)
        };
        cache::replace_list(tx, &of, as_of, all.iter().map(|raw| as_kept(raw.get())), read)?;
        // The caller has stopped waiting: the cached list stays as it was.
        if stopped.load(Ordering::Relaxed) {
            return Err(Error::new(Code::Cancelled, "Cancelled.").into());
        }
        Ok(Ok(()))
    });
    let kept = kept.await?;
    drop_if_forgotten(api.ctx, api.id).await?;
    kept.map_err(|unread| explain(api, &reply, unread))
}

/// The cache key of a project's posts.
pub(super) fn of(id: &ConnectionId, project_id: &str, narrowed: String) -> ListKey {
    ListKey { connection_id: id.0.clone(), kind: KIND.into(), within: project_id.into(), narrowed }
}

fn entry(raw: &str) -> Option<Entry> {
    let post = grigora::post(raw)?;
    Some(Entry {
        key: post.id,
        title: post.title,
        slug: post.slug,
        note: None,
        status: post.status,
        author: post.author,
        category: post.category,
        word_count: post.word_count,
        created_on: post.created_on,
        last_update: post.last_update,
        post_publish: post.post_publish,
    })
}

fn explain(api: &Api<'_>, reply: &Reply, unread: PostListError) -> Error {
    match unread {
        PostListError::NotJson => api.explain(api::unexpected_response(reply)),
        PostListError::NotAsDescribed => api.not_as_described(),
        PostListError::Failed(message) => api.error_without_code(message.as_ref()),
    }
}

/// Stops the writing when the caller is dropped.
#[derive(Default)]
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Emits progress events, limited in frequency.
struct ProgressEmitter {
    ctx: Arc<Context>,
    last: Mutex<(Instant, Progress)>,
}

impl ProgressEmitter {
    fn of(api: &Api<'_>, query: &PostQuery) -> Self {
        let progress = Progress {
            connection_id: api.id.clone(),
            project_id: query.project_id.clone(),
            bytes: 0,
            of: None,
            posts: 0,
        };
        Self { ctx: Arc::clone(api.ctx), last: Mutex::new((Instant::now(), progress)) }
    }

    fn update(&self, change: impl FnOnce(&mut Progress)) {
        let mut last = self.last.lock();
        change(&mut last.1);
        if last.0.elapsed() >= PROGRESS_INTERVAL {
            last.0 = Instant::now();
            self.ctx.emit(Event::Progress(last.1.clone()));
        }
    }
}
