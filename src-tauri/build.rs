//! Puts every command that `capabilities/window.json` allows under the capability system. A test in `src/bindings.rs`
//! holds that these are all commands.

#![expect(clippy::expect_used, reason = "a build that cannot go on must stop")]

const CAPABILITY: &str = "capabilities/window.json";

fn main() {
    println!("cargo:rerun-if-changed={CAPABILITY}");
    let text = std::fs::read_to_string(CAPABILITY).expect("the capability file can be read");
    let capability: serde_json::Value = serde_json::from_str(&text).expect("the capability file is JSON");
    let permissions = capability["permissions"].as_array().expect("the capability lists permissions");
    let commands: Vec<&'static str> = permissions
        .iter()
        .filter_map(|permission| permission.as_str()?.strip_prefix("allow-"))
        .map(|command| &*command.replace('-', "_").leak())
        .collect();
    let manifest = tauri_build::AppManifest::new().commands(commands.leak());
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest))
        .expect("the configuration is valid");
}
