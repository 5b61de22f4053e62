//! The person's own browser.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::secret::{ExposeSecret, SecretString};

/// A launcher that still runs after this long has found a browser: some stay for as long as it does.
const SETTLED: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(50);

/// Opens an address with a program of the person's choice, such as `firefox -P work`; with the system's launchers, such
/// as `xdg-open`, one after the other until one does, where none is named. Answers whether one did, which may take some
/// seconds, in which it blocks.
pub fn open(address: &SecretString, with: &str) -> bool {
    let mut launchers = match parts(with) {
        Ok(parts) => match parts.split_first() {
            Some((program, arguments)) => {
                let mut own = Command::new(program);
                own.args(arguments).arg(address.expose_secret());
                vec![own]
            }
            None => open::commands(address.expose_secret()),
        },
        Err(_) => return false,
    };
    launchers.iter_mut().any(starts)
}

/// A command that is to open addresses, as a person entered it. Refused where it cannot be taken apart.
pub fn entered(command: &str) -> Result<String> {
    parts(command)
        .map_err(|message| Error::input("browser", message).hint("It looks like: firefox -P work"))?;
    Ok(command.trim().to_owned())
}

/// A command's program and arguments; quotes hold together what has spaces. Fails where a quote is left open.
fn parts(command: &str) -> Result<Vec<String>, &'static str> {
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

fn starts(command: &mut Command) -> bool {
    let launched = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = launched else { return false };
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if start.elapsed() < SETTLED => std::thread::sleep(LOOK),
            Ok(None) => {
                // Somebody must wait for it, or it stays as a zombie when it ends.
                std::thread::spawn(move || child.wait());
                return true;
            }
            Err(_) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_taken_apart() {
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
    fn a_program_of_ones_own_gets_the_address_last() {
        let folder = tempfile::tempdir().unwrap();
        let seen = folder.path().join("seen");
        let with = format!("sh -c 'printf %s \"$1 $2\" > {}' sh work", seen.display());
        assert!(open(&"https://provider.example/?state=1".into(), &with));
        assert_eq!(std::fs::read_to_string(seen).unwrap(), "work https://provider.example/?state=1");
        assert!(!open(&"https://provider.example/".into(), "/no/such/program"));
    }
}
