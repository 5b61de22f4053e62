//! Rules for source files that no formatter or linter has: `foo.rs` next to `foo/`, lines of at most 120 characters,
//! and typographic apostrophes. The window's code has its own test, `ui/src/house.test.ts`.

use std::fs;
use std::path::{Path, PathBuf};

use grapnel_tests::{Result, ensure};

const MAX_LINE: usize = 120;
/// Source files by the ending of their names. Markdown has tables, and lock files and snapshots are generated.
const SOURCES: [&str; 9] = ["rs", "toml", "sql", "css", "html", "mjs", "sh", "yml", "dev"];
/// Generated or downloaded directories, and the window's code, which has its own test.
const SKIPPED: [&str; 7] = [".git", ".tools", "target", "node_modules", "gen", "snapshots", "ui"];

#[test]
fn a_module_with_children_is_a_file_beside_its_folder() -> Result<()> {
    let found: Vec<String> = sources()?.iter().filter(|path| path.ends_with("mod.rs")).map(shown).collect();
    ensure!(found.is_empty(), "move to the name of the folder:\n{}", found.join("\n"));
    Ok(())
}

#[test]
fn no_line_is_longer_than_120_characters() -> Result<()> {
    let mut found = Vec::new();
    let sources = sources()?;
    ensure!(sources.len() > 500, "only {} files were found", sources.len());
    for path in &sources {
        let text = fs::read_to_string(path)?;
        let long = text.lines().enumerate().filter(|(_, line)| line.chars().count() > MAX_LINE);
        found.extend(long.map(|(number, _)| format!("{}:{}", shown(path), number + 1)));
    }
    ensure!(found.is_empty(), "{} lines are too long:\n{}", found.len(), found.join("\n"));
    Ok(())
}

/// What people read has the same apostrophe everywhere, as in “the team’s database”.
#[test]
fn no_text_has_a_straight_apostrophe() -> Result<()> {
    let mut found = Vec::new();
    let is_of_tests = |path: &str| path.ends_with("tests.rs") || path.contains("/tests/");
    for path in sources()?.iter().map(shown) {
        if !path.starts_with("src-tauri") || !path.ends_with(".rs") || is_of_tests(&path) {
            continue;
        }
        let text = fs::read_to_string(root().join(&path))?;
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let wrong = code.lines().enumerate().filter(|(_, line)| has_straight_apostrophe(line));
        found.extend(wrong.map(|(number, _)| format!("{path}:{}", number + 1)));
    }
    ensure!(found.is_empty(), "write ’ for ':\n{}", found.join("\n"));
    Ok(())
}

/// Whether a line that is no comment has a possessive `'s`.
fn has_straight_apostrophe(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    code.split("'s").zip(code.split("'s").skip(1)).any(|(before, after)| {
        before.ends_with(|letter: char| letter.is_ascii_lowercase())
            && after.starts_with([' ', '.', ',', ':', ';', '"', '\\'])
    })
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn shown(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

fn sources() -> Result<Vec<PathBuf>> {
    let mut folders = vec![root()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let ending = name.rsplit('.').next().unwrap_or_default();
            if path.is_dir() {
                if !SKIPPED.contains(&name) {
                    folders.push(path);
                }
            } else if SOURCES.contains(&ending) {
                sources.push(path);
            }
        }
    }
    Ok(sources)
}
