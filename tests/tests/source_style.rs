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

/// Errors and notices of the core and the window are written “the team’s database”. Help texts of the command line have
/// the straight apostrophe of the terminal.
#[test]
fn no_string_has_a_straight_apostrophe() -> Result<()> {
    let (mut found, mut count) = (Vec::new(), 0);
    let is_of_tests = |path: &str| path.ends_with("tests.rs") || path.contains("/tests/");
    let sources = sources()?;
    let rust = sources.iter().filter(|path| path.extension().is_some_and(|ending| ending == "rs"));
    for path in rust.map(shown).filter(|path| path.starts_with("src-tauri") && !is_of_tests(path)) {
        count += 1;
        let text = fs::read_to_string(root().join(&path))?;
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let wrong = code.lines().enumerate().filter(|(_, line)| has_straight_apostrophe(line));
        found.extend(wrong.map(|(number, _)| format!("{path}:{}", number + 1)));
    }
    ensure!(count > 300, "only {count} files were found");
    ensure!(found.is_empty(), "write ’ for ':\n{}", found.join("\n"));
    Ok(())
}

/// Whether a line that is no comment has a possessive `'s`, or an `n't`.
fn has_straight_apostrophe(line: &str) -> bool {
    if line.trim_start().starts_with("//") {
        return false;
    }
    let ends = |after: &str| !after.starts_with(|next: char| next.is_alphanumeric() || next == '\'');
    line.match_indices('\'').any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + 1..]);
        let is_possessive = after.strip_prefix('s').is_some_and(ends)
            && before.ends_with(|letter: char| letter.is_ascii_alphabetic());
        is_possessive || (before.ends_with('n') && after.strip_prefix('t').is_some_and(ends))
    })
}

#[test]
fn a_straight_apostrophe_is_told_from_other_quotes() {
    for wrong in ["\"the team's database\"", "of the URL's host", "it doesn't", "the person's"] {
        assert!(has_straight_apostrophe(wrong), "{wrong}");
    }
    for right in ["the team’s", "// the team's", "matches!(c, 's' | b's')", "&'s str", "WHERE kind = 'posts'"]
    {
        assert!(!has_straight_apostrophe(right), "{right}");
    }
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
