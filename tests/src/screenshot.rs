//! Pictures of the whole screen.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::Instant;

use crate::desktop::Desktop;

/// How long to wait for the screen to hold still.
const RESTLESS: Duration = Duration::from_secs(3);
/// The screen holds still if it does not change for this time.
const STILL: Duration = Duration::from_millis(600);

/// Takes a picture as PNG.
pub async fn take(desktop: &Desktop, path: &Path) -> Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    let path = path.to_str().context("a path in UTF-8")?;
    desktop.run("import", &["-silent", "-strip", "-window", "root", path]).await?;
    Ok(())
}

/// Takes a picture once the screen holds still, since a page is not rendered at once.
pub async fn take_still(desktop: &Desktop, path: &Path) -> Result<()> {
    let begun = Instant::now();
    let (mut last, mut changed) = (Vec::new(), begun);
    while changed.elapsed() < STILL && begun.elapsed() < RESTLESS {
        take(desktop, path).await?;
        let picture = fs::read(path)?;
        if picture != last {
            (last, changed) = (picture, Instant::now());
        }
    }
    Ok(())
}
