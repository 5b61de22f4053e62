//! The agent as a systemd user service: its socket, its readiness, and its unit files.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use grapnel_core::{Store, make_private_directory};
use grapnel_model::error::{Code, Error, Result, io_error_text};
use jiff::Timestamp;
use listenfd::ListenFd;
use sd_notify::NotifyState;
use serde::Serialize;

use crate::print::CommandResult;

const SERVICE: &str = "grapnel-agent.service";
const SOCKET: &str = "grapnel-agent.socket";
const SERVICE_UNIT: &str = include_str!("../../../linux/grapnel-agent.service");
const SOCKET_UNIT: &str = include_str!("../../../linux/grapnel-agent.socket");
/// Text of the packaged units that is replaced with this installation's paths.
const PACKAGED_PROGRAM: &str = "ExecStart=/usr/bin/grapnel";
const PACKAGED_DATA: &str = "%h/.local/share/grapnel";

/// The sockets that systemd passes to this process.
pub(super) fn activated_sockets() -> Result<Vec<UnixListener>> {
    let mut passed = ListenFd::from_env();
    let sockets = (0..passed.len()).map(|index| passed.take_unix_listener(index));
    let sockets: io::Result<Vec<_>> = sockets.collect();
    sockets.map(|sockets| sockets.into_iter().flatten().collect()).map_err(|error| {
        Error::new(
            Code::Internal,
            format!("The socket of the service cannot be used: {}.", io_error_text(&error)),
        )
        .means("Nothing was started.")
        .hint("The service takes Unix stream sockets. Install it again: grapnel agent --install")
    })
}

/// Tells systemd that the agent is ready. Does nothing if no service manager waits for it.
pub(super) fn notify_ready() -> Result<()> {
    sd_notify::notify(&[NotifyState::Ready]).map_err(|error| {
        Error::new(
            Code::Internal,
            format!("The service manager cannot be reached: {}.", io_error_text(&error)),
        )
    })
}

/// Tells systemd that the agent is stopping, which may take a while.
pub(super) fn notify_stopping() {
    // Without a service manager there is nobody to notify.
    let _ = sd_notify::notify(&[NotifyState::Stopping]);
}

/// The unit files that were written or removed.
#[derive(Serialize)]
pub(super) struct Units {
    installed: bool,
    units: Vec<PathBuf>,
}

impl CommandResult for Units {
    fn text(&self, _: Timestamp) -> String {
        let units = self.units.iter().map(|unit| format!("\n  {}", unit.display()));
        let units: String = units.collect();
        match (self.installed, self.units.is_empty()) {
            (true, _) => format!("The token agent runs, and starts at each login. Its unit files:{units}"),
            (false, true) => "The token agent was not installed.".to_owned(),
            (false, false) => format!("The token agent was stopped. Its unit files were removed:{units}"),
        }
    }
}

/// Writes the unit files for this program and this data, and starts them.
pub(super) fn install() -> Result<Units> {
    let program = std::env::current_exe().map_err(|error| failed(&error))?;
    let (service, socket) =
        units(&program, &Store::default_home()?, std::env::var_os("GRAPNEL_HOME").as_deref())?;
    let directory = unit_directory()?;
    // Without systemd, the unit files are removed again.
    systemctl(&["daemon-reload"])?;
    make_private_directory(&directory).map_err(|error| failed(&error))?;
    let files = [(directory.join(SERVICE), service), (directory.join(SOCKET), socket)];
    for (path, text) in &files {
        fs::write(path, text).map_err(|error| failed(&error))?;
    }
    systemctl(&["daemon-reload"])?;
    systemctl(&["enable", "--now", SOCKET, SERVICE])?;
    Ok(Units { installed: true, units: files.map(|(path, _)| path).into() })
}

/// Stops the agent and removes its unit files.
pub(super) fn uninstall() -> Result<Units> {
    let directory = unit_directory()?;
    let files = [directory.join(SERVICE), directory.join(SOCKET)];
    let units: Vec<PathBuf> = files.into_iter().filter(|path| path.exists()).collect();
    if !units.is_empty() {
        systemctl(&["disable", "--now", SERVICE, SOCKET])?;
        for path in &units {
            fs::remove_file(path).map_err(|error| failed(&error))?;
        }
        systemctl(&["daemon-reload"])?;
    }
    Ok(Units { installed: false, units })
}

fn unit_directory() -> Result<PathBuf> {
    let directories = directories::BaseDirs::new().ok_or_else(|| {
        Error::new(Code::DataUnwritable, "This account has no home directory to keep unit files in.")
    })?;
    Ok(directories.config_dir().join("systemd/user"))
}

/// The service and the socket for a program and a data directory.
fn units(program: &Path, data: &Path, home: Option<&OsStr>) -> Result<(String, String)> {
    let (program, data) = (in_unit(program.as_os_str())?, in_unit(data.as_os_str())?);
    // In a command line, `$` begins a variable.
    let mut service = SERVICE_UNIT
        .replace(PACKAGED_PROGRAM, &format!("ExecStart={}", quoted(&program).replace('$', "$$")))
        .replace(PACKAGED_DATA, &quoted(&data));
    if let Some(home) = home.filter(|home| !home.is_empty()) {
        let variable = quoted(&format!("GRAPNEL_HOME={}", in_unit(home)?));
        service = service.replace("UMask=0077", &format!("UMask=0077\nEnvironment={variable}"));
    }
    Ok((service, SOCKET_UNIT.replace(PACKAGED_DATA, &data)))
}

/// A path in a unit file, where `%` begins a specifier.
fn in_unit(path: &OsStr) -> Result<String> {
    let text = path.to_str().filter(|text| !text.chars().any(char::is_control));
    text.map(|text| text.replace('%', "%%")).ok_or_else(|| {
        Error::new(Code::InvalidInput, format!("A unit file cannot contain the path {}.", path.display()))
            .means("Nothing was installed.")
            .hint("Move it to a path without control characters, in UTF-8.")
    })
}

/// A quoted word of a line that takes several.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}

fn systemctl(arguments: &[&str]) -> Result<()> {
    let said = match Command::new("systemctl").arg("--user").args(arguments).output() {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            said.lines().next().unwrap_or("it does not say why").trim_end_matches('.').to_owned()
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => "it is not installed".to_owned(),
        Err(error) => io_error_text(&error),
    };
    let action = arguments.join(" ");
    Err(Error::new(Code::Internal, format!("systemctl --user {action} failed: {said}."))
        .means("The token agent does not run as a service. Connections and tokens are as they were.")
        .hint("Where no systemd user session runs, start it in the foreground: grapnel agent"))
}

fn failed(error: &io::Error) -> Error {
    Error::new(Code::DataUnwritable, format!("The unit files cannot be written: {}.", io_error_text(error)))
        .means("The token agent is not installed.")
        .hint("Check that the directory systemd/user in your configuration directory belongs to you.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_name_this_program_and_this_data() {
        let (service, socket) =
            units(Path::new("/opt/a $b/grapnel"), Path::new("/data/100%/$x"), None).unwrap();
        assert!(service.contains("\nExecStart=\"/opt/a $$b/grapnel\" agent --systemd\n"), "{service}");
        assert!(service.contains("\nReadWritePaths=\"/data/100%%/$x\"\n"), "{service}");
        assert!(socket.contains("\nListenStream=/data/100%%/$x/agent-activation.sock\n"), "{socket}");
        assert!(
            !service.contains("/usr/bin") && !service.contains("%h") && !service.contains("Environment=")
        );
        let (service, _) = units(Path::new("/g"), Path::new("/d"), Some(OsStr::new("/d \"q\""))).unwrap();
        assert!(service.contains("\nEnvironment=\"GRAPNEL_HOME=/d \\\"q\\\"\"\n"), "{service}");
        assert!(units(Path::new("/g"), Path::new("/a\nExecStart=/evil"), None).is_err());
    }

    #[test]
    fn systemd_accepts_the_units() {
        let place = tempfile::tempdir().unwrap();
        // Characters that have a meaning in unit files.
        let data = place.path().join("100% $x \"q\"");
        let program = std::env::current_exe().unwrap();
        let (service, socket) = units(&program, &data, Some(data.as_os_str())).unwrap();
        let files = [(SERVICE, service), (SOCKET, socket)].map(|(name, text)| {
            let path = place.path().join(name);
            fs::write(&path, text).unwrap();
            path
        });
        // As docs/scripting.md lets a hook write elsewhere.
        let drop_in = place.path().join(format!("{SERVICE}.d"));
        fs::create_dir(&drop_in).unwrap();
        fs::write(drop_in.join("override.conf"), "[Service]\nReadWritePaths=%t\n").unwrap();
        let verify = |files: &[PathBuf]| {
            let mut command = Command::new("systemd-analyze");
            command.args(["--user", "--man=no", "verify"]).args(files);
            command.env("XDG_RUNTIME_DIR", place.path()).output()
        };
        let Ok(verified) = verify(&files) else {
            eprintln!(
                "skipped: systemd-analyze is not installed, so that systemd does not read the unit files"
            );
            return;
        };
        assert_eq!(
            (verified.status.success(), String::from_utf8_lossy(&verified.stderr).as_ref()),
            (true, "")
        );
        fs::write(&files[0], SERVICE_UNIT.replace("ProtectClock", "ProtectClocks")).unwrap();
        let complaint = verify(&files[..1]).unwrap().stderr;
        assert!(String::from_utf8_lossy(&complaint).contains("ProtectClocks"), "it does not look");
    }

    #[test]
    fn the_service_is_confined() {
        for line in [
            "NoNewPrivileges=yes",
            "ProtectSystem=strict",
            "MemoryDenyWriteExecute=yes",
            "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
            "SystemCallFilter=@system-service",
        ] {
            assert!(SERVICE_UNIT.lines().any(|found| found == line), "{line}");
        }
        assert!(
            SOCKET_UNIT.contains("\nSocketMode=0600\n") && SOCKET_UNIT.contains("\nDirectoryMode=0700\n")
        );
    }
}
