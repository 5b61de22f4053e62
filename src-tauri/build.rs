//! Puts every command of the one list in `src/bindings.rs` under the capability system.

#![expect(clippy::expect_used, reason = "a build that cannot go on must stop")]

fn main() {
    println!("cargo:rerun-if-changed=src/bindings.rs");
    let list = std::fs::read_to_string("src/bindings.rs").expect("the list of commands is there").leak();
    let commands: Vec<&str> = list
        .lines()
        .filter_map(|line| line.trim().strip_suffix(',')?.split_once("::"))
        .filter(|(module, _)| ["commands", "browsing", "saved"].contains(module))
        .map(|(_, command)| command)
        .collect();
    let manifest = tauri_build::AppManifest::new().commands(commands.leak());
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest))
        .expect("the configuration is valid");
}
