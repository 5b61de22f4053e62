//! Inside a crate no two files import each other, directly or around a loop. Between crates, Cargo forbids it.

mod import_graph;

use std::path::Path;

use grapnel_tests::{Result, ensure};
use import_graph::ImportGraph;

#[test]
fn no_two_files_import_each_other() -> Result<()> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    for root in import_graph::crate_roots(&workspace) {
        let graph = ImportGraph::read(&workspace, &root)?;
        let circles = graph.circles();
        let files: usize = circles.iter().map(|circle| circle.files.len()).sum();
        println!("{root}: {} files, {files} of them in {} circles", graph.len(), circles.len());
        for circle in &circles {
            print!("{circle}");
        }
        if files > 0 {
            found.push(format!("{root}: {files} files in circles"));
        }
    }
    ensure!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}
