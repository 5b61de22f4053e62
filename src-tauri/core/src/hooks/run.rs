//! Runs the command of a hook: without a shell, without a secret, for a limited time.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use grapnel_model::connection_event::ConnectionEvent;
use grapnel_model::error::io_error_text;
use grapnel_model::hook::HookCommand;
use grapnel_model::text::escape_json;
use serde::Serialize;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::process_group::ProcessGroup;
use super::program;

/// How long a hook may run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// After this time its process group gets SIGTERM.
    pub(super) run: Duration,
    /// After this time more it gets SIGKILL.
    pub(super) grace: Duration,
    /// After this time more it is ended even if this process was killed.
    pub(super) spare: Duration,
}

/// The limits of every hook.
pub(super) const LIMITS: Limits =
    Limits { run: Duration::from_secs(60), grace: Duration::from_secs(2), spare: Duration::from_secs(1) };

impl Limits {
    /// When a hook ends even if this process was killed meanwhile, in whole seconds.
    fn without_this_process(self) -> u64 {
        (self.run + self.grace + self.spare).as_secs()
    }
}

/// Where a system has coreutils' `timeout`, which ends the process group of a hook if this process was killed and ends
/// it no more.
const TIMEOUT_PROGRAMS: [&str; 2] = ["/usr/bin/timeout", "/bin/timeout"];

/// Starts a console program without a window.
#[cfg(windows)]
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

/// What becomes of a hook's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookOutput {
    /// It is discarded: a script may print a token, and the activity contains none.
    Discard,
    /// It goes to standard error of this process, for a person who tries the hook.
    StandardError,
}

/// Variables of this process that mean nothing to a hook, or that would let it answer in this process's name: systemd's
/// readiness protocol and socket activation, and the desktop's activation tokens.
const NOT_INHERITED: [&str; 9] = [
    "NOTIFY_SOCKET",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
    "LISTEN_PID",
    "LISTEN_FDS",
    "LISTEN_FDNAMES",
    "LISTEN_PIDFDID",
    "XDG_ACTIVATION_TOKEN",
    "DESKTOP_STARTUP_ID",
];

/// The prefix of the variables that describe the event. Others with it are not inherited.
const PREFIX: &str = "GRAPNEL_";

/// Runs a command for an event until it ends or its time is over. Returns how it failed, such as "exited with 1".
/// `home` is the data directory, so that `grapnel` within the hook finds the same data.
pub(super) async fn run(
    hook: &HookCommand,
    event: &ConnectionEvent,
    home: &Path,
    output: HookOutput,
    limits: Limits,
) -> Result<(), String> {
    let not_run = |reason: String| format!("was not run: {} {reason}", hook.program);
    program::check(Path::new(&hook.program)).map_err(not_run)?;
    let mut command = command(hook, event, home, output, limits);
    let not_started = |error: std::io::Error| format!("could not be started: {}", io_error_text(&error));
    let mut child = command.spawn().map_err(not_started)?;
    let mut group = ProcessGroup::of(&child);
    let mut json = escape_json(&serde_json::to_string(event).unwrap_or_default()).into_bytes();
    json.push(b'\n');
    let stdin = child.stdin.take();
    let writing = tokio::spawn(async move {
        if let Some(mut stdin) = stdin {
            // A hook need not read it.
            let _ = stdin.write_all(&json).await;
        }
    });
    let status = tokio::time::timeout(limits.run, child.wait()).await;
    writing.abort();
    let Ok(status) = status else {
        // It is not waited for before the end, so that its process ID, which is the group's, is not used again.
        group.terminate();
        tokio::time::sleep(limits.grace).await;
        group.kill(&mut child);
        let _ = child.wait().await;
        group.release();
        return Err(format!("was ended after {} seconds", limits.run.as_secs()));
    };
    group.release();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failure(status)),
        Err(error) => Err(format!("ended in an unknown way: {}", io_error_text(&error))),
    }
}

fn command(
    hook: &HookCommand,
    event: &ConnectionEvent,
    home: &Path,
    output: HookOutput,
    limits: Limits,
) -> Command {
    let mut command = limited(&hook.program, limits);
    command.args(&hook.arguments).stdin(Stdio::piped());
    command.current_dir(std::env::home_dir().filter(|home| home.is_dir()).unwrap_or_else(|| "/".into()));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with(PREFIX)) {
        command.env_remove(name);
    }
    for name in NOT_INHERITED {
        command.env_remove(name);
    }
    command.env("GRAPNEL_HOME", home);
    let variables = [
        ("GRAPNEL_EVENT", word(&event.event)),
        ("GRAPNEL_CONNECTION_ID", event.connection_id.0.clone()),
        ("GRAPNEL_CONNECTION", event.connection.clone()),
        ("GRAPNEL_APP", event.app.clone()),
        ("GRAPNEL_PROVIDER", event.provider.clone()),
        ("GRAPNEL_STATUS", event.status.as_ref().map(word).unwrap_or_default()),
        ("GRAPNEL_EXPIRES_AT", event.expires_at.map(|at| at.to_string()).unwrap_or_default()),
        ("GRAPNEL_AT", event.at.to_string()),
    ];
    for (name, value) in variables {
        // No variable can hold this character.
        command.env(name, value.replace('\0', ""));
    }
    match output {
        HookOutput::Discard => command.stdout(Stdio::null()).stderr(Stdio::null()),
        HookOutput::StandardError => command.stdout(std::io::stderr()).stderr(Stdio::inherit()),
    };
    #[cfg(unix)]
    command.process_group(0);
    // The window has no console, so that Windows would open one for the hook.
    #[cfg(windows)]
    if output == HookOutput::Discard {
        command.creation_flags(CREATE_NO_WINDOW);
    }
    command
}

/// The command of a program, below `timeout` if the system has it.
fn limited(program: &str, limits: Limits) -> Command {
    let timeout = TIMEOUT_PROGRAMS.into_iter().find(|timeout| program::check(Path::new(timeout)).is_ok());
    let Some(timeout) = timeout else { return Command::new(program) };
    let mut command = Command::new(timeout);
    command.args(["-s", "KILL", &limits.without_this_process().to_string(), program]);
    command
}

/// The word for a value in JSON, such as `needs_attention`.
fn word(value: &impl Serialize) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    json.as_str().unwrap_or_default().to_owned()
}

fn failure(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("was ended by signal {signal}");
    }
    status.code().map_or_else(|| "failed".to_owned(), |code| format!("exited with {code}"))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::collections::BTreeMap;
    use std::ffi::OsStr;
    use std::fs::{self, Permissions};
    use std::mem::ManuallyDrop;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use grapnel_model::connection_event::ConnectionEventKind;
    use grapnel_model::id::ConnectionId;
    use jiff::Timestamp;
    use tempfile::TempDir;

    use super::*;

    const SHORT: Limits = Limits {
        run: Duration::from_millis(300),
        grace: Duration::from_millis(50),
        spare: Duration::from_secs(1),
    };

    fn event() -> ConnectionEvent {
        ConnectionEvent {
            event: ConnectionEventKind::Refreshed,
            connection_id: ConnectionId("1".into()),
            connection: "acme".into(),
            app: "Acme".into(),
            provider: "grigora".into(),
            status: None,
            expires_at: None,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    /// A hook that runs a shell script with two named pipes as its arguments.
    fn script(text: &str) -> (TempDir, HookCommand, [PathBuf; 2]) {
        let home = tempfile::tempdir().unwrap();
        let [script, pipe, other] = ["script", "pipe", "other"].map(|name| home.path().join(name));
        fs::write(&script, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&script, Permissions::from_mode(0o700)).unwrap();
        assert!(std::process::Command::new("mkfifo").args([&pipe, &other]).status().unwrap().success());
        let hook = HookCommand {
            event: ConnectionEventKind::Refreshed,
            program: script.display().to_string(),
            arguments: [&pipe, &other].map(|pipe| pipe.display().to_string()).into(),
        };
        (home, hook, [pipe, other])
    }

    /// Runs a shell script with a named pipe as its first argument. Returns how it failed, and what was written to the
    /// pipe until every process had closed it.
    async fn run_script(text: &str, limits: Limits) -> (Result<(), String>, Vec<u8>) {
        let (home, hook, [pipe, _]) = script(text);
        let read = tokio::task::spawn_blocking(move || fs::read(pipe).unwrap());
        let ran = run(&hook, &event(), home.path(), HookOutput::Discard, limits).await;
        (ran, read.await.unwrap())
    }

    #[tokio::test]
    async fn when_its_time_is_over_every_process_that_it_started_ends() {
        // `timeout` would end it much later.
        let (run, grace) = (Duration::from_millis(300), Duration::from_millis(50));
        let limits = Limits { run, grace, spare: Duration::from_secs(3_600) };
        // Neither the script nor its child minds SIGTERM, and both hold the pipe open.
        let text =
            r#"trap '' TERM; exec 3> "$1"; tail -f /dev/null & echo started >&3; wait; tail -f /dev/null"#;
        let (ran, written) = run_script(text, limits).await;
        assert_eq!(ran, Err("was ended after 0 seconds".into()));
        assert_eq!(written, b"started\n");
    }

    #[tokio::test]
    async fn its_time_is_limited_even_if_the_process_that_runs_it_was_killed() {
        if !TIMEOUT_PROGRAMS.iter().any(|timeout| Path::new(timeout).exists()) {
            eprintln!("skipped: this system has no `timeout`, so that the limit ends with this process");
            return;
        }
        let limits = SHORT;
        let text =
            r#"trap '' TERM; exec 3> "$1"; echo started > "$2"; tail -f /dev/null & wait; tail -f /dev/null"#;
        let (home, hook, pipes) = script(text);
        let [pipe, started] = pipes.map(|pipe| tokio::task::spawn_blocking(move || fs::read(pipe).unwrap()));
        let (hook, event) = (hook, event());
        // It is not ended when this future is, as if there were no process any more that could.
        let mut running =
            ManuallyDrop::new(Box::pin(run(&hook, &event, home.path(), HookOutput::Discard, limits)));
        tokio::select! {
            ran = &mut *running => panic!("it ended: {ran:?}"),
            started = started => assert_eq!(started.unwrap(), b"started\n"),
        }
        let ended = tokio::time::timeout(Duration::from_secs(30), pipe).await;
        assert_eq!(ended.expect("it still runs").unwrap(), b"");
    }

    /// It may contain a token.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn its_output_is_discarded() {
        let text = r#"exec 3> "$1"; for n in 1 2; do [ "/proc/$$/fd/$n" -ef /dev/null ] && echo discarded >&3; done"#;
        let (ran, written) = run_script(text, LIMITS).await;
        assert_eq!((ran, written.as_slice()), (Ok(()), &b"discarded\ndiscarded\n"[..]));
    }

    /// Each of these lets a program act in the name of the one that was started with it.
    #[test]
    fn a_hook_does_not_inherit_what_is_for_this_process() {
        let (_home, hook, _) = script("");
        let command = command(&hook, &event(), Path::new("/data"), HookOutput::Discard, LIMITS);
        let set: BTreeMap<_, _> = command.as_std().get_envs().collect();
        for name in NOT_INHERITED {
            assert_eq!(set.get(OsStr::new(name)), Some(&None), "{name}");
        }
    }

    #[tokio::test]
    async fn sigterm_comes_first() {
        let limits = Limits { grace: Duration::from_millis(500), ..SHORT };
        let text = r#"exec 3> "$1"; trap 'echo ended >&3; exit' TERM; tail -f /dev/null & wait"#;
        let (ran, written) = run_script(text, limits).await;
        assert!(ran.is_err());
        // `timeout` passes the signal on, so that it may arrive more than once.
        assert!(written.starts_with(b"ended\n"));
    }

    #[tokio::test]
    async fn what_is_wrong_is_told() {
        for (text, failure) in [
            (r#"echo > "$1"; exit 7"#, Some("exited with 7")),
            (r#"echo > "$1"; kill -9 $$"#, Some("was ended by signal 9")),
            (r#"echo > "$1"; exec <&-"#, None),
        ] {
            let (ran, _) = run_script(text, LIMITS).await;
            assert_eq!(ran.err().as_deref(), failure, "{text}");
        }
    }

    #[tokio::test]
    async fn a_program_that_became_unsafe_is_not_run() {
        let home = tempfile::tempdir().unwrap();
        let script = home.path().join("script");
        fs::write(&script, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&script, Permissions::from_mode(0o722)).unwrap();
        let hook = HookCommand {
            event: ConnectionEventKind::Refreshed,
            program: script.display().to_string(),
            arguments: Vec::new(),
        };
        let ran = run(&hook, &event(), home.path(), HookOutput::Discard, LIMITS).await;
        assert!(ran.unwrap_err().ends_with("can be changed by every account"));
    }
}
