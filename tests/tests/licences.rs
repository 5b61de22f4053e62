//! Everything that is shipped or builds what is shipped has a permissive licence.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::process::Command;

use grapnel_tests::{Context, Result, ensure};
use serde_json::Value;
use spdx::{Expression, ParseMode};

/// Permissive licences, and the MPL, whose conditions apply to its own files only.
const ALLOWED: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];
/// Packages whose metadata names no licence, but whose LICENSE file is that of MIT.
const UNNAMED: [&str; 1] = ["node_modules/svelte-toolbelt"];
/// This package is not shipped.
const TESTS: &str = "grapnel-tests";

fn is_allowed(licence: &str) -> bool {
    Expression::parse_mode(licence, ParseMode::LAX).is_ok_and(|expression| {
        expression.evaluate(|required| required.license.id().is_some_and(|id| ALLOWED.contains(&id.name)))
    })
}

#[test]
fn crates_have_permissive_licences() -> Result<()> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--locked", "--all-features"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let shipped = shipped(&metadata)?;
    let packages = metadata["packages"].as_array().context("packages")?;
    let refused: Vec<String> = packages
        .iter()
        .filter(|package| package["id"].as_str().is_some_and(|id| shipped.contains(id)))
        .filter(|package| !package["license"].as_str().is_some_and(is_allowed))
        .map(|package| format!("{} {}: {}", package["name"], package["version"], package["license"]))
        .collect();
    ensure!(shipped.len() > 50, "only {} crates: that cannot be all", shipped.len());
    ensure!(refused.is_empty(), "{refused:#?}");
    Ok(())
}

/// The lists here and in `deny.toml` (for cargo-deny) are equal.
#[test]
fn both_lists_of_licences_are_equal() -> Result<()> {
    let deny = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../deny.toml"))?;
    let list = deny.split_once("\nallow = [").and_then(|(_, rest)| rest.split_once(']')).context("allow")?.0;
    let allowed: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
    ensure!(allowed == ALLOWED, "{allowed:?}");
    Ok(())
}

/// Every package that ours depend on, except for tests.
fn shipped(metadata: &Value) -> Result<HashSet<&str>> {
    let nodes = metadata["resolve"]["nodes"].as_array().context("what needs what")?;
    let needs: HashMap<&str, &Value> =
        nodes.iter().filter_map(|node| Some((node["id"].as_str()?, &node["deps"]))).collect();
    let members = metadata["workspace_members"].as_array().context("members")?;
    let mut open: Vec<&str> =
        members.iter().filter_map(Value::as_str).filter(|id| !id.contains(TESTS)).collect();
    ensure!(open.len() < members.len(), "the tests have another name now");
    let mut shipped = HashSet::new();
    while let Some(id) = open.pop() {
        if !shipped.insert(id) {
            continue;
        }
        let deps = needs.get(id).and_then(|deps| deps.as_array()).context("a package without its needs")?;
        let lasting = deps.iter().filter(|dep| {
            dep["dep_kinds"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"] != "dev"))
        });
        open.extend(lasting.filter_map(|dep| dep["pkg"].as_str()));
    }
    Ok(shipped)
}

/// The window's packages: its dependencies at run time, and the compiler, whose runtime is bundled.
#[test]
fn packages_of_the_window_have_permissive_licences() -> Result<()> {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/package-lock.json");
    let lock: Value = serde_json::from_str(&std::fs::read_to_string(lock)?)?;
    let packages = lock["packages"].as_object().context("packages")?;
    let refused: Vec<String> = packages
        .iter()
        .filter(|(path, package)| package["dev"] != true || path.ends_with("node_modules/svelte"))
        .filter(|(path, package)| match package["license"].as_str() {
            Some(licence) => !is_allowed(licence),
            None => !UNNAMED.contains(&path.as_str()),
        })
        .map(|(path, package)| format!("{path}: {}", package["license"]))
        .collect();
    ensure!(
        packages.values().any(|package| package["dev"] != true),
        "the window has no packages: that cannot be"
    );
    ensure!(refused.is_empty(), "{refused:#?}");
    Ok(())
}
