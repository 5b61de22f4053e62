//! Gives every checked-in input to its target again, including those that once failed. The core's fuzz targets use it
//! too.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use super::TARGETS;

/// The most bytes that the inputs of one target may have together.
const MAX_SEED_BYTES: usize = 40 << 10;

#[test]
fn every_checked_in_input_passes_its_target() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/seeds");
    let mut failed = Vec::new();
    for (name, target) in TARGETS {
        let mut bytes = 0;
        let mut files: Vec<_> =
            fs::read_dir(seeds.join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(!files.is_empty(), "{name} has no inputs");
        for file in files {
            let input = fs::read(&file).unwrap();
            bytes += input.len();
            if catch_unwind(|| target(&input)).is_err() {
                failed.push(file);
            }
        }
        assert!(bytes <= MAX_SEED_BYTES, "{name} has {bytes} bytes of inputs");
    }
    assert!(failed.is_empty(), "{failed:#?}");
}
