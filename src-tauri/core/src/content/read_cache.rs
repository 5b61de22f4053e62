//! Reads cached content, without requests to the provider.

use std::collections::{BTreeSet, HashMap};
use std::io::Write;
use std::sync::Arc;

use grapnel_model::content::{
    Items, Month, Post, PostDetails, PostPage, PostQuery, Posts, Project, Projects, SearchHit,
};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::ConnectionId;
use grapnel_store::cache::{self, List, ListKey};
use grapnel_store::connection_status;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use serde::de::DeserializeOwned;
use url::Url;

use super::{export, grigora, posts};
use crate::context::Context;

/// The number of months in the statistics, including the current one.
const STATISTICS_MONTHS: i64 = 24;
/// The most rows of a page.
const MAX_PAGE_ROWS: u32 = 500;
/// Of a list of more entries, the titles are read before they are searched.
const LARGE_LIST: i64 = 10_000;

/// The cached content.
pub struct CachedContent(Arc<Context>);

impl CachedContent {
    pub(crate) fn of(ctx: &Arc<Context>) -> Self {
        Self(Arc::clone(ctx))
    }

    /// The projects of a connection, each with the number of its cached posts.
    pub async fn projects(&self, id: &ConnectionId) -> Result<Projects> {
        let (as_of, mut projects) = self.all::<Project>(&list_of(id, "projects", "")).await?;
        count_posts(&self.0, id, &mut projects).await?;
        Ok(Projects { as_of, projects })
    }

    /// The details of a project.
    pub async fn project(&self, id: &ConnectionId, project_id: &str) -> Result<Project> {
        let (_, mut projects) = self.all::<Project>(&list_of(id, "project", project_id)).await?;
        projects.pop().ok_or_else(never_read)
    }

    /// The items of a collection: all, or those of one parent.
    pub async fn items(&self, id: &ConnectionId, collection: &str, within: Option<&str>) -> Result<Items> {
        let (as_of, items) = self.all(&list_of(id, collection, within.unwrap_or_default())).await?;
        Ok(Items { as_of, items })
    }

    /// All posts that match a query.
    pub async fn posts(&self, id: &ConnectionId, query: &PostQuery) -> Result<Posts> {
        let view = self.view(id, query).await?;
        let ids = self.0.cache.select(&view.list, view.query).await?;
        let read = self.0.cache.read(move |connection| {
            let mut posts = Vec::with_capacity(ids.len());
            cache::bodies(connection, ids.iter().copied(), |json| {
                posts.extend(grigora::post(json));
                Ok(())
            })?;
            Ok(posts)
        });
        Ok(Posts { as_of: view.list.as_of, posts: read.await? })
    }

    /// A page of the posts that match a query, starting at `offset`.
    pub async fn page(
        &self,
        id: &ConnectionId,
        query: &PostQuery,
        offset: u32,
        limit: u32,
    ) -> Result<PostPage> {
        let view = self.view(id, query).await?;
        let ids = self.0.cache.select(&view.list, view.query).await?;
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(ids.len());
        let to = from.saturating_add(limit.min(MAX_PAGE_ROWS) as usize).min(ids.len());
        let found = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        let lines =
            self.0.cache.read(move |connection| Ok(cache::lines(connection, &ids[from..to])?)).await?;
        if offset == 0 && view.list.size > LARGE_LIST {
            let (cache, list) = (self.0.cache.clone(), view.list.clone());
            // If it fails, the search fails for the same reason, and tells it.
            tokio::spawn(async move { cache.read_titles(&list).await });
        }
        Ok(PostPage {
            as_of: view.list.as_of,
            narrowed: view.narrowed,
            size: u32::try_from(view.list.size).unwrap_or(u32::MAX),
            found,
            lines,
            facets: (offset == 0).then_some(view.list.facets),
        })
    }

    /// The number of posts that match a query, per month and status. The query's filters on the time of the last change
    /// are ignored.
    pub async fn months(&self, id: &ConnectionId, query: &PostQuery) -> Result<Vec<Month>> {
        let query = PostQuery { updated_from: None, updated_to: None, ..query.clone() };
        let view = self.view(id, &query).await?;
        let months = months_until(&self.0.now().to_zoned(TimeZone::system()));
        let starts: Vec<i64> = months.iter().map(|month| month.timestamp().as_second()).collect();
        let counted = self
            .0
            .cache
            .read(move |connection| Ok(cache::months(connection, view.list.range(), &view.query, &starts)?));
        let counts = months.iter().zip(counted.await?);
        Ok(counts
            .map(|(month, [published, draft, other])| Month {
                month: month.strftime("%Y-%m").to_string(),
                published,
                draft,
                other,
            })
            .collect())
    }

    /// A post with all its members.
    pub async fn post(&self, id: &ConnectionId, query: &PostQuery, post_id: &str) -> Result<PostDetails> {
        let json = self.post_json(id, query, post_id).await?;
        let post = grigora::post(&json).ok_or_else(never_read)?;
        let projects = self.all::<Project>(&list_of(id, "projects", "")).await;
        let project =
            projects.ok().and_then(|(_, all)| all.into_iter().find(|one| one.id == query.project_id));
        let address = project.and_then(|project| address(&project, &post)).map(String::from);
        Ok(PostDetails { post, address })
    }

    /// A post as formatted JSON, with the members that the provider returned.
    pub async fn post_json(&self, id: &ConnectionId, query: &PostQuery, post_id: &str) -> Result<String> {
        let view = self.view(id, query).await?;
        let key = post_id.to_owned();
        let found = self.0.cache.read(move |connection| Ok(cache::one(connection, &view.list, &key)?));
        let json = found.await?.ok_or_else(never_read)?;
        let value: serde_json::Value = serde_json::from_str(&json).map_err(|_| never_read())?;
        Ok(format!("{value:#}"))
    }

    /// Writes the posts that match a query to `out`; returns their number.
    pub async fn export(
        &self,
        id: &ConnectionId,
        query: &PostQuery,
        format: export::Format,
        mut out: impl Write + Send + 'static,
    ) -> Result<u32> {
        let view = self.view(id, query).await?;
        let ids = self.0.cache.select(&view.list, view.query).await?;
        let written = self.0.cache.read(move |connection| {
            let mut writing = export::ExportWriter::begin(format, &mut out)?;
            cache::bodies(connection, ids.iter().copied(), |json| Ok(writing.post(json)?))?;
            Ok(writing.end()?)
        });
        written.await
    }

    /// Searches all cached content for every word of a text; at most fifty results, the best first.
    pub async fn search(&self, text: &str) -> Result<Vec<SearchHit>> {
        let text = text.to_owned();
        let hits = self.0.cache.read(move |connection| Ok(cache::find(connection, &text)?)).await?;
        let wanted: BTreeSet<_> = hits.iter().map(|hit| hit.connection_id.clone()).collect();
        let names: HashMap<_, _> = self.0.store.read(|c| {
            let found = wanted.into_iter().map(|id| connection_status::one(c, &ConnectionId(id)));
            found.filter_map(|found| found.map(|one| one.map(|one| (one.id, one.name))).transpose()).collect()
        })?;
        let found = hits.into_iter().filter_map(|hit| {
            let (id, name) = names.get_key_value(&ConnectionId(hit.connection_id))?;
            Some(SearchHit {
                connection_id: id.clone(),
                connection: name.clone(),
                kind: hit.kind,
                within: hit.within,
                parent: hit.parent,
                id: hit.key,
                title: hit.title,
                status: hit.status,
                as_of: hit.as_of,
            })
        });
        Ok(found.collect())
    }

    /// A whole cached list other than posts.
    async fn all<T: DeserializeOwned + Send + 'static>(&self, of: &ListKey) -> Result<(Timestamp, Vec<T>)> {
        let of = of.clone();
        let read = self.0.cache.read(move |connection| {
            let Some(list) = cache::get(connection, &of)? else { return Ok(None) };
            let (from, to) = list.range();
            let mut all = Vec::new();
            cache::bodies(connection, from..=to, |json| {
                all.extend(serde_json::from_str::<T>(json).ok());
                Ok(())
            })?;
            Ok(Some((list.as_of, all)))
        });
        read.await?.ok_or_else(never_read)
    }

    /// The list to answer a query from: the one that the provider filtered in the same way, if it is newer than the
    /// whole list.
    async fn view(&self, id: &ConnectionId, query: &PostQuery) -> Result<View> {
        let of = |narrowed| posts::of(id, &query.project_id, narrowed);
        let (narrowing, whole) = (grigora::narrowing(query), of(String::new()));
        let narrow = (!narrowing.is_empty()).then(|| of(narrowing));
        let read = self.0.cache.read(move |connection| {
            let narrow = narrow.map(|of| cache::get(connection, &of)).transpose()?.flatten();
            Ok((narrow, cache::get(connection, &whole)?))
        });
        let (list, narrowed) = match read.await? {
            (Some(narrow), Some(whole)) if narrow.as_of < whole.as_of => (whole, false),
            (Some(narrow), _) => (narrow, true),
            (None, Some(whole)) => (whole, false),
            (None, None) => return Err(never_read()),
        };
        let query = query.clone();
        let query = if narrowed { query.without_provider_filters() } else { query };
        Ok(View { list, narrowed, query })
    }
}

/// A cached list, and the filters that remain to be applied.
struct View {
    list: List,
    /// Whether the provider's filters were applied to the list.
    narrowed: bool,
    query: PostQuery,
}

/// The public URL of a post: its own URL if that is on the project's domain, or else its slug there.
fn address(project: &Project, post: &Post) -> Option<Url> {
    if post.status.as_deref().is_some_and(|status| status != "published") {
        return None;
    }
    let domain = project.domain.as_deref()?.trim_start_matches("https://").trim_end_matches('/');
    let mut site = Url::parse(&format!("https://{domain}/")).ok()?;
    if site.host_str()? != domain.to_lowercase() {
        return None;
    }
    let told = post.others.iter().filter(|other| matches!(other.name.as_str(), "url" | "permalink" | "link"));
    let is_there =
        |url: &Url| url.scheme() == "https" && url.host() == site.host() && url.username().is_empty();
    if let Some(told) = told.filter_map(|other| Url::parse(&other.value).ok()).find(is_there) {
        return Some(told);
    }
    let slug = post.slug.as_deref()?;
    site.path_segments_mut().ok()?.pop_if_empty().extend(slug.split('/').filter(|part| !part.is_empty()));
    Some(site)
}

/// The starts of the last months, up to the current one.
fn months_until(now: &Zoned) -> Vec<Zoned> {
    let Some(present) = now.first_of_month().ok().and_then(|day| day.start_of_day().ok()) else {
        return Vec::new();
    };
    (0..STATISTICS_MONTHS).rev().filter_map(|ago| present.checked_sub(ago.months()).ok()).collect()
}

/// Adds the number of cached posts to each project.
pub(super) async fn count_posts(
    ctx: &Arc<Context>,
    id: &ConnectionId,
    projects: &mut [Project],
) -> Result<()> {
    let of = id.0.clone();
    let sizes = ctx.cache.read(move |connection| Ok(cache::sizes(connection, &of, posts::KIND)?)).await?;
    for project in projects {
        project.posts = sizes.get(&project.id).copied();
    }
    Ok(())
}

pub(super) fn list_of(id: &ConnectionId, kind: &str, within: &str) -> ListKey {
    ListKey { connection_id: id.0.clone(), kind: kind.into(), within: within.into(), narrowed: String::new() }
}

fn never_read() -> Error {
    Error::new(Code::NotFound, "Nothing of this was read before.")
        .means("Your tokens are not touched by this.")
        .hint("Read it once while the provider can be reached; from then on it is here.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(domain: &str) -> Project {
        let domain = Some(domain.to_owned());
        Project { id: "p".into(), name: "P".into(), domain, slug: None, posts: None, others: Vec::new() }
    }

    #[test]
    fn a_posts_url_is_on_the_projects_domain() {
        let at = |domain: &str, json: &str| {
            address(&project(domain), &grigora::post(json).unwrap()).map(String::from)
        };
        let plain = r#"{"id":"1","slug":"a b/c","status":"published"}"#;
        assert_eq!(at("acme.example", plain).as_deref(), Some("https://acme.example/a%20b/c"));
        assert_eq!(at("https://acme.example/", plain).as_deref(), Some("https://acme.example/a%20b/c"));
        for domain in
            ["acme.example@evil.example", "acme.example/x?", "", "javascript:alert(1)", "a.example:99"]
        {
            assert_eq!(at(domain, plain), None, "{domain}");
        }
        assert_eq!(at("acme.example", r#"{"id":"1","slug":"a","status":"draft"}"#), None);
        let told = r#"{"id":"1","slug":"a","url":"https://acme.example/blog/a"}"#;
        assert_eq!(at("acme.example", told).as_deref(), Some("https://acme.example/blog/a"));
        for elsewhere in ["https://evil.example/a", "http://acme.example/b", "https://x@acme.example/b"] {
            let json = format!(r#"{{"id":"1","slug":"a","url":"{elsewhere}"}}"#);
            assert_eq!(at("acme.example", &json).as_deref(), Some("https://acme.example/a"));
        }
        assert_eq!(
            at("acme.example", r#"{"id":"1","slug":"../../x"}"#).as_deref(),
            Some("https://acme.example/x")
        );
    }

    #[test]
    fn months_end_with_the_current_one() {
        let now: Zoned = "2026-03-31T12:00[Europe/Lisbon]".parse().unwrap();
        let months = months_until(&now);
        assert_eq!(months.len(), 24);
        assert_eq!(months[0].to_string(), "2024-04-01T00:00:00+01:00[Europe/Lisbon]");
        assert_eq!(months[23].to_string(), "2026-03-01T00:00:00+00:00[Europe/Lisbon]");
    }
}
