//! The disk failures, caused by the operating system itself: a full file system, a read-only one, a process that may
//! not write files, and a database that another process has locked.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::stopped::Stopped;
use crate::world::World;

/// The file system of a proof: large enough for the database, and quick to fill.
const SIZE: &str = "size=8m,mode=700";

/// How often a busy file system is tried, and the pause between.
const BUSY_ROUNDS: usize = 100;
const BUSY_PAUSE: Duration = Duration::from_millis(50);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Failure {
    /// The file system has no room.
    Full,
    /// The file system is read-only for files that are opened from now on. (The kernel refuses to remount it read-only
    /// while files are open for writing.)
    ReadOnly,
    /// No file can be written, including open ones, as when a failing file system becomes read-only under a running
    /// program. Caused by a limit (`RLIMIT_FSIZE`), with the error that SQLite distinguishes from a full disk.
    Unwritable,
    /// Another process has locked the database.
    Locked,
}

impl Failure {
    pub(crate) const ALL: [Self; 4] = [Self::Full, Self::ReadOnly, Self::Unwritable, Self::Locked];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Full => "disk full",
            Self::ReadOnly => "mounted read-only",
            Self::Unwritable => "no file can be written",
            Self::Locked => "database locked",
        }
    }

    /// Whether it needs a file system of its own.
    pub(crate) fn needs_mount(self) -> bool {
        matches!(self, Self::Full | Self::ReadOnly)
    }
}

/// A data directory in which the failure occurs.
pub(crate) struct Place {
    home: PathBuf,
    failure: Failure,
    /// The process that the failure affects.
    process: Option<Pid>,
    holder: Option<Child>,
}

impl Place {
    /// For the data directory of this world, which does not exist yet.
    pub(crate) async fn new(world: &World, failure: Failure) -> Result<Self> {
        let home = world.home().to_owned();
        if failure.needs_mount() {
            mount(&["-t", "tmpfs", "-o", SIZE, "grapnel-proof"], &home).await?;
        }
        Ok(Self { home, failure, process: None, holder: None })
    }

    /// Causes the failure. `process` is the affected process, if it is already running.
    pub(crate) async fn bring(&mut self, world: &World, process: Option<&Stopped>) -> Result<()> {
        let pid = process.and_then(Stopped::pid).and_then(|pid| i32::try_from(pid).ok());
        self.process = pid.and_then(Pid::from_raw);
        match self.failure {
            Failure::Full => fill(&self.ballast()),
            Failure::ReadOnly if self.process.is_none() => self.remount_read_only().await,
            Failure::ReadOnly => {
                let home = self.home.to_str().context("a path in UTF-8")?;
                mount(&["--bind", home], &self.home).await?;
                mount(&["-o", "remount,bind,ro"], &self.home).await
            }
            Failure::Unwritable => limit(self.process, Some(0)),
            Failure::Locked => {
                self.holder = Some(hold_elsewhere(world).await?);
                Ok(())
            }
        }
    }

    /// Ends the failure. The process may have exited.
    pub(crate) async fn lift(&mut self) -> Result<()> {
        match self.failure {
            Failure::Full => Ok(fs::remove_file(self.ballast())?),
            Failure::ReadOnly if self.process.is_none() => mount(&["-o", "remount,rw"], &self.home).await,
            // Lazily, since the program may have a file there open at this moment.
            Failure::ReadOnly => run("umount", &["--lazy"], &self.home).await,
            Failure::Unwritable => limit(self.process, None),
            Failure::Locked => {
                let mut holder = self.holder.take().context("nobody holds it")?;
                drop(holder.stdin.take());
                ensure!(holder.wait().await?.success(), "who held the database failed");
                Ok(())
            }
        }
    }

    /// The lock by which a process is seen to have left is released a moment before its database is closed, and a file
    /// that is open for writing keeps the kernel from this.
    async fn remount_read_only(&self) -> Result<()> {
        let mut rounds = tokio::time::interval(BUSY_PAUSE);
        let mut remounted = Ok(());
        for _ in 0..BUSY_ROUNDS {
            rounds.tick().await;
            remounted = mount(&["-o", "remount,ro"], &self.home).await;
            if !remounted.as_ref().is_err_and(|error| error.to_string().contains("busy")) {
                break;
            }
        }
        remounted
    }

    fn ballast(&self) -> PathBuf {
        self.home.join("ballast")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.failure.needs_mount() {
            let _ =
                std::process::Command::new("umount").args(["--recursive", "--lazy"]).arg(&self.home).status();
        }
    }
}

async fn mount(arguments: &[&str], at: &Path) -> Result<()> {
    run("mount", arguments, at).await
}

async fn run(program: &str, arguments: &[&str], at: &Path) -> Result<()> {
    let output = Command::new(program).args(arguments).arg(at).output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} {}: {}", arguments.join(" "), said.trim());
    Ok(())
}

/// Fills the file system until not a single block is free.
fn fill(ballast: &Path) -> Result<()> {
    let mut file = fs::File::create(ballast)?;
    let mut written = 0;
    loop {
        match file.write(&[7; 4096]) {
            Ok(bytes) => written += bytes,
            Err(error) if error.kind() == std::io::ErrorKind::StorageFull => break,
            Err(error) => bail!("the disk is not full, but: {error}"),
        }
    }
    ensure!(written > 0, "the disk was full before");
    Ok(())
}

/// The same command for a process that may be limited: it gets an error instead of a fatal signal.
pub(crate) fn limitable(command: &Command) -> Command {
    let command = command.as_std();
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"trap '' XFSZ; exec "$0" "$@""#]).arg(command.get_program()).args(command.get_args());
    shell
}

/// Limits the size of files that a process may write; `None` removes the limit.
fn limit(process: Option<Pid>, bytes: Option<u64>) -> Result<()> {
    let process = process.context("no process to limit")?;
    match prlimit(Some(process), Resource::Fsize, Rlimit { current: bytes, maximum: None }) {
        Err(Errno::SRCH) if bytes.is_none() => Ok(()),
        limited => Ok(limited.map(drop)?),
    }
}

async fn hold_elsewhere(world: &World) -> Result<Child> {
    let mut holder = world.child("hold", &[])?.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let output = holder.stdout.take().context("no standard output")?;
    let line = BufReader::new(output).lines().next_line().await?;
    ensure!(line.as_deref() == Some("held"), "the database is not held: {line:?}");
    Ok(holder)
}

/// Holds the database's lock until standard input ends.
pub(crate) fn hold(home: &Path) -> Result<()> {
    let database = rusqlite::Connection::open(home.join("grapnel.db"))?;
    database.execute_batch("BEGIN EXCLUSIVE")?;
    println!("held");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(database.execute_batch("ROLLBACK")?)
}
