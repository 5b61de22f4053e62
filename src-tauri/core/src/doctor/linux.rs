//! Checks of the Linux desktop: whether deep links return to Grapnel, and whether there is a browser. Nothing is
//! opened.

use std::path::{Path, PathBuf};
use std::process::Command;

use grapnel_model::error::{Code, Error};

use super::check::{Browsers, Check, CheckStatus};
use crate::browser::{has_display, is_program, is_there, named};

/// The MIME type for links with Grapnel's scheme.
const SCHEME_TYPE: &str = "x-scheme-handler/dev.grapnel.desktop";

/// Whether deep links open Grapnel (`program`, if known), and whether there is a browser.
pub(super) fn checks(program: Option<&Path>, browsers: &Browsers) -> Vec<Check> {
    vec![deep_link(program), browser(browsers)]
}

fn deep_link(program: Option<&Path>) -> Check {
    const NAME: &str = "Deep links";
    let attention = |message: String| {
        let hint = if has_display() {
            "Start the Grapnel window once, which registers itself. Or use an app with the redirect method loopback."
        } else {
            "There is no display here, on which Grapnel’s window could register itself. Use an app with the redirect \
             method loopback, or paste the redirect URL (grapnel app set APP --redirect loopback; grapnel connect APP \
             --paste)."
        };
        let error = Error::new(Code::BrowserFailed, message)
            .means("Sign-ins that return by deep link do not complete. The other redirect methods work.")
            .hint(hint);
        Check::wrong(NAME, CheckStatus::Attention, error)
    };
    let Some(owner) = default_of(SCHEME_TYPE) else {
        if !is_program(Path::new("xdg-mime")) {
            return attention(
                "The system cannot be asked who opens links back to Grapnel: xdg-utils is missing.".into(),
            );
        }
        return attention("The system knows no program for links back to Grapnel.".into());
    };
    let Some(line) = entry(&owner).as_deref().and_then(exec) else {
        return attention(format!(
            "The system gives links back to Grapnel to “{owner}”, which is not installed."
        ));
    };
    let (started, takes_link) = program_of(&line);
    if !takes_link {
        return attention(format!(
            "“{owner}” is started without the link, so that sign-ins are lost on the way."
        ));
    }
    if !is_program(&started) {
        return attention(format!("“{owner}” starts {}, which is not there.", shown(&started)));
    }
    let others = claimants(&data_directories(), SCHEME_TYPE);
    match program
        .filter(|program| started.is_absolute() && started.canonicalize().ok().as_deref() != Some(*program))
    {
        Some(_) => attention(format!(
            "“{owner}” starts {}, which is another Grapnel than this one.",
            shown(&started)
        )),
        None if others.len() > 1 => {
            let error = Error::new(
                Code::BrowserFailed,
                format!("Several desktop entries take links back to Grapnel: {}.", others.join(", ")),
            )
            .means("A browser may ask which one to start, and remember one that is not this Grapnel.")
            .hint(
                "Remove the ones that you do not use, in the folder applications of your data directory \
                (~/.local/share).",
            );
            Check::wrong(NAME, CheckStatus::Attention, error)
        }
        None => Check::fine(NAME, format!("“{owner}” brings them to {}.", shown(&started))),
    }
}

/// A system program's path, or another program's name only: its path may name a customer.
fn shown(program: &Path) -> String {
    let is_systems = ["/usr", "/bin", "/opt", "/snap", "/nix"].iter().any(|root| program.starts_with(root));
    if is_systems || !program.is_absolute() {
        return program.display().to_string();
    }
    format!("…/{}", program.file_name().unwrap_or_default().display())
}

fn browser(set: &Browsers) -> Check {
    const NAME: &str = "Browser";
    let lost = |message: String, verdict, hint: &str| {
        let error = Error::new(Code::BrowserFailed, message)
            .means("A sign-in there cannot open its page by itself.")
            .hint(hint);
        Check::wrong(NAME, verdict, error)
    };
    // The command may contain a profile's name, so it is not shown.
    if !is_there(&set.usual) {
        let message = "The program that is set to open sign-in pages is not there.".to_owned();
        let hint = "Choose another one in Settings › Sign-in, or empty it for the system’s.";
        return lost(message, CheckStatus::Broken, hint);
    }
    let gone = set.own.iter().filter(|command| !is_there(command)).count();
    if gone > 0 {
        let message = match gone {
            1 => "A program that opens the pages of single connections is not there.".to_owned(),
            _ => format!("{gone} programs that open the pages of single connections are not there."),
        };
        let hint = "Choose another browser for these connections, or empty it for the usual one.";
        return lost(message, CheckStatus::Attention, hint);
    }
    if !set.usual.is_empty() {
        return Check::fine(NAME, "Addresses open in the program that is set.");
    }
    let default = has_display().then(|| default_of("x-scheme-handler/https")).flatten();
    if let Some(browser) = default.or_else(named) {
        return Check::fine(NAME, format!("Addresses open in “{browser}”."));
    }
    let error = Error::new(Code::BrowserFailed, "The system has no browser that it opens addresses in.")
        .means("A sign-in cannot open its page by itself.")
        .hint(if has_display() {
            "Choose a default browser; or copy the sign-in address, and open it where you like."
        } else {
            "There is no display here. Open the sign-in address in a browser elsewhere (grapnel connect APP \
             --no-browser --paste)."
        });
    Check::wrong(NAME, CheckStatus::Attention, error)
}

fn default_of(kind: &str) -> Option<String> {
    let answer = Command::new("xdg-mime").args(["query", "default", kind]).output().ok()?;
    let name = String::from_utf8(answer.stdout).ok()?.trim().to_owned();
    (!name.is_empty()).then_some(name)
}

/// The text of a desktop entry, from the first directory that has it.
fn entry(name: &str) -> Option<String> {
    let paths = data_directories().into_iter().map(|data| data.join("applications").join(name));
    paths.into_iter().find_map(|path| std::fs::read_to_string(path).ok())
}

/// The names of all entries that handle this type.
fn claimants(data: &[PathBuf], kind: &str) -> Vec<String> {
    let folders = data.iter().filter_map(|data| std::fs::read_dir(data.join("applications")).ok());
    let entries = folders.flatten().flatten().map(|entry| entry.path());
    let desktop = entries.filter(|path| path.extension().is_some_and(|extension| extension == "desktop"));
    let takes = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let types = text.lines().filter_map(|line| line.strip_prefix("MimeType="));
        types.flat_map(|types| types.split(';')).any(|one| one.trim() == kind)
    };
    let mut names: Vec<_> =
        desktop.filter(takes).filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect();
    names.sort();
    // An entry hides those with the same name in later directories.
    names.dedup();
    names
}

/// The directories of desktop entries, the person's own first.
fn data_directories() -> Vec<PathBuf> {
    let own = directories::BaseDirs::new().map(|dirs| dirs.data_dir().to_owned());
    let shared = std::env::var("XDG_DATA_DIRS").ok().filter(|dirs| !dirs.is_empty());
    let shared = shared.unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    own.into_iter().chain(std::env::split_paths(&shared)).collect()
}

/// The `Exec` line of an entry.
fn exec(entry: &str) -> Option<String> {
    let own = entry.lines().skip_while(|line| line.trim() != "[Desktop Entry]").skip(1);
    let mut own = own.take_while(|line| !line.starts_with('['));
    own.find_map(|line| line.strip_prefix("Exec=").map(|line| line.trim().to_owned()))
}

/// The program of such a line, and whether it is passed the link.
fn program_of(line: &str) -> (PathBuf, bool) {
    let takes_link = line.contains("%u") || line.contains("%U");
    let program = match line.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().unwrap_or_default(),
        None => line.split_whitespace().next().unwrap_or_default(),
    };
    (program.into(), takes_link)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_desktop_entry_for_the_scheme_is_found_once() {
        let (own, shared) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let write = |data: &tempfile::TempDir, name: &str, kinds: &str| {
            std::fs::create_dir_all(data.path().join("applications")).unwrap();
            let text = format!("[Desktop Entry]\nMimeType={kinds}\n");
            std::fs::write(data.path().join("applications").join(name), text).unwrap();
        };
        let kind = format!("text/html;{SCHEME_TYPE};");
        write(&own, "grapnel-desktop-handler.desktop", &kind);
        write(&own, "browser.desktop", "x-scheme-handler/https;");
        write(&own, "mimeinfo.cache", &kind);
        write(&shared, "Grapnel.desktop", &kind);
        write(&shared, "grapnel-desktop-handler.desktop", &kind);
        let data = [own.path().to_owned(), shared.path().to_owned(), "/none".into()];
        assert_eq!(claimants(&data, SCHEME_TYPE), ["Grapnel.desktop", "grapnel-desktop-handler.desktop"]);
    }

    #[test]
    fn the_program_of_an_entry_is_found() {
        let entry = "[Desktop Entry]\nName=Grapnel\nExec=\"/opt/my apps/grapnel\" %u\n[Desktop Action \
            new]\nExec=other\n";
        assert_eq!(program_of(&exec(entry).unwrap()), ("/opt/my apps/grapnel".into(), true));
        assert_eq!(program_of("grapnel-desktop"), ("grapnel-desktop".into(), false));
        assert_eq!(exec("[Desktop Action new]\nExec=other\n"), None);
    }
}
