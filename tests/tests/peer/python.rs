//! Python and the packages of `tests/peer/requirements.txt`, installed into a virtual environment if they are missing.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use grapnel_tests::{Context, Result, ensure};

use crate::node::{place, tell};
use crate::server::Server;

impl Server {
    /// Starts one of the servers in Python, by the name of its file.
    pub(crate) async fn start_python(file: &str) -> Result<Self> {
        Self::run(tokio::process::Command::new(python()?).arg("-B").arg(place().join(file))).await
    }
}

/// The Python of the virtual environment. Tests run in parallel: one of them makes it.
fn python() -> Result<PathBuf> {
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peer-python");
    let python = environment.join("bin/python");
    let (wanted, installed) = (place().join("requirements.txt"), environment.join("requirements.txt"));
    let turn = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(Path::new(env!("CARGO_TARGET_TMPDIR")).join("peer-python.lock"))?;
    turn.lock()?;
    if fs::read(&wanted)? == fs::read(&installed).unwrap_or_default() {
        return Ok(python);
    }
    tell("Installing the packages of tests/peer: python3 -m venv, pip install");
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment)).context(
        "There is no python3 with venv, which the servers that these tests run against need. ./dev test installs it.",
    )?;
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"])
        .args(["--only-binary", ":all:", "--require-hashes", "-r"])
        .arg(&wanted))?;
    fs::copy(&wanted, &installed)?;
    Ok(python)
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    ensure!(
        output.status.success(),
        "{command:?} failed.\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
