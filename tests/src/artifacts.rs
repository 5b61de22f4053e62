//! Where things are built, and where a story leaves what it has to show.

use std::path::{Path, PathBuf};

/// Cargo's target directory.
pub fn target() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(elsewhere) => root.join(elsewhere),
        None => root.join("target"),
    }
}

/// The desktop program under test: `GRAPNEL_DESKTOP`, or what `cargo build` leaves.
pub fn program() -> PathBuf {
    std::env::var_os("GRAPNEL_DESKTOP").map_or_else(|| target().join("debug/grapnel-desktop"), PathBuf::from)
}

/// Where a failing story leaves its picture and its logs.
pub fn stories() -> PathBuf {
    target().join("stories")
}
