//! What a Linux desktop does for Grapnel: bringing deep links back, and opening a browser. It is asked without
//! opening anything.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Check, Verdict};
use crate::error::{Code, Error};

/// Whether deep links come to Grapnel (to `program`, where it is known which that is), and whether there is a browser.
pub(super) fn checks(program: Option<&Path>) -> Vec<Check> {
    vec![deep_link(program), browser()]
}

fn deep_link(program: Option<&Path>) -> Check {
    const NAME: &str = "Deep links";
    let attention = |message: String| {
        let error = Error::new(Code::BrowserFailed, message)
            .means("A sign-in by deep link would wait in vain. The other ways back work.")
            .hint("Start the Grapnel window once, which registers itself. Or use an app whose way back is loopback.");
        Check::wrong(NAME, Verdict::Attention, error)
    };
    let Some(owner) = default_of("x-scheme-handler/dev.grapnel.desktop") else {
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
    if !is_there(&started) {
        return attention(format!("“{owner}” starts {}, which is not there.", started.display()));
    }
    match program
        .filter(|program| started.is_absolute() && started.canonicalize().ok().as_deref() != Some(*program))
    {
        Some(_) => attention(format!(
            "“{owner}” starts {}, which is another Grapnel than this one.",
            started.display()
        )),
        None => Check::fine(NAME, format!("“{owner}” brings them to {}.", started.display())),
    }
}

fn browser() -> Check {
    const NAME: &str = "Browser";
    let named = std::env::var("BROWSER").ok().filter(|name| !name.is_empty());
    if let Some(browser) = default_of("x-scheme-handler/https").or(named) {
        return Check::fine(NAME, format!("Addresses open in “{browser}”."));
    }
    let error = Error::new(Code::BrowserFailed, "The system has no browser that it opens addresses in.")
        .means("A sign-in cannot open its page by itself.")
        .hint("Choose a default browser; or copy the sign-in address, and open it where you like.");
    Check::wrong(NAME, Verdict::Attention, error)
}

fn default_of(kind: &str) -> Option<String> {
    let answer = Command::new("xdg-mime").args(["query", "default", kind]).output().ok()?;
    let name = String::from_utf8(answer.stdout).ok()?.trim().to_owned();
    (!name.is_empty()).then_some(name)
}

/// The text of a desktop entry, from the first directory that has it.
fn entry(name: &str) -> Option<String> {
    let own = directories::BaseDirs::new().map(|dirs| dirs.data_dir().to_owned());
    let shared = std::env::var("XDG_DATA_DIRS").ok().filter(|dirs| !dirs.is_empty());
    let shared = shared.unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    let all = own.into_iter().chain(std::env::split_paths(&shared).collect::<Vec<_>>());
    all.map(|data| data.join("applications").join(name)).find_map(|path| std::fs::read_to_string(path).ok())
}

/// The line by which an entry starts its program.
fn exec(entry: &str) -> Option<String> {
    let own = entry.lines().skip_while(|line| line.trim() != "[Desktop Entry]").skip(1);
    let mut own = own.take_while(|line| !line.starts_with('['));
    own.find_map(|line| line.strip_prefix("Exec=").map(|line| line.trim().to_owned()))
}

/// The program of such a line, and whether the link is given to it.
fn program_of(line: &str) -> (PathBuf, bool) {
    let takes_link = line.contains("%u") || line.contains("%U");
    let program = match line.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().unwrap_or_default(),
        None => line.split_whitespace().next().unwrap_or_default(),
    };
    (program.into(), takes_link)
}

fn is_there(program: &Path) -> bool {
    if program.is_absolute() {
        return program.is_file();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_an_entry_is_found() {
        let entry = "[Desktop Entry]\nName=Grapnel\nExec=\"/opt/my apps/grapnel\" %u\n[Desktop Action new]\nExec=other\n";
        assert_eq!(program_of(&exec(entry).unwrap()), ("/opt/my apps/grapnel".into(), true));
        assert_eq!(program_of("grapnel-desktop"), ("grapnel-desktop".into(), false));
        assert_eq!(exec("[Desktop Action new]\nExec=other\n"), None);
    }
}
