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
/// The settings of the service for which a user's systemd creates a user namespace (`systemd.exec(5)`). Where it may
/// not, a service with `PrivateUsers=` does not start.
const IN_A_NAMESPACE: [&str; 11] = [
    "PrivateUsers",
    "ProtectSystem",
    "ReadWritePaths",
    "PrivateTmp",
    "PrivateDevices",
    "ProtectKernelTunables",
    "ProtectKernelModules",
    "ProtectKernelLogs",
    "ProtectControlGroups",
    "ProtectClock",
    "ProtectHostname",
];
/// Kernel parameters, and their values that keep a user from creating a namespace with any capability: Ubuntu's
/// (24.04), Debian's (10), and Linux's own.
const NAMESPACES_REFUSED: [(&str, &str); 3] = [
    ("kernel/apparmor_restrict_unprivileged_userns", "1"),
    ("kernel/unprivileged_userns_clone", "0"),
    ("user/max_user_namespaces", "0"),
];

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
pub(super) struct ServiceUnits {
    installed: bool,
    units: Vec<PathBuf>,
    /// Whether the service sees the file system as it is, since it may not have namespaces.
    without_namespaces: bool,
}

impl CommandResult for ServiceUnits {
    fn text(&self, _: Timestamp) -> String {
        let units = self.units.iter().map(|unit| format!("\n  {}", unit.display()));
        let units: String = units.collect();
        match (self.installed, self.units.is_empty()) {
            (true, _) => {
                let limit = if self.without_namespaces {
                    "\nThis system gives a user’s services no namespaces, so this one can write all your files."
                } else {
                    ""
                };
                format!("The token agent runs, and starts at each login. Its unit files:{units}{limit}")
            }
            (false, true) => "The token agent was not installed.".to_owned(),
            (false, false) => format!("The token agent was stopped. Its unit files were removed:{units}"),
        }
    }
}

/// Writes the unit files for this program and this data, and starts them.
pub(super) fn install() -> Result<ServiceUnits> {
    let program = std::env::current_exe().map_err(|error| failed(&error))?;
    let (mut service, socket) =
        units(&program, &Store::default_home()?, std::env::var_os("GRAPNEL_HOME").as_deref())?;
    let without_namespaces = are_namespaces_refused(Path::new("/proc/sys"));
    if without_namespaces {
        service = outside_namespaces(&service);
    }
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
    Ok(ServiceUnits { installed: true, units: files.map(|(path, _)| path).into(), without_namespaces })
}

/// Stops the agent and removes its unit files.
pub(super) fn uninstall() -> Result<ServiceUnits> {
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
    Ok(ServiceUnits { installed: false, units, without_namespaces: false })
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

/// Whether the kernel keeps a user from having namespaces. `parameters`: `/proc/sys`.
fn are_namespaces_refused(parameters: &Path) -> bool {
    NAMESPACES_REFUSED.iter().any(|(name, refused)| {
        fs::read_to_string(parameters.join(name)).is_ok_and(|value| value.trim() == *refused)
    })
}

/// The service without the settings that need a namespace. What the kernel filters for one process stays.
fn outside_namespaces(service: &str) -> String {
    let stays = |line: &&str| !line.split_once('=').is_some_and(|(name, _)| IN_A_NAMESPACE.contains(&name));
    service.split_inclusive('\n').filter(stays).collect()
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
    fn a_service_that_may_not_have_namespaces_does_without() {
        let parameters = tempfile::tempdir().unwrap();
        for directory in ["kernel", "user"] {
            fs::create_dir(parameters.path().join(directory)).unwrap();
        }
        assert!(!are_namespaces_refused(parameters.path()));
        for (name, refused) in NAMESPACES_REFUSED {
            let parameter = parameters.path().join(name);
            fs::write(&parameter, format!("{refused}\n")).unwrap();
            assert!(are_namespaces_refused(parameters.path()), "{name}");
            fs::write(&parameter, "63145\n").unwrap();
            assert!(!are_namespaces_refused(parameters.path()), "{name}");
        }
        let left = outside_namespaces(SERVICE_UNIT);
        let confinement = left.split_once("UMask=0077\n").unwrap().1;
        insta::assert_snapshot!(confinement);
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
