//! Paths of the build's results and of the stories' pictures and logs.

use std::path::{Path, PathBuf};

/// Cargo's target directory.
pub fn target() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(elsewhere) => root.join(elsewhere),
        None => root.join("target"),
    }
}

/// The desktop program under test: `GRAPNEL_DESKTOP`, or the result of `cargo build`.
pub fn program() -> PathBuf {
    std::env::var_os("GRAPNEL_DESKTOP").map_or_else(|| target().join("debug/grapnel-desktop"), PathBuf::from)
}

/// The command line under test, which is beside the desktop program.
pub fn command_line() -> PathBuf {
    program().with_file_name("grapnel")
}

/// The directory for the pictures and logs of failing stories.
pub fn stories() -> PathBuf {
    target().join("stories")
}
