//! Opens URLs in the person's browser.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use grapnel_model::error::{Error, Result};
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_model::text::clean_line;

/// A launcher that still runs after this time may have succeeded: some run as long as the browser does.
const LAUNCHER_TIMEOUT: Duration = Duration::from_secs(3);
/// The variables with a token that lets a program raise its window after a user action: xdg-activation, and startup
/// notification before it.
const ACTIVATION_TOKEN: &str = "XDG_ACTIVATION_TOKEN";
const STARTUP_ID: &str = "DESKTOP_STARTUP_ID";
const EXIT_POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The result of opening a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Launch {
    /// A browser opened it.
    Opened,
    /// A program accepted it, but whether the person sees a page is unknown: it runs on a remote computer (SSH), or its
    /// launcher has not finished.
    Unclear,
    /// No program opened it, or there is no display.
    Failed,
}

/// Opens a URL with a command such as `firefox -P work`. If the command is empty, tries the system's launchers, such as
/// `xdg-open`, until one succeeds. `activation` is the desktop's token for raising the browser, if there is one. May
/// block for some seconds.
pub fn open(address: &SecretString, with: &str, activation: Option<&str>) -> Launch {
    let Ok(parts) = parts(with) else { return Launch::Failed };
    // Without a display, the launchers would start a text browser that nobody sees. A program in `BROWSER` may open the
    // page where the person is, as in an editor's remote session.
    let is_seen_here = has_display();
    if parts.is_empty() && !is_seen_here && named().is_none() {
        return Launch::Failed;
    }
    let mut launchers = match parts.split_first() {
        Some((program, arguments)) => {
            let mut own = Command::new(program);
            own.args(arguments).arg(address.expose_secret());
            vec![own]
        }
        None => open::commands(address.expose_secret()),
    };
    for launcher in &mut launchers {
        // The tokens that started this program are used up.
        launcher.env_remove(ACTIVATION_TOKEN).env_remove(STARTUP_ID);
        if let Some(token) = activation {
            launcher.env(ACTIVATION_TOKEN, token);
        }
    }
    let launched = launchers.iter_mut().map(start).find(|launch| *launch != Launch::Failed);
    match launched.unwrap_or(Launch::Failed) {
        Launch::Opened if !is_seen_here || std::env::var_os("SSH_CONNECTION").is_some() => Launch::Unclear,
        launch => launch,
    }
}

/// The browser named by the environment variable `BROWSER`.
pub(crate) fn named() -> Option<String> {
    std::env::var("BROWSER").ok().filter(|name| !name.is_empty())
}

/// Whether there is a display.
#[cfg(target_os = "linux")]
pub(crate) fn has_display() -> bool {
    // WSL has the display of Windows.
    ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

#[cfg(not(target_os = "linux"))]
fn has_display() -> bool {
    true
}

/// Validates a browser command as entered.
///
/// # Errors
/// It cannot be parsed, or its program does not exist.
pub fn parse_entered(command: &str) -> Result<String> {
    let kept = parse_stored(command)?;
    if is_there(&kept) {
        return Ok(kept);
    }
    let program = parts(command).ok().and_then(|parts| parts.into_iter().next()).unwrap_or_default();
    Err(Error::input("browser", format!("There is no program “{}” on this computer.", clean_line(&program)))
        .means("Nothing was changed.")
        .hint("Enter a program that a terminal finds (it is on PATH), or its whole path."))
}

/// Like [`parse_entered`] for a stored command, whose program may be gone.
pub(crate) fn parse_stored(command: &str) -> Result<String> {
    parts(command)
        .map_err(|message| Error::input("browser", message).hint("It looks like: firefox -P work"))?;
    Ok(command.trim().to_owned())
}

/// Whether the program of a command exists. The empty command stands for the system's browser.
pub(crate) fn is_there(command: &str) -> bool {
    let Ok(parts) = parts(command) else { return false };
    parts.first().is_none_or(|program| is_program(Path::new(program)))
}

/// Whether a program exists, by its path or on `PATH`.
#[cfg(unix)]
pub(crate) fn is_program(program: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let is_executable = |path: &Path| {
        path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    if program.components().count() > 1 {
        return is_executable(program);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| is_executable(&directory.join(program)))
}

/// Whether a program exists, by its path or on `PATH`, also without the extension `.exe`.
#[cfg(windows)]
pub(crate) fn is_program(program: &Path) -> bool {
    let mut executable = program.as_os_str().to_owned();
    executable.push(".exe");
    let is_there =
        |directory: &Path| directory.join(program).is_file() || directory.join(&executable).is_file();
    if program.components().count() > 1 {
        return is_there(Path::new(""));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| is_there(&directory))
}

/// Splits a command into program and arguments; quotes group words. Fails if a quote is not closed.
pub(crate) fn parts(command: &str) -> Result<Vec<String>, &'static str> {
    let (mut parts, mut part, mut quote) = (Vec::new(), None::<String>, None);
    for letter in command.chars() {
        match (letter, quote) {
            (letter, Some(open)) if letter == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(letter);
                part.get_or_insert_default();
            }
            (letter, None) if letter.is_whitespace() => parts.extend(part.take()),
            (letter, _) => part.get_or_insert_default().push(letter),
        }
    }
    parts.extend(part);
    if quote.is_some() { Err("A quote is left open.") } else { Ok(parts) }
}

fn start(command: &mut Command) -> Launch {
    let launched = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = launched else { return Launch::Failed };
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Launch::Opened,
            Ok(Some(_)) | Err(_) => return Launch::Failed,
            Ok(None) if start.elapsed() < LAUNCHER_TIMEOUT => std::thread::sleep(EXIT_POLL_INTERVAL),
            Ok(None) => {
                // Waits for the process, which would otherwise remain as a zombie.
                std::thread::spawn(move || child.wait());
                return Launch::Unclear;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_split_into_words() {
        let of = |command: &str| parts(command).map(|parts| parts.join("|"));
        assert_eq!(of(""), Ok(String::new()));
        assert_eq!(of(" firefox  -P work "), Ok("firefox|-P|work".into()));
        assert_eq!(
            of(r#""/opt/my browser/run" --profile='a b' """#),
            Ok("/opt/my browser/run|--profile=a b|".into())
        );
        assert!(of("firefox 'work").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_missing_program_is_refused() {
        for command in ["", "sh -P work", "/bin/sh", "'/bin/sh' x"] {
            assert_eq!(parse_entered(command).unwrap(), command);
        }
        for command in ["nosuchbrowser --x", "/no/such/program", "/etc/passwd", "/", "''", "./sh"] {
            let error = parse_entered(command).unwrap_err();
            assert_eq!(error.field.as_deref(), Some("browser"), "{command}");
            assert_eq!(parse_stored(command).unwrap(), command, "one that was chosen before stays");
        }
    }

    #[cfg(windows)]
    #[test]
    fn a_missing_program_is_refused() {
        for command in
            ["", "cmd", "cmd.exe /c", r"C:\windows\system32\cmd", r"'C:\windows\system32\cmd.exe' x"]
        {
            assert_eq!(parse_entered(command).unwrap(), command);
        }
        for command in ["nosuchbrowser --x", r"C:\no\such\program.exe", r"C:\", "''"] {
            let error = parse_entered(command).unwrap_err();
            assert_eq!(error.field.as_deref(), Some("browser"), "{command}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_chosen_program_gets_the_url_as_last_argument() {
        let folder = tempfile::tempdir().unwrap();
        let seen = folder.path().join("seen");
        let with = format!(
            "sh -c 'printf %s \"$1 $2 $XDG_ACTIVATION_TOKEN $DESKTOP_STARTUP_ID\" > {}' sh work",
            seen.display()
        );
        let launch = open(&"https://provider.example/?state=1".into(), &with, Some("token"));
        assert_ne!(launch, Launch::Failed);
        assert_eq!(std::fs::read_to_string(seen).unwrap(), "work https://provider.example/?state=1 token ");
        assert_eq!(open(&"https://provider.example/".into(), "/no/such/program", None), Launch::Failed);
        assert_eq!(open(&"https://provider.example/".into(), "false", None), Launch::Failed);
    }
}
