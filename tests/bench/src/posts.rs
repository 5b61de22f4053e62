//! 100,000 posts in the core: times for reading, storing, filtering, sorting and paging them, compared with plain
//! SQLite on the same rows in the same process.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use grapnel_core::Grapnel;
use grapnel_model::content::{Order, PostQuery};
use grapnel_model::id::ConnectionId;
use grapnel_model::secret::ExposeSecret;
use grapnel_sandbox::{Consent, Options, ProviderId, Sandbox};
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use crate::figures::{Figures, Timed, load};
use crate::signed_in::connect;

const POSTS: usize = 100_000;
const PROJECT: &str = "The Lantern Street Chronicle";
const TIMES: usize = 21;

pub(crate) async fn run() -> Result<()> {
    let options = Options { posts: POSTS, consent: Consent::Authorize, ..Options::only(ProviderId::Grigora) };
    let (sandbox, home) = (Sandbox::start(options)?, TempDir::new()?);
    let (grapnel, id) = connect(home.path(), &sandbox).await?;
    let projects = grapnel.projects(&id).await?.projects;
    let project = projects.into_iter().find(|one| one.name == PROJECT).context("no such project")?.id;
    let all = PostQuery { project_id: project, ..PostQuery::default() };
    println!("{POSTS} posts; {}", load());
    reading(&grapnel, &id, &all, &sandbox, home.path()).await?;
    looking(&grapnel, &id, &all, home.path()).await?;
    println!("at the end: {}", load());
    Ok(())
}

async fn reading(
    grapnel: &Grapnel,
    id: &ConnectionId,
    all: &PostQuery,
    sandbox: &Sandbox,
    home: &Path,
) -> Result<()> {
    let token = grapnel.token(id, Duration::from_secs(60)).await?;
    let told = sandbox.registration(ProviderId::Grigora);
    let base = told.addresses.get("api_base").context("no address")?;
    let client = reqwest::Client::builder().no_proxy().build()?;
    let fetch = async || -> Result<usize> {
        let body = json!({ "project_id": all.project_id }).to_string();
        let asked = client.post(format!("{base}/cms/post/list")).bearer_auth(token.value.expose_secret());
        let reply = asked.header("content-type", "application/json").body(body).send().await?;
        Ok(reply.error_for_status()?.bytes().await?.len())
    };
    let size = fetch().await?;
    let start = Timed::begin();
    fetch().await?;
    said(&format!("floor: the same reply fetched and dropped ({} MB)", size / 1_000_000), &start);
    for what in ["read and kept, for the first time", "read and kept again, nothing changed"] {
        let start = Timed::begin();
        grapnel.load_posts(id, all).await?;
        said(what, &start);
    }
    let start = Timed::begin();
    copy(home)?;
    said("floor: the kept rows, copied to a new file by SQLite", &start);
    Ok(())
}

/// Copies the stored rows to tables with the same columns, without the full-text index.
fn copy(home: &Path) -> Result<()> {
    let database = Connection::open(home.join("copy.db"))?;
    database.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; ATTACH '{}' AS kept; BEGIN;
         CREATE TABLE entry AS SELECT * FROM kept.entry; CREATE TABLE body AS SELECT * FROM kept.body; COMMIT",
        home.join("content.db").display()
    ))?;
    Ok(())
}

async fn looking(grapnel: &Grapnel, id: &ConnectionId, all: &PostQuery, home: &Path) -> Result<()> {
    let titled = |text: &str| PostQuery { title: Some(text.into()), ..all.clone() };
    let sorted = |by: &str| PostQuery { sort: Some(by.into()), order: Some(Order::Desc), ..all.clone() };
    let bare = Connection::open(home.join("content.db"))?;
    for text in ["tram", "bridge", "the"] {
        let sql = format!("SELECT id FROM entry WHERE instr(folded, '{text}') > 0 ORDER BY id");
        println!("{:<52}{}", format!("floor: SELECT of titles with “{text}”"), floor(&bare, &sql)?);
        page(grapnel, id, &titled(text), &format!("filter by title “{text}”")).await?;
    }
    let sql = "SELECT id FROM entry ORDER BY last_update DESC";
    println!("{:<52}{}", "floor: SELECT of all by last change", floor(&bare, sql)?);
    page(grapnel, id, &sorted("last_update"), "sort by last change").await?;
    page(grapnel, id, &sorted("title"), "sort by title").await?;
    let kept = grapnel.cached();
    kept.page(id, all, 0, 100).await?;
    let mut times = Vec::new();
    for piece in 0..200 {
        let start = Timed::begin();
        kept.page(id, all, piece * 500, 100).await?;
        times.push(start.end());
    }
    println!("{:<52}{}", "a piece of 100 lines while scrolling", Figures::from(times));
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let start = Timed::begin();
        kept.months(id, &titled("the")).await?;
        times.push(start.end());
    }
    println!("{:<52}{}", "posts of each month with “the”", Figures::from(times));
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let start = Timed::begin();
        kept.search("bridge tram").await?;
        times.push(start.end());
    }
    println!("{:<52}{}", "search across everything for “bridge tram”", Figures::from(times));
    Ok(())
}

/// The first page of a query's result. A different query runs before each, so that nothing is cached.
async fn page(grapnel: &Grapnel, id: &ConnectionId, query: &PostQuery, what: &str) -> Result<()> {
    let (kept, mut times, mut found) = (grapnel.cached(), Vec::new(), 0);
    let other = PostQuery { words_from: Some(1), ..query.clone() };
    for _ in 0..TIMES {
        kept.page(id, &other, 0, 100).await?;
        let start = Timed::begin();
        found = kept.page(id, query, 0, 100).await?.found;
        times.push(start.end());
    }
    println!("{:<52}{}, {found} found", what, Figures::from(times));
    Ok(())
}

fn floor(database: &Connection, sql: &str) -> Result<Figures> {
    let mut statement = database.prepare(sql)?;
    let mut read = || -> rusqlite::Result<i64> {
        let mut rows = statement.query([])?;
        let mut sum = 0;
        while let Some(row) = rows.next()? {
            sum += row.get::<_, i64>(0)?;
        }
        Ok(sum)
    };
    read()?;
    Ok(Figures::of(TIMES, read))
}

fn said(what: &str, since: &Timed) {
    println!("{what:<52}{}", since.end());
}
