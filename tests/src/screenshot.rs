//! A picture of the whole screen, as a person would see it.

use std::path::Path;

use anyhow::{Context, Result};

use crate::desktop::Desktop;

/// Takes it, as PNG.
pub async fn take(desktop: &Desktop, path: &Path) -> Result<()> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)?;
    }
    let path = path.to_str().context("a path in UTF-8")?;
    desktop.run("import", &["-silent", "-window", "root", path]).await?;
    Ok(())
}
