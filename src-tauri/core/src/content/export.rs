//! Exports posts to a file: as JSON unchanged, or as CSV that no spreadsheet interprets as formulas.

use std::io::{self, Write};

use grapnel_model::error::{Code, Error, Result, io_error_text};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::grigora;

/// The file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// A table of the members that Grapnel knows.
    Csv,
    /// An array of posts as the provider returned them.
    Json,
}

const HEAD: &str = "id,title,slug,status,author,category,word_count,created_on,last_update,post_publish\r\n";

/// A file that is being written.
pub(super) struct ExportWriter<'a, W: Write> {
    format: Format,
    out: &'a mut W,
    count: u32,
}

impl<'a, W: Write> ExportWriter<'a, W> {
    pub(super) fn begin(format: Format, out: &'a mut W) -> Result<Self> {
        // The byte order mark tells spreadsheets that the file is UTF-8.
        let start = match format {
            Format::Csv => format!("\u{feff}{HEAD}"),
            Format::Json => "[".to_owned(),
        };
        out.write_all(start.as_bytes()).map_err(|error| unwritable(&error))?;
        Ok(Self { format, out, count: 0 })
    }

    /// Writes a post, given as JSON.
    pub(super) fn post(&mut self, json: &str) -> Result<()> {
        let text = match self.format {
            Format::Csv => line(json),
            Format::Json => Some(format!("{}\n{json}", if self.count == 0 { "" } else { "," })),
        };
        let Some(text) = text else { return Ok(()) };
        self.count += 1;
        self.out.write_all(text.as_bytes()).map_err(|error| unwritable(&error))
    }

    /// Finishes the file and returns the number of posts.
    pub(super) fn end(self) -> Result<u32> {
        let end = if self.format == Format::Json { "\n]\n" } else { "" };
        let ended = self.out.write_all(end.as_bytes()).and_then(|()| self.out.flush());
        ended.map(|()| self.count).map_err(|error| unwritable(&error))
    }
}

fn line(json: &str) -> Option<String> {
    let post = grigora::post(json)?;
    let moment = |moment: Option<Timestamp>| moment.map(|moment| moment.to_string());
    let cells = [
        Some(post.id),
        Some(post.title),
        post.slug,
        post.status,
        post.author,
        post.category,
        post.word_count.map(|count| count.to_string()),
        moment(post.created_on),
        moment(post.last_update),
        moment(post.post_publish),
    ];
    Some(row(cells.map(Option::unwrap_or_default)))
}

fn row<const N: usize>(cells: [String; N]) -> String {
    cells.map(|text| cell(&text)).join(",") + "\r\n"
}

/// A CSV cell (RFC 4180). A cell that a spreadsheet would interpret as a formula is prefixed with an apostrophe. Where
/// `;` separates lists (most of Europe), or a table is pasted, a spreadsheet splits differently: a cell may begin after
/// each separator and the blanks and quotes that follow it.
fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len() + 2);
    cell.push('"');
    if text.starts_with(['\r', '\n']) {
        cell.push('\'');
    }
    let mut may_begin = true;
    for c in text.chars() {
        if may_begin && begins_formula(c) {
            cell.push('\'');
        }
        may_begin = separates(c) || (may_begin && c.is_whitespace());
        if c == '"' {
            cell.push('"');
        }
        cell.push(c);
    }
    cell.push('"');
    cell
}

fn begins_formula(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '\t' | '＝' | '＋' | '－' | '＠')
}

/// Includes tabs and line breaks, which are control characters.
fn separates(c: char) -> bool {
    matches!(c, ';' | ',' | '"' | '\u{2028}' | '\u{2029}') || c.is_control()
}

/// The error for a file that cannot be written.
fn unwritable(error: &io::Error) -> Error {
    Error::new(Code::DataUnwritable, format!("The file cannot be written: {}.", io_error_text(error)))
        .means("What was read is kept as it was.")
        .hint("Look whether the disk is full, or the folder belongs to someone else.")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    #[test]
    fn a_spreadsheet_gets_no_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"] {
            assert!(cell(text).starts_with("\"'"), "{text}");
        }
        assert_eq!(cell("He said \"no\",\nand left"), "\"He said \"\"no\"\",\nand left\"");
        assert_eq!(cell("a\r\n\r\nb"), "\"a\r\n\r\nb\"");
        assert_eq!(cell("1 = 1; 2 - 1"), "\"1 = 1; 2 - 1\"");
        assert_eq!(cell("a;=1+1;b"), "\"a;'=1+1;b\"");
        assert_eq!(cell("a; \"=1"), "\"a; \"\"'=1\"");
    }

    /// Where a quoted cell ends. Readers differ in how they treat a quote inside a cell.
    #[derive(Debug, Clone, Copy)]
    enum Quoting {
        /// At the first quote that is not doubled; later ones are text.
        Once,
        /// There, and a later quote starts quoting again.
        Anywhere,
        /// At a quote before a separator or the end of the line.
        BeforeSeparator,
    }

    /// The cells as a reader with this `separator` sees them.
    fn read(file: &str, separator: char, quoting: Quoting) -> Vec<String> {
        let ends = |c: Option<&char>| c.is_none_or(|c| *c == separator || "\r\n".contains(*c));
        let (mut cells, mut now) = (Vec::new(), String::new());
        let (mut is_quoted, mut may_open) = (false, true);
        let mut rest = file.chars().peekable();
        while let Some(c) = rest.next() {
            match (c, is_quoted) {
                ('"', true) if rest.peek() == Some(&'"') => now.extend(rest.next()),
                ('"', true) if matches!(quoting, Quoting::BeforeSeparator) && !ends(rest.peek()) => {
                    now.push(c);
                }
                ('"', true) => is_quoted = false,
                ('"', false) if may_open || matches!(quoting, Quoting::Anywhere) => is_quoted = true,
                (c, false) if ends(Some(&c)) => {
                    cells.push(std::mem::take(&mut now));
                    may_open = true;
                    continue;
                }
                _ => now.push(c),
            }
            may_open = false;
        }
        cells.push(now);
        cells
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn no_reader_sees_a_cell_that_begins_a_formula(
            cells in [(); 4].map(|()| r#"[a;\t,"' \n\r=+@＝\u{a0}\u{2028}-]{0,10}"#),
            separator in select(vec![',', ';', '\t']),
            quoting in select(vec![Quoting::Once, Quoting::Anywhere, Quoting::BeforeSeparator]),
        ) {
            let file = row(cells.clone()) + &row(cells);
            for found in read(&file, separator, quoting) {
                // Line breaks of the file get into a cell if a quote before them is taken for its beginning.
                let begin = found.trim_start_matches(['"', ' ', '\u{a0}', '\r', '\n']);
                prop_assert!(!begin.starts_with(begins_formula), "{found:?} in {file:?}");
            }
        }

        #[test]
        fn text_that_is_no_formula_is_unchanged(cells in [(); 3].map(|()| r#"[a;,"' 0-9:.]{0,10}"#)) {
            let cells: [String; 3] = cells;
            let read = read(&row(cells.clone()), ',', Quoting::Once);
            prop_assert_eq!(&read[..3], &cells[..]);
        }
    }

    #[test]
    fn exported_files_are_complete() {
        let write = |format, posts: &[&str]| {
            let mut out = Vec::new();
            let mut writing = ExportWriter::begin(format, &mut out).unwrap();
            for post in posts {
                writing.post(post).unwrap();
            }
            let count = writing.end().unwrap();
            (count, String::from_utf8(out).unwrap())
        };
        let posts =
            [r#"{"id":1,"title":"=A","word_count":7,"more":{"x":1}}"#, r#"{"id":"b","last_update":0}"#];
        insta::assert_snapshot!(write(Format::Csv, &posts).1.trim_start_matches('\u{feff}'));
        let (count, json) = write(Format::Json, &posts);
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((count, read[0]["more"]["x"].as_i64()), (2, Some(1)));
        assert_eq!(write(Format::Json, &[]).1, "[\n]\n");
    }
}
