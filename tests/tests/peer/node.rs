//! Node and the packages of `tests/peer`, installed if they are missing.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use grapnel_tests::{Context, Result, bail, ensure};

/// The minimum version of Node for the window's tools and the server.
const OLDEST: (u32, u32) = (20, 19);

/// The directory of the server.
pub(crate) fn place() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peer")
}

/// A Node that is new enough: the one on the path, or that of `./dev`.
pub(crate) fn node() -> Result<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/node_modules/node/bin/node");
    let candidates = [PathBuf::from("node"), own];
    let found: Vec<_> = candidates.iter().filter_map(|node| Some((node, version(node)?))).collect();
    if let Some((node, _)) = found.iter().find(|(_, version)| *version >= OLDEST) {
        return Ok((*node).clone());
    }
    let (major, minor) = OLDEST;
    match found.first() {
        Some((_, (old, older))) => bail!(
            "Node {old}.{older} is too old for the server that these tests run against: it takes {major}.{minor}. \
             ./dev test installs it."
        ),
        None => bail!(
            "There is no Node, which the server that these tests run against needs. ./dev test installs it."
        ),
    }
}

fn version(node: &Path) -> Option<(u32, u32)> {
    let output = Command::new(node).arg("--version").stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut numbers = text.trim().strip_prefix('v')?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Installs the server's packages, unless those of the lock file are installed. Tests run in parallel: one of them does
/// it.
pub(crate) fn packages(node: &Path) -> Result<()> {
    let place = place();
    let turn = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(Path::new(env!("CARGO_TARGET_TMPDIR")).join("peer-packages.lock"))?;
    turn.lock()?;
    if is_there(&place) {
        return Ok(());
    }
    tell("Installing the packages of tests/peer: npm ci");
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&place).stdin(Stdio::null());
    if let Some(bin) = node.parent().filter(|bin| bin.is_absolute()) {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = [bin.to_owned()].into_iter().chain(std::env::split_paths(&path));
        npm.env("PATH", std::env::join_paths(path)?);
    }
    let output = npm.output().context(
        "There is no npm, which brings the server that these tests run against. ./dev test installs it.",
    )?;
    ensure!(
        output.status.success(),
        "npm ci in tests/peer failed. With a network, it can be typed there by hand.\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

#[expect(clippy::print_stdout, reason = "whoever runs the tests is told why they take longer")]
pub(crate) fn tell(line: &str) {
    println!("{line}");
}

/// npm leaves a copy of the lock file that it installed.
fn is_there(place: &Path) -> bool {
    let written = |file: &str| fs::metadata(place.join(file)).and_then(|file| file.modified()).ok();
    match (written("package-lock.json"), written("node_modules/.package-lock.json")) {
        (Some(wanted), Some(followed)) => followed >= wanted,
        _ => false,
    }
}
