//! Inside a crate no two files import each other, directly or around a loop. Between crates, Cargo holds the direction.

mod import_graph;

use std::path::Path;

use grapnel_tests::{Result, ensure};
use import_graph::ImportGraph;

/// How many files of a crate are still in a circle. A number may only shrink; a crate that is not named has none.
const FILES_IN_CIRCLES: &[(&str, usize)] = &[("tests/proofs/src/main.rs", 7), ("tests/src/lib.rs", 2)];

#[test]
fn no_two_files_import_each_other() -> Result<()> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut grown = Vec::new();
    for root in import_graph::crate_roots(&workspace) {
        let graph = ImportGraph::read(&workspace, &root)?;
        let circles = graph.circles();
        let files: usize = circles.iter().map(|circle| circle.files.len()).sum();
        let allowed =
            FILES_IN_CIRCLES.iter().find(|(name, _)| *name == root).map_or(0, |(_, allowed)| *allowed);
        println!("{root}: {} files, {files} of them in {} circles", graph.len(), circles.len());
        for circle in &circles {
            print!("{circle}");
        }
        if files > allowed {
            grown.push(format!("{root}: {files} files in circles, {allowed} allowed"));
        }
    }
    ensure!(grown.is_empty(), "{}", grown.join("\n"));
    Ok(())
}
