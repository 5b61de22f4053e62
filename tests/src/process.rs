//! Processes of a story: started with a log, found in `/proc`, and ended by their IDs.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use memchr::memmem;
use rustix::process::{Pid, Signal, kill_process};

/// How long a process may take to exit when asked to.
const GOODBYE: Duration = Duration::from_secs(3);

/// A process that is ended when this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
}

impl Running {
    /// Starts a process; its output is appended to `log`.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let out = File::options().create(true).append(true).open(log)?;
        command.stdout(out.try_clone()?).stderr(out);
        Self::start_unlogged(command)
    }

    /// Starts a process with the input and output of the command.
    pub(crate) fn start_unlogged(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command
            .spawn()
            .with_context(|| format!("{name} does not start; ./dev test installs what is missing"))?;
        Ok(Self { child })
    }

    /// Its process ID.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The child process.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Its exit status, if it has exited.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// The loopback port that it listens on; `None` before it does.
    pub(crate) fn listening_port(&self) -> Result<Option<u16>> {
        listening_port(self.pid())
    }

    /// Asks it to exit, and kills it if it does not exit in time.
    pub fn end(&mut self) {
        signal(self.pid(), Signal::TERM);
        let deadline = Instant::now() + GOODBYE;
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// A process as `/proc` shows it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its process ID.
    pub pid: u32,
    /// Its arguments, each terminated by a zero byte.
    pub arguments: Vec<u8>,
    /// Its environment, in the same format.
    pub environment: Vec<u8>,
}

impl Seen {
    fn read(pid: u32) -> Option<Self> {
        Some(Self {
            pid,
            arguments: fs::read(format!("/proc/{pid}/cmdline")).ok()?,
            environment: fs::read(format!("/proc/{pid}/environ")).unwrap_or_default(),
        })
    }

    /// Whether its executable is `program`.
    pub fn runs(&self, program: &Path) -> bool {
        fs::read_link(format!("/proc/{}/exe", self.pid)).is_ok_and(|exe| exe == program)
    }

    /// Whether its executable has this file name.
    pub fn runs_file(&self, name: &str) -> bool {
        let program = fs::read_link(format!("/proc/{}/exe", self.pid));
        program.is_ok_and(|program| program.file_name() == Some(name.as_ref()))
    }

    /// A variable of its initial environment.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.environment.split(|byte| *byte == 0).find_map(|variable| {
            let value = variable.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
            Some(String::from_utf8_lossy(value).into_owned())
        })
    }

    /// Its arguments as a readable line.
    pub fn line(&self) -> String {
        String::from_utf8_lossy(&self.arguments).replace('\0', " ").trim_end().to_owned()
    }
}

/// All processes of the story in `root`: their arguments or environment contain that path, which no other process
/// knows.
pub fn of(root: &Path) -> Vec<Seen> {
    let mark = memmem::Finder::new(root.as_os_str().as_encoded_bytes());
    let Ok(proc) = fs::read_dir("/proc") else { return Vec::new() };
    proc.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| *pid != std::process::id())
        .filter_map(Seen::read)
        .filter(|seen| mark.find(&seen.arguments).is_some() || mark.find(&seen.environment).is_some())
        .collect()
}

/// Kills a process, as a crash would. One that has exited already is fine.
pub fn kill(pid: u32) {
    signal(pid, Signal::KILL);
}

/// Stops a process, as if it hung.
pub fn stop(pid: u32) {
    signal(pid, Signal::STOP);
}

/// Sends SIGTERM to a process, as the end of a session does.
pub fn terminate(pid: u32) {
    signal(pid, Signal::TERM);
}

/// Kills all processes of the story except `spared`, including those that they start meanwhile.
pub(crate) fn kill_all(root: &Path, spared: &[u32]) {
    let deadline = Instant::now() + GOODBYE;
    loop {
        let left: Vec<u32> =
            of(root).iter().map(|seen| seen.pid).filter(|pid| !spared.contains(pid)).collect();
        if left.is_empty() || Instant::now() >= deadline {
            return;
        }
        left.into_iter().for_each(kill);
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// The loopback port that this process listens on, found in the kernel's socket table.
fn listening_port(pid: u32) -> Result<Option<u16>> {
    const LISTENING: &str = "0A";
    const LOOPBACK: &str = "0100007F:";
    let sockets: Vec<String> = fs::read_dir(format!("/proc/{pid}/fd"))?
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()?.to_str().map(str::to_owned))
        .filter_map(|link| Some(link.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let table = fs::read_to_string("/proc/net/tcp")?;
    Ok(table.lines().find_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let port = columns.get(1)?.strip_prefix(LOOPBACK)?;
        let ours = *columns.get(3)? == LISTENING
            && sockets.iter().any(|inode| columns.get(9) == Some(&inode.as_str()));
        ours.then(|| u16::from_str_radix(port, 16).ok())?
    }))
}

/// Without input and output.
pub(crate) fn silent(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}
