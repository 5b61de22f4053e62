//! `docs/security.md` names the test of each promise, and `docs/providers.md` that of each RFC: these files and tests
//! exist.

use std::fs;
use std::path::{Path, PathBuf};

use grapnel_tests::{Context, Result, ensure};

/// The directory that paths in the table are relative to.
const BASE: &str = "src-tauri/core";
/// The section of `docs/providers.md` that compares Grapnel with other clients. It comes after all tables with tests.
const COMPARISON: &str = "\n## Beside other clients\n";

#[test]
fn every_test_that_a_promise_names_exists() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let pages = ["docs/security.md", "docs/providers.md"].map(|page| fs::read_to_string(root.join(page)));
    // The table of what other clients do names no tests.
    let pages =
        pages.map(|page| page.map(|page| page.split(COMPARISON).next().unwrap_or_default().to_owned()));
    let pages = pages.into_iter().collect::<Result<Vec<_>, _>>()?.join("\n");
    let heads = ["| Promise", "| Grant |", "| What |"];
    let is_row = |line: &&str| line.starts_with("| ") && !heads.iter().any(|head| line.starts_with(head));
    let rows = pages.lines().filter(is_row);
    let (mut seen, mut missing) = (0, Vec::new());
    for row in rows {
        let held_by = row.trim_end_matches('|').rsplit(" | ").next().context("a row without a test")?;
        let named: Vec<&str> = held_by.split('`').skip(1).step_by(2).collect();
        ensure!(!named.is_empty(), "nothing holds this: {row}");
        let mut file = None;
        for name in named {
            seen += 1;
            if name.starts_with("./dev ") {
                file = None;
            } else if name.contains('/') {
                let path = root.join(BASE).join(name);
                if !path.exists() {
                    missing.push(name.to_owned());
                }
                file = Some(path);
            } else if let Some(file) = file.as_ref().filter(|_| is_name(name))
                && !holds(file, &format!("fn {name}("))?
            {
                missing.push(format!("{name} in {}", file.display()));
            }
        }
    }
    ensure!(seen > 150, "only {seen} names: that cannot be all");
    ensure!(missing.is_empty(), "{missing:#?}");
    Ok(())
}

/// Test names have at least one underscore.
fn is_name(text: &str) -> bool {
    text.matches('_').count() > 1
        && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit())
}

/// Whether a file, or a file below a directory, contains this text.
fn holds(path: &PathBuf, text: &str) -> Result<bool> {
    if path.is_file() {
        return Ok(fs::read_to_string(path)?.contains(text));
    }
    for entry in fs::read_dir(path)? {
        if holds(&entry?.path(), text)? {
            return Ok(true);
        }
    }
    Ok(false)
}
