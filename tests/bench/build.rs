//! Reads the empty window's configuration.

#![expect(clippy::expect_used, reason = "a build that cannot go on must stop")]

fn main() {
    tauri_build::try_build(tauri_build::Attributes::new()).expect("the configuration is valid");
}
