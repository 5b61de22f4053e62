//! `.env` files. The existing crates replace `$NAME` by environment variables of this process, so that a file from
//! somebody else could read secrets; therefore this parser.

use super::client::Contents;

/// Parses `NAME=value` lines: with or without `export`, unquoted or in single or double quotes, comments after ` #`.
pub(super) fn read(text: &str) -> Contents {
    let mut contents = Contents::default();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let line = line.strip_prefix("export ").unwrap_or(line);
        if let Some((name, value)) = line.split_once('=') {
            contents.variables.insert(name.trim(), &in_braces(unquoted(value.trim())));
        }
    }
    contents
}

/// `$NAME` as `${NAME}` if it is the whole value; any other `$` is a plain character.
fn in_braces(value: String) -> String {
    let name = value.strip_prefix('$').filter(|name| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });
    name.map(|name| format!("${{{name}}}")).unwrap_or(value)
}

fn unquoted(value: &str) -> String {
    for quote in ['"', '\''] {
        if let Some((inner, _)) = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
            return inner.to_owned();
        }
    }
    let end = value.find(" #").unwrap_or(value.len());
    value[..end].trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::unquoted;

    #[test]
    fn quotes_and_comments_are_removed() {
        for (written, meant) in [
            ("abc", "abc"),
            ("\"a b # c\" # note", "a b # c"),
            ("'it#s'", "it#s"),
            ("abc # note", "abc"),
            ("a#b", "a#b"),
            ("\"open", "\"open"),
            ("", ""),
        ] {
            assert_eq!(unquoted(written), meant, "{written}");
        }
    }
}
