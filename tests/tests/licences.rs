//! Everything that is shipped or builds what is shipped has a permissive licence, and the notices of what is shipped
//! are in the program.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
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
    let metadata = metadata()?;
    let shipped = shipped(&metadata, |kind| kind != "dev")?;
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
    let deny = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../deny.toml"))?;
    let list = deny.split_once("\nallow = [").and_then(|(_, rest)| rest.split_once(']')).context("allow")?.0;
    let allowed: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
    ensure!(allowed == ALLOWED, "{allowed:?}");
    Ok(())
}

fn metadata() -> Result<Value> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--locked", "--all-features"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Every package that ours depend on, by dependencies of the kinds that `counts` accepts, except for tests.
fn shipped(metadata: &Value, counts: impl Fn(&Value) -> bool) -> Result<HashSet<&str>> {
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
            dep["dep_kinds"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| counts(&kind["kind"])))
        });
        open.extend(lasting.filter_map(|dep| dep["pkg"].as_str()));
    }
    Ok(shipped)
}

fn of_the_window() -> Result<Value> {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/package-lock.json");
    Ok(serde_json::from_str(&fs::read_to_string(lock)?)?)
}

/// Whether a package of the window is shipped: a dependency at run time, or the compiler, whose runtime is bundled.
fn is_bundled(path: &str, package: &Value) -> bool {
    package["dev"] != true || path.ends_with("node_modules/svelte")
}

#[test]
fn packages_of_the_window_have_permissive_licences() -> Result<()> {
    let lock = of_the_window()?;
    let packages = lock["packages"].as_object().context("packages")?;
    let refused: Vec<String> = packages
        .iter()
        .filter(|(path, package)| is_bundled(path, package))
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

/// `./dev notices` writes the file.
#[test]
fn the_notices_in_the_program_are_those_of_what_is_shipped() -> Result<()> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src-tauri/third-party-notices.txt");
    let notices = notices()?;
    if std::env::var_os("GRAPNEL_WRITE_NOTICES").is_some() {
        fs::write(&file, &notices)?;
    }
    ensure!(fs::read_to_string(&file)? == notices, "third-party-notices.txt is stale: run ./dev notices");
    Ok(())
}

/// Each package with its licence and copyright notices, and then the text of each licence.
fn notices() -> Result<String> {
    let metadata = metadata()?;
    let shipped = shipped(&metadata, Value::is_null)?;
    let mut packages = BTreeSet::new();
    for package in metadata["packages"].as_array().context("packages")? {
        let is_shipped = package["id"].as_str().is_some_and(|id| shipped.contains(id));
        // Our own packages have no source.
        if is_shipped && !package["source"].is_null() {
            let manifest = package["manifest_path"].as_str().context("a package without a manifest")?;
            packages.insert(Notice::of(package, Path::new(manifest).parent().context("a directory")?)?);
        }
    }
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui");
    let lock = of_the_window()?;
    for (path, package) in lock["packages"].as_object().context("packages")? {
        if !path.is_empty() && is_bundled(path, package) {
            let manifest: Value =
                serde_json::from_str(&fs::read_to_string(ui.join(path).join("package.json"))?)?;
            packages.insert(Notice::of(&manifest, &ui.join(path))?);
        }
    }
    let mut text =
        "Grapnel contains the following packages. The texts of their licences are at the end.\n".to_owned();
    let mut used = BTreeSet::new();
    for Notice { name, version, licence, lines } in &packages {
        write!(text, "\n{name} {version} ({licence})\n")?;
        for line in lines {
            writeln!(text, "  {line}")?;
        }
        let words = licence.split(|letter: char| !letter.is_ascii_alphanumeric() && !"-.".contains(letter));
        used.extend(words.filter_map(|word| ALLOWED.into_iter().find(|name| *name == word)));
    }
    for name in used {
        let licence = spdx::license_id(name).context("an unknown licence")?;
        write!(text, "\n\n{name}\n{}\n\n{}\n", "=".repeat(name.len()), licence.text().trim())?;
    }
    Ok(text)
}

/// What a package says about itself.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Notice {
    name: String,
    version: String,
    licence: String,
    /// Its copyright notices, or else its authors; and the notices that its licence says to keep.
    lines: Vec<String>,
}

impl Notice {
    fn of(manifest: &Value, directory: &Path) -> Result<Self> {
        let text = |key: &str| manifest[key].as_str().unwrap_or_default().to_owned();
        let mut files: Vec<PathBuf> =
            fs::read_dir(directory)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.sort();
        let mut lines = Vec::new();
        for file in files {
            let name = file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
            let is_licence = ["licen", "copying", "copyright"].iter().any(|start| name.starts_with(start));
            let is_notice = name.starts_with("notice");
            let Ok(content) = fs::read(&file) else { continue };
            let content = String::from_utf8_lossy(&content);
            let found = content.lines().map(|line| line.trim_matches([' ', '\t', '*', '#', '/']).to_owned());
            lines.extend(
                found.filter(|line| is_notice && !line.is_empty() || is_licence && is_copyright(line)),
            );
        }
        let mut seen = HashSet::new();
        lines.retain(|line| seen.insert(line.clone()));
        if lines.is_empty() {
            lines.extend(
                manifest["authors"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .map(str::to_owned),
            );
        }
        let licence = match text("license") {
            none if none.is_empty() => "MIT".to_owned(),
            named => named,
        };
        Ok(Self { name: text("name"), version: text("version"), licence, lines })
    }
}

/// Whether a line is the notice of a person, and not part of a licence or its template.
fn is_copyright(line: &str) -> bool {
    const TEMPLATES: [&str; 6] = ["yyyy", "year", "copyright holder", "owner", "notice", "license"];
    let small = line.to_lowercase();
    line.starts_with("Copyright ") && !TEMPLATES.iter().any(|words| small.contains(words))
}
