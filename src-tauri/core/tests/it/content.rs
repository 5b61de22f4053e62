//! Cached content: read, filtered, searched and exported without requests to the provider.

use std::io::Write;
use std::sync::{Arc, Mutex};

use grapnel_core::content::export::Format;
use grapnel_model::content::{Order, PostQuery};
use grapnel_model::error::Code;
use grapnel_model::event::Event;
use grapnel_model::id::ConnectionId;
use grapnel_sandbox::{Options, ProviderId};
use jiff::SignedDuration;

use crate::leaks::nothing_is_repeated;
use crate::support::world::World;

const LARGE: &str = "proj_chronicle";

fn of(project_id: &str) -> PostQuery {
    PostQuery { project_id: project_id.into(), ..PostQuery::default() }
}

/// A world with the largest project in the cache, and a provider that is unreachable.
async fn offline(posts: usize) -> (World, ConnectionId) {
    let mut world = World::with(Options { posts, ..Options::only(ProviderId::Grigora) });
    let id = world.connect().await;
    world.grapnel.projects(&id).await.unwrap();
    world.grapnel.load_posts(&id, &of(LARGE)).await.unwrap();
    let elsewhere = World::of(ProviderId::Grigora).sandbox;
    std::mem::replace(&mut world.sandbox, elsewhere).shutdown().await;
    (world, id)
}

#[tokio::test]
async fn cached_content_is_available_offline() {
    let (mut world, id) = offline(300).await;
    world.grapnel.projects(&id).await.unwrap_err();
    world.start_again();
    let kept = world.grapnel.cached();
    let projects = kept.projects(&id).await.unwrap();
    let chronicle = projects.projects.iter().find(|one| one.id == LARGE).unwrap();
    assert_eq!(chronicle.posts, Some(300));
    assert!(projects.projects.iter().any(|one| one.posts.is_none()), "not all were read");
    let posts = kept.posts(&id, &of(LARGE)).await.unwrap();
    assert_eq!(posts.posts.len(), 300);
    assert_eq!(kept.posts(&id, &of("proj_garden")).await.unwrap_err().code, Code::NotFound);
    assert_eq!(kept.project(&id, LARGE).await.unwrap_err().code, Code::NotFound);
    // A disconnected connection keeps its cached content until it is deleted.
    world.grapnel.disconnect(&id).await.unwrap();
    assert_eq!(kept.posts(&id, &of(LARGE)).await.unwrap().posts.len(), 300);
}

#[tokio::test]
async fn local_filters_match_the_providers_filters() {
    let world = World::new();
    let id = world.connect().await;
    world.grapnel.load_posts(&id, &of(LARGE)).await.unwrap();
    let kept = world.grapnel.cached();
    let all = kept.posts(&id, &of(LARGE)).await.unwrap().posts;
    let middle = all[2_500].last_update;
    let queries = [
        PostQuery {
            status: Some("draft".into()),
            sort: Some("title".into()),
            order: Some(Order::Asc),
            ..of(LARGE)
        },
        PostQuery {
            title: Some("TRAM".into()),
            sort: Some("word_count".into()),
            order: Some(Order::Desc),
            ..of(LARGE)
        },
        PostQuery { updated_from: middle, sort: Some("last_update".into()), ..of(LARGE) },
        PostQuery {
            published_to: middle,
            sort: Some("author".into()),
            order: Some(Order::Desc),
            ..of(LARGE)
        },
    ];
    for query in queries {
        let here = kept.posts(&id, &query).await.unwrap().posts;
        // This caches a filtered list, so it comes last.
        let there = world.grapnel.posts(&id, &query).await.unwrap().posts;
        assert!(!here.is_empty() && here.len() < all.len(), "{query:?}");
        // The order of equal posts is unspecified.
        let sorted = |mut posts: Vec<grapnel_model::content::Post>| {
            posts.sort_by(|a, b| a.id.cmp(&b.id));
            posts
        };
        assert_eq!(sorted(here), sorted(there), "{query:?}");
    }
}

#[tokio::test]
async fn posts_are_read_in_pages() {
    let (world, id) = offline(1_000).await;
    let kept = world.grapnel.cached();
    let query = PostQuery {
        words_from: Some(500),
        words_to: Some(900),
        sort: Some("word_count".into()),
        order: Some(Order::Asc),
        ..of(LARGE)
    };
    let first = kept.page(&id, &query, 0, 10).await.unwrap();
    assert_eq!((first.size, first.lines.len(), first.narrowed), (1_000, 10, false));
    assert!(first.found > 50 && first.found < 1_000);
    assert!(first.lines.iter().filter_map(|line| line.word_count).is_sorted());
    let statuses: u32 = first.facets.unwrap().status.iter().map(|facet| facet.count).sum();
    assert_eq!(statuses, 1_000);
    let last = kept.page(&id, &query, first.found - 3, 10).await.unwrap();
    assert_eq!((last.lines.len(), last.facets), (3, None));
    assert!(last.lines[0].word_count >= first.lines[9].word_count);
    assert!(kept.page(&id, &query, u32::MAX, 10).await.unwrap().lines.is_empty());
    let bad = PostQuery { sort: Some("id; DROP TABLE list".into()), ..of(LARGE) };
    assert_eq!(kept.page(&id, &bad, 0, 10).await.unwrap_err().field.as_deref(), Some("sort"));
}

#[tokio::test]
async fn a_filtered_list_is_cached_beside_the_whole_list() {
    let world = World::new();
    let id = world.connect().await;
    let drafts = PostQuery { status: Some("draft".into()), ..of(LARGE) };
    world.grapnel.load_posts(&id, &drafts).await.unwrap();
    let kept = world.grapnel.cached();
    let narrow = kept.page(&id, &drafts, 0, 5).await.unwrap();
    assert!(narrow.narrowed && narrow.found == narrow.size && narrow.size < 5_000);
    assert_eq!(kept.page(&id, &of(LARGE), 0, 5).await.unwrap_err().code, Code::NotFound);

    world.pass(SignedDuration::from_secs(1));
    world.grapnel.load_posts(&id, &of(LARGE)).await.unwrap();
    let whole = kept.page(&id, &drafts, 0, 5).await.unwrap();
    assert!(!whole.narrowed && whole.found == narrow.found && whole.size == 5_000);

    world.pass(SignedDuration::from_secs(1));
    world.grapnel.load_posts(&id, &drafts).await.unwrap();
    assert!(kept.page(&id, &drafts, 0, 5).await.unwrap().narrowed, "it is newer");
    assert_eq!(kept.page(&id, &of(LARGE), 0, 5).await.unwrap().size, 5_000);
}

#[tokio::test]
async fn a_post_has_all_members_and_a_url() {
    let (world, id) = offline(300).await;
    let kept = world.grapnel.cached();
    let published = PostQuery { status: Some("published".into()), ..of(LARGE) };
    let post = kept.page(&id, &published, 0, 1).await.unwrap().lines.remove(0);
    let details = kept.post(&id, &of(LARGE), &post.id).await.unwrap();
    let slug = details.post.slug.clone().unwrap();
    assert_eq!(details.address, Some(format!("https://chronicle.example/{slug}")));
    assert!(details.post.others.iter().any(|field| field.name == "featured"));
    let json = kept.post_json(&id, &of(LARGE), &post.id).await.unwrap();
    assert!(json.starts_with("{\n  \"id\": \"post_"), "{json}");
    let draft = PostQuery { status: Some("draft".into()), ..of(LARGE) };
    let draft = kept.page(&id, &draft, 0, 1).await.unwrap().lines.remove(0);
    assert_eq!(kept.post(&id, &of(LARGE), &draft.id).await.unwrap().address, None);
    assert_eq!(kept.post(&id, &of(LARGE), "none").await.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn all_cached_content_is_searched() {
    let world = World::new();
    let id = world.connect().await;
    world.grapnel.projects(&id).await.unwrap();
    for project in ["proj_sekai", "proj_harbour"] {
        world.grapnel.load_posts(&id, &of(project)).await.unwrap();
    }
    let kept = world.grapnel.cached();
    let title = kept.page(&id, &of("proj_harbour"), 0, 1).await.unwrap().lines.remove(0).title;
    let found = kept.search(&title.to_uppercase()).await.unwrap();
    assert_eq!((found[0].title.as_str(), found[0].within.as_str()), (title.as_str(), "proj_harbour"));
    assert_eq!(found[0].connection, "Acme");
    let projects = kept.projects(&id).await.unwrap().projects;
    let harbour = projects.into_iter().find(|project| project.id == "proj_harbour").unwrap();
    assert_eq!(found[0].parent, Some(harbour.name));
    // A prefix without its accents; a word within Japanese text; an author.
    for (text, kind) in [
        ("harb roast", "projects"),
        ("kitch", "projects"),
        ("の", "projects"),
        ("台所", "projects"),
        ("marchet", "posts"),
    ] {
        let found = kept.search(text).await.unwrap();
        assert!(found.iter().any(|one| one.kind == kind), "{text}: {found:?}");
    }
    assert!(kept.search("\" NOT zyzzyva *").await.unwrap().is_empty());
    assert!(kept.search("  ").await.unwrap().is_empty());

    world.grapnel.disconnect(&id).await.unwrap();
    world.grapnel.forget(&id).await.unwrap();
    assert!(kept.search("marchet").await.unwrap().is_empty());
    for file in ["content.db", "content.db-wal"] {
        let bytes = std::fs::read(world.home.path().join(file)).unwrap_or_default();
        assert!(!bytes.windows(8).any(|window| window == b"Marchett"), "{file} remembers");
    }
}

#[tokio::test]
async fn content_of_other_providers_is_cached_without_tokens() {
    let world = World::of(ProviderId::Grindery);
    let id = world.connect().await;
    let before = world.sandbox.revealed().len();
    let workspaces = world.grapnel.items(&id, "workspaces", None).await.unwrap();
    let kept = world.grapnel.cached();
    assert_eq!(kept.items(&id, "workspaces", None).await.unwrap().items, workspaces.items);
    assert!(!kept.search(&workspaces.items[0].name).await.unwrap().is_empty());
    assert_eq!(kept.items(&id, "workflows", None).await.unwrap_err().code, Code::NotFound);
    let workspace = Some(workspaces.items[0].id.as_str());
    let workflows = world.grapnel.items(&id, "workflows", workspace).await.unwrap();
    let live = world.sandbox.revealed().len() - before;
    assert_eq!(live, workspaces.items.len() + 1, "each workspace has a token, and the workflows have one");

    let names = workspaces.items.iter().flat_map(|item| &item.others).map(|field| field.name.as_str());
    assert!(names.into_iter().all(|name| name != "token"), "a workspace's own token is not even named");
    let shown = serde_json::to_string(&(&workspaces, &workflows)).unwrap();
    assert!(shown.contains("authentication"), "{shown}");
    nothing_is_repeated(&world, &shown);
    let bytes: Vec<u8> = ["content.db", "content.db-wal"]
        .iter()
        .flat_map(|file| std::fs::read(world.home.path().join(file)).unwrap_or_default())
        .collect();
    for known in [&workspaces.items[0].id, &workflows.items[0].id] {
        assert!(memchr::memmem::find(&bytes, known.as_bytes()).is_some(), "the file was not read");
    }
}

#[tokio::test]
async fn a_long_list_reports_progress_and_can_be_cancelled() {
    let world = World::with(Options { posts: 9_000, ..Options::only(ProviderId::Grigora) });
    let id = world.connect().await;
    let mut events = world.grapnel.events();
    let (grapnel, of_it) = (world.grapnel.clone(), id.clone());
    let loading = tokio::spawn(async move { grapnel.load_posts(&of_it, &of(LARGE)).await });
    let progress = loop {
        if let Event::Progress(progress) = events.recv().await.unwrap()
            && progress.posts > 0
        {
            break progress;
        }
    };
    assert!(progress.bytes > 100_000 && progress.project_id == LARGE, "{progress:?}");
    loading.abort();
    let _ = loading.await;
    // The next write waits until the interrupted one has ended, and finds nothing of it.
    world.grapnel.projects(&id).await.unwrap();
    assert_eq!(world.grapnel.cached().posts(&id, &of(LARGE)).await.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn the_shown_posts_are_exported() {
    let (world, id) = offline(300).await;
    let drafts = PostQuery { status: Some("draft".into()), sort: Some("title".into()), ..of(LARGE) };
    let kept = world.grapnel.cached();
    let paper = Paper::default();
    let count = kept.export(&id, &drafts, Format::Json, paper.clone()).await.unwrap();
    let json: serde_json::Value = serde_json::from_slice(&paper.0.lock().unwrap()).unwrap();
    let all = json.as_array().unwrap();
    assert_eq!(all.len(), usize::try_from(count).unwrap());
    assert!(all.iter().all(|post| post["status"] == "draft" && post.get("excerpt").is_some()));
    let paper = Paper::default();
    kept.export(&id, &drafts, Format::Csv, paper.clone()).await.unwrap();
    let text = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
    assert_eq!(text.lines().count(), all.len() + 1);
}

#[tokio::test]
async fn months_count_the_posts_that_match_the_filters() {
    let (world, id) = offline(1_000).await;
    let months = world.grapnel.cached().months(&id, &of(LARGE)).await.unwrap();
    assert_eq!(months.len(), 24);
    let total = |months: &[grapnel_model::content::Month]| -> u32 {
        months.iter().map(|month| month.published + month.draft + month.other).sum()
    };
    let drafts = PostQuery { status: Some("draft".into()), ..of(LARGE) };
    let drafts = world.grapnel.cached().months(&id, &drafts).await.unwrap();
    assert!(total(&drafts) > 0 && total(&drafts) < total(&months));
    assert!(drafts.iter().all(|month| month.published == 0));
}

#[tokio::test]
async fn a_list_read_again_replaces_the_cached_one() {
    let world = World::with(Options { posts: 300, ..Options::only(ProviderId::Grigora) });
    let (id, kept) = (world.connect().await, world.grapnel.cached());
    world.grapnel.load_posts(&id, &of(LARGE)).await.unwrap();
    let posts = async || kept.posts(&id, &of(LARGE)).await.unwrap().posts;
    let (before, found) = (posts().await, kept.search("marchet").await.unwrap().len());
    // As if the posts had been in another order before, and one of them different.
    let database = rusqlite::Connection::open(world.home.path().join("content.db")).unwrap();
    let differ = "UPDATE entry SET id = -7 WHERE id = 100; UPDATE entry SET id = 100 WHERE id = 101;
        UPDATE entry SET id = 101 WHERE id = -7;
        UPDATE body SET json = replace(json, '\"title\":\"', '\"title\":\"Once ') WHERE id = 250;";
    database.execute_batch(differ).unwrap();
    assert_ne!(posts().await, before);
    world.grapnel.load_posts(&id, &of(LARGE)).await.unwrap();
    assert_eq!(posts().await, before);
    assert_eq!(kept.search("marchet").await.unwrap().len(), found);
    let count = |table: &str| -> i64 {
        database.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    assert_eq!((count("body"), count("words")), (300, 300), "nothing is left over");
}

/// A file that can be read while it is written.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
