//! Times for listing 10,000 connections and for a change of one of them, compared with a plain SELECT of the same
//! columns in the same process.

use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Waker};

use anyhow::Result;
use grapnel_core::Grapnel;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::figures::{Figures, load};
use crate::fleet;

const CONNECTIONS: usize = 10_000;
const APPS: usize = 40;
const TIMES: usize = 41;

/// The columns that the list shows.
const FLOOR: &str =
    "SELECT id, app_id, name, held, retry_at, trouble, kept_for FROM connection ORDER BY name";

pub(crate) async fn run() -> Result<()> {
    let home = TempDir::new()?;
    fleet::fill(home.path(), CONNECTIONS, APPS).await?;
    println!("{CONNECTIONS} connections of {APPS} apps; {}", load());
    println!("{:<52}{}", "floor: bare SELECT of what a line is made of", floor(home.path())?);
    let grapnel = Grapnel::open(home.path())?;
    let all = grapnel.connections()?;
    let line = |what: &str, figures: &Figures| println!("{what:<52}{figures}");
    line("the whole list", &Figures::of(TIMES, || grapnel.connections()));
    let size = serde_json::to_vec(&all)?.len();
    line(
        &format!("  as JSON for the window ({} kB)", size / 1_000),
        &Figures::of(TIMES, || serde_json::to_vec(&all)),
    );
    grapnel.take_pending_notifications()?;
    line("whom to tell of what is new", &Figures::of(TIMES, || grapnel.take_pending_notifications()));
    let mut ids = all.iter().map(|one| &one.id).cycle();
    line("everything about one", &Figures::of(TIMES * 20, || ids.next().map(|id| grapnel.connection(id))));
    line("planning all refreshes", &Figures::of(TIMES, || begin(grapnel.keep_alive())));
    Ok(())
}

/// Polls the future once: runs it up to its first await that is not ready.
fn begin(work: impl Future<Output = ()>) {
    let _ = pin!(work).poll(&mut Context::from_waker(Waker::noop()));
}

fn floor(home: &Path) -> Result<Figures> {
    let database = Connection::open(home.join("grapnel.db"))?;
    let read = || -> rusqlite::Result<usize> {
        let mut statement = database.prepare_cached(FLOOR)?;
        let mut rows = statement.query([])?;
        let mut bytes = 0;
        while let Some(row) = rows.next()? {
            for column in 0..7 {
                bytes += row.get_ref(column)?.as_str_or_null()?.map_or(0, str::len);
            }
        }
        Ok(bytes)
    };
    read()?;
    Ok(Figures::of(TIMES, read))
}
