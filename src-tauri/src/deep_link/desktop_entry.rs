//! Desktop entries that start this program (Desktop Entry Specification).

use std::path::Path;

/// An argument for `Exec`, quoted if necessary (“The Exec key”). In a quoted argument, special characters are escaped
/// by a backslash, which itself is escaped for the file; a percent sign is doubled, since it begins a field code.
/// Unnecessary quotes are avoided: without a desktop environment, `xdg-open` 1.1.3 takes them for a part of the name.
/// `None` if the argument does not fit in one line.
pub(crate) fn argument(argument: &str) -> Option<String> {
    if argument.contains(char::is_control) {
        return None;
    }
    if is_plain(argument) {
        return Some(argument.to_owned());
    }
    let mut quoted = String::from('"');
    for character in argument.chars() {
        match character {
            '\\' => quoted.push_str(r"\\\\"),
            '"' | '`' | '$' => quoted.extend([r"\\", character.encode_utf8(&mut [0; 4])]),
            '%' => quoted.push_str("%%"),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    Some(quoted)
}

fn is_plain(argument: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.+".contains(&byte);
    !argument.is_empty() && argument.bytes().all(is_plain)
}

/// The program in an `Exec` line, in the form that `argument` or the plugin of earlier versions writes; `None` for any
/// other form.
pub(super) fn program(entry: &str) -> Option<String> {
    let line = entry.lines().find_map(|line| line.strip_prefix("Exec="))?;
    let quoted = line.strip_suffix(" %u")?;
    let Some(quoted) = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return is_plain(quoted).then(|| quoted.to_owned());
    };
    let unescaped = quoted.replace(r"\\\\", "\0").replace(r"\\", "").replace('\0', r"\").replace("%%", "%");
    Some(unescaped)
}

/// The entry that starts `program` with a deep link. With `StartupNotify`, the desktop passes an activation token for
/// the window.
pub(super) fn handler(program: &Path) -> Option<String> {
    let program = argument(program.to_str()?)?;
    let scheme = super::handler::SCHEME;
    Some(format!(
        "[Desktop Entry]\nType=Application\nName=Grapnel\nExec={program} %u\nTerminal=false\n\
         MimeType=x-scheme-handler/{scheme};\nNoDisplay=true\nStartupNotify=true\nStartupWMClass=grapnel-desktop\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_path_is_one_argument() {
        let argument = |path| argument(path).unwrap();
        assert_eq!(argument("/usr/bin/grapnel-desktop"), "/usr/bin/grapnel-desktop");
        assert_eq!(argument("/home/a b/x"), r#""/home/a b/x""#);
        assert_eq!(argument(r#"/100%/$x/`"\"#), r#""/100%%/\\$x/\\`\\"\\\\""#);
        assert_eq!(super::argument("/a\nNoDisplay=false"), None);
    }

    #[test]
    fn the_program_of_an_entry_is_read_back() {
        for path in ["/usr/bin/grapnel-desktop", "/home/a b/é/100%/x", r#"/a"b/$c/`d\e"#] {
            let entry = handler(Path::new(path)).unwrap();
            assert_eq!(program(&entry).as_deref(), Some(path), "{entry}");
        }
        assert_eq!(program("[Desktop Entry]\nExec=\"/opt/g\" %u\n").as_deref(), Some("/opt/g"));
        for written_otherwise in ["flatpak run x %u", "env A=b /opt/g %u", "/opt/g"] {
            assert_eq!(program(&format!("[Desktop Entry]\nExec={written_otherwise}\n")), None);
        }
    }
}
