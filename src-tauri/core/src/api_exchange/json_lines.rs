//! The lines of a JSON text as it is indented, found without a document in memory: numbers keep their spelling, and
//! members their order, also repeated ones.

use memchr::memchr2;
use serde::de::IgnoredAny;

/// The most lines that are indexed. A longer text is shown as received.
const MAX_LINES: usize = 8 << 20;

/// The most objects and arrays within each other.
const MAX_DEPTH: usize = 256;

/// The lines of an indented JSON text.
pub(super) struct JsonLines {
    lines: Vec<Line>,
    /// The objects and arrays with an entry, by the line where they begin.
    folds: Vec<Fold>,
}

struct Line {
    /// Where its first token begins in the text.
    start: u32,
    depth: u32,
}

/// An object or array that is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fold {
    /// The line of its opening bracket.
    line: u32,
    /// The line of its closing bracket.
    pub(super) end: u32,
    /// The number of its members or items.
    pub(super) entries: u32,
}

impl JsonLines {
    /// Finds the lines; `None` if the text is not valid JSON, is nested too deep, or has too many lines.
    pub(super) fn of(text: &str) -> Option<Self> {
        serde_json::from_str::<IgnoredAny>(text).ok()?;
        Self::of_valid(text)
    }

    fn of_valid(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let mut found = Self { lines: Vec::new(), folds: Vec::new() };
        // The folds that are open, by their index.
        let mut open: Vec<usize> = Vec::new();
        let (mut at, mut begins_line) = (0, true);
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | b':' => at += 1,
                b',' => {
                    found.folds.get_mut(*open.last()?)?.entries += 1;
                    begins_line = true;
                    at += 1;
                }
                b'}' | b']' => {
                    let fold = open.pop()?;
                    found.folds.get_mut(fold)?.end = found.push(at, open.len())?;
                    at += 1;
                }
                token => {
                    if std::mem::take(&mut begins_line) {
                        found.push(at, open.len())?;
                    }
                    at = match token {
                        b'"' => end_of_string(bytes, at)?,
                        b'{' | b'[' => {
                            if let Some(end) = end_of_empty(bytes, at) {
                                end
                            } else {
                                if open.len() == MAX_DEPTH {
                                    return None;
                                }
                                open.push(found.folds.len());
                                let line = u32::try_from(found.lines.len() - 1).ok()?;
                                found.folds.push(Fold { line, end: line, entries: 1 });
                                begins_line = true;
                                at + 1
                            }
                        }
                        _ => at + bytes[at..].iter().take_while(|byte| is_of_scalar(**byte)).count(),
                    };
                }
            }
        }
        Some(found)
    }

    /// Adds a line and returns its number.
    fn push(&mut self, start: usize, depth: usize) -> Option<u32> {
        let number = u32::try_from(self.lines.len()).ok().filter(|_| self.lines.len() < MAX_LINES)?;
        self.lines.push(Line { start: u32::try_from(start).ok()?, depth: u32::try_from(depth).ok()? });
        Some(number)
    }

    /// The number of lines.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.lines.len()).unwrap_or(u32::MAX)
    }

    /// The depth of a line.
    pub(super) fn depth(&self, number: u32) -> u32 {
        self.lines.get(number as usize).map_or(0, |line| line.depth)
    }

    /// The object or array that begins in a line.
    pub(super) fn fold(&self, number: u32) -> Option<Fold> {
        let found = self.folds.binary_search_by_key(&number, |fold| fold.line).ok()?;
        self.folds.get(found).copied()
    }

    /// Writes a line of `text`, the indexed one, to `out`. Stops once `limit` bytes are written, at any character.
    pub(super) fn write(&self, text: &str, number: u32, limit: usize, out: &mut String) {
        let start_of = |number: usize| self.lines.get(number).map(|line| line.start as usize);
        let Some(start) = start_of(number as usize) else { return };
        let end = start_of(number as usize + 1).unwrap_or(text.len());
        let mut rest = &text[start..end];
        while let Some(first) = rest.bytes().next() {
            if out.len() >= limit {
                return;
            }
            let length = match first {
                b'"' => end_of_string(rest.as_bytes(), 0).unwrap_or(rest.len()),
                b' ' | b'\t' | b'\n' | b'\r' => {
                    rest = &rest[1..];
                    continue;
                }
                b':' => {
                    out.push_str(": ");
                    rest = &rest[1..];
                    continue;
                }
                _ => rest.bytes().take_while(|byte| is_of_scalar(*byte)).count().max(1),
            };
            let (token, after) = rest.split_at(length);
            let mut cut = token.len().min(limit.saturating_sub(out.len()));
            while !token.is_char_boundary(cut) {
                cut += 1;
            }
            out.push_str(&token[..cut]);
            rest = after;
        }
    }
}

/// Where a string ends that begins at `start`.
fn end_of_string(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Where an object or array ends that begins at `start`, if it is empty.
fn end_of_empty(bytes: &[u8], start: usize) -> Option<usize> {
    let space = bytes[start + 1..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let next = start + 1 + space;
    bytes.get(next).filter(|byte| matches!(byte, b'}' | b']')).map(|_| next + 1)
}

fn is_of_scalar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// The lines with their indentation, and what folds.
    fn shown(text: &str) -> String {
        let Some(json) = JsonLines::of(text) else { return "not JSON".into() };
        let line = |number| {
            let fold = json.fold(number).map(|fold| format!("   ↦ {}, {} in it", fold.end, fold.entries));
            format!("{number} {}{}", indented(&json, text, number), fold.unwrap_or_default())
        };
        (0..json.count()).map(line).collect::<Vec<_>>().join("\n")
    }

    fn indented(json: &JsonLines, text: &str, number: u32) -> String {
        let mut line = "  ".repeat(json.depth(number) as usize);
        json.write(text, number, usize::MAX, &mut line);
        line
    }

    #[test]
    fn spelling_order_and_repeated_members_are_kept() {
        let text = r#" {"b" :1.50, "a":[ ], "a":{"x":[1e400,{ }],"":"a \" , ] : \\"},
            "n":-0.0e+5,"deep":[[true,
            null]]} "#;
        insta::assert_snapshot!(shown(text), @r#"
        0 {   ↦ 17, 5 in it
        1   "b": 1.50,
        2   "a": [],
        3   "a": {   ↦ 9, 2 in it
        4     "x": [   ↦ 7, 2 in it
        5       1e400,
        6       {}
        7     ],
        8     "": "a \" , ] : \\"
        9   },
        10   "n": -0.0e+5,
        11   "deep": [   ↦ 16, 1 in it
        12     [   ↦ 15, 2 in it
        13       true,
        14       null
        15     ]
        16   ]
        17 }
        "#);
    }

    #[test]
    fn a_scalar_is_one_line() {
        for text in ["1", " \"a\\u0000b\" ", "null", "[]", " { } "] {
            let json = JsonLines::of(text).unwrap();
            assert_eq!(json.count(), 1, "{text}");
            assert_eq!(json.fold(0), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_json_or_too_deep_has_no_lines() {
        let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        for text in [
            "",
            "{",
            "{\"a\":1,}",
            "[1 2]",
            "{\"a\":1}{\"b\":2}",
            "\"\n\"",
            "01",
            &deep(MAX_DEPTH + 2),
            &deep(100_000),
        ] {
            assert!(JsonLines::of(text).is_none(), "{text}");
        }
        assert_eq!(JsonLines::of(&deep(MAX_DEPTH)).unwrap().count() as usize, MAX_DEPTH * 2 - 1);
    }

    #[test]
    fn a_long_line_is_written_up_to_the_limit() {
        let text = format!(r#"{{"key":"{}"}}"#, "é".repeat(10_000));
        let json = JsonLines::of(&text).unwrap();
        let mut line = String::new();
        json.write(&text, 1, 100, &mut line);
        assert!(line.starts_with(r#""key": "éé"#) && (100..104).contains(&line.len()), "{line}");
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 60, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((".{0,6}", inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_lines_are_those_of_a_pretty_printer(value in any_json(), space in "[ \n\t]{0,3}") {
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            for text in [value.to_string(), pretty.clone(), format!("{space}{value}{space}")] {
                let json = JsonLines::of(&text).unwrap();
                let lines: Vec<String> =
                    (0..json.count()).map(|number| indented(&json, &text, number)).collect();
                prop_assert_eq!(lines.join("\n"), &*pretty);
            }
        }

        #[test]
        fn a_fold_ends_at_the_line_that_closes_it(value in any_json()) {
            let text = value.to_string();
            let json = JsonLines::of(&text).unwrap();
            for number in 0..json.count() {
                let line = indented(&json, &text, number);
                let opens = line.ends_with(['{', '[']);
                prop_assert_eq!(json.fold(number).is_some(), opens, "{}", line);
                if let Some(fold) = json.fold(number) {
                    prop_assert_eq!(json.depth(fold.end), json.depth(number));
                    let inside = (number + 1..fold.end).filter(|inner| {
                        let closes = indented(&json, &text, *inner).trim_start().starts_with(['}', ']']);
                        json.depth(*inner) == json.depth(number) + 1 && !closes
                    });
                    prop_assert_eq!(inside.count(), fold.entries as usize);
                }
            }
        }

        #[test]
        fn anything_may_be_given(text in r#"[\[\]{}",:\\0-9a ]{0,40}"#) {
            prop_assert_eq!(JsonLines::of(&text).is_some(), serde_json::from_str::<Value>(&text).is_ok()
                || serde_json::from_str::<IgnoredAny>(&text).is_ok());
        }
    }
}
