//! A picture of the whole screen, as a person would see it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::Instant;

use crate::desktop::Desktop;

/// A screen that moves for longer than this is pictured as it is.
const RESTLESS: Duration = Duration::from_secs(3);
/// After so long without a difference the screen holds still.
const STILL: Duration = Duration::from_millis(600);

/// Takes it, as PNG.
pub async fn take(desktop: &Desktop, path: &Path) -> Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    let path = path.to_str().context("a path in UTF-8")?;
    desktop.run("import", &["-silent", "-strip", "-window", "root", path]).await?;
    Ok(())
}

/// Takes it once the screen holds still: what a page has is not drawn at once.
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
