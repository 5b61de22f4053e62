//! Cleans text from outside for terminals, notifications, dialogs and logs. All of them use the same character sets.

use std::fmt::Write as _;
use std::io::{self, Write};

/// Whether a character is invisible and changes or hides the text around it: bidirectional controls, zero-width
/// characters, fillers, tags.
pub fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// Whether a character ends a line or controls a terminal: C0, DEL, C1, line and paragraph separators.
pub fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Cleans one line: control characters become spaces, hidden characters are removed.
pub fn clean_line(text: &str) -> String {
    text.chars().filter(|c| !is_hidden(*c)).map(|c| if is_control(c) { ' ' } else { c }).collect()
}

/// Applies [`clean_line`] to each line of a text.
pub fn clean_lines(text: &str) -> String {
    text.split('\n').map(clean_line).collect::<Vec<_>>().join("\n")
}

/// One line with control and hidden characters spelled out, such as `\u{a}` for a line break, so that nothing in it is
/// invisible.
pub fn spell_out(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if is_control(c) || is_hidden(c) { line.extend(c.escape_unicode()) } else { line.push(c) }
    }
    line
}

/// Escapes control and hidden characters in a JSON document. They occur only inside strings, except for the line breaks
/// between tokens.
pub fn escape_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' || !(is_control(c) || is_hidden(c)) {
            escaped.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a string does not fail.
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    }
    escaped
}

/// A sort key in natural order: `Client 2` before `Client 10`, ignoring case. Keys are compared byte by byte. They are
/// stored: a change of them needs a migration.
pub fn natural_key(name: &str) -> Vec<u8> {
    /// Before a number. Names have no control characters, so numbers come before other text.
    const NUMBER: u8 = 1;
    let mut key = Vec::with_capacity(name.len() + 8);
    let mut rest = name;
    while !rest.is_empty() {
        let starts_with_digit = rest.starts_with(|c: char| c.is_ascii_digit());
        let end = rest.find(|c: char| c.is_ascii_digit() != starts_with_digit).unwrap_or(rest.len());
        let (part, others) = rest.split_at(end);
        if starts_with_digit {
            // The longer number is the larger one. Among equal ones, more zeros in front come first.
            let digits = part.trim_start_matches('0');
            let zeros = u8::try_from(part.len() - digits.len()).unwrap_or(u8::MAX);
            key.push(NUMBER);
            key.extend(u32::try_from(digits.len()).unwrap_or(u32::MAX).to_be_bytes());
            key.extend(digits.as_bytes());
            key.push(u8::MAX - zeros);
        } else {
            let lowercase = part.chars().flat_map(char::to_lowercase);
            lowercase.for_each(|c| key.extend(c.encode_utf8(&mut [0; 4]).as_bytes()));
        }
        rest = others;
    }
    key
}

/// A writer for logs: each call of `write` is one event and becomes one clean line.
#[derive(Debug)]
pub struct CleanLog<W>(pub W);

impl<W: Write> Write for CleanLog<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = clean_line(text.strip_suffix('\n').unwrap_or(&text));
        self.0.write_all(format!("{line}\n").as_bytes()).map(|()| event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn control_and_hidden_characters_are_removed() {
        assert_eq!(clean_line("a\u{1b}[2Jb\nc\u{202e}d\u{9b}1m\u{7f}\u{85}\u{2028}e"), "a [2Jb cd 1m   e");
        assert_eq!(clean_line("gri\u{200b}go\u{ad}ra\u{61c}\u{feff}\u{200d}\u{2066}\u{e0041}"), "grigora");
        assert_eq!(clean_line("Amélie 世界 עברית"), "Amélie 世界 עברית");
        assert_eq!(clean_lines("one\r\ntwo\u{1b}c"), "one \ntwo c");
    }

    #[test]
    fn names_are_in_natural_order() {
        let mut names =
            ["Client 10", "client 2", "Client 1", "Client", "2 Clients", "Client 02", "Client 1b"];
        names.sort_by_cached_key(|name| natural_key(name));
        assert_eq!(
            names,
            ["2 Clients", "Client", "Client 1", "Client 1b", "Client 02", "client 2", "Client 10"]
        );
    }

    proptest! {
        #[test]
        fn escaped_json_means_the_same(
            text in "\\PC*|[\\x00-\\x1f\\x7f-\\u{9f}\\u{200b}-\\u{202e}\\u{e0000}-\\u{e0080}a]*",
        ) {
            let value = serde_json::json!({ &text: [text] });
            let escaped = escape_json(&serde_json::to_string_pretty(&value).unwrap());
            prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), &value);
            prop_assert_eq!(clean_lines(&escaped), escaped);
        }
    }
}
