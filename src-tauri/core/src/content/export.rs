//! Posts written to a file: as JSON just as they came, or as CSV that no spreadsheet takes for formulas.

use std::io::{self, Write};

use grapnel_model::error::{Code, Error, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::grigora;

/// What a file is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// A table: the members that Grapnel knows by name.
    Csv,
    /// An array of posts as they came.
    Json,
}

const HEAD: &str = "id,title,slug,status,author,category,word_count,created_on,last_update,post_publish\r\n";

/// A file that is being written.
pub(super) struct Writing<'a, W: Write> {
    format: Format,
    out: &'a mut W,
    count: u32,
}

impl<'a, W: Write> Writing<'a, W> {
    pub(super) fn begin(format: Format, out: &'a mut W) -> Result<Self> {
        // By this mark a spreadsheet knows that it is UTF-8.
        let start = match format {
            Format::Csv => format!("\u{feff}{HEAD}"),
            Format::Json => "[".to_owned(),
        };
        out.write_all(start.as_bytes()).map_err(|error| unwritable(&error))?;
        Ok(Self { format, out, count: 0 })
    }

    /// Writes a post, given as it came.
    pub(super) fn post(&mut self, json: &str) -> Result<()> {
        let text = match self.format {
            Format::Csv => line(json),
            Format::Json => Some(format!("{}\n{json}", if self.count == 0 { "" } else { "," })),
        };
        let Some(text) = text else { return Ok(()) };
        self.count += 1;
        self.out.write_all(text.as_bytes()).map_err(|error| unwritable(&error))
    }

    /// Ends, and answers how many posts were written.
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
    Some(cells.map(|text| cell(&text.unwrap_or_default())).join(",") + "\r\n")
}

/// A cell (RFC 4180). Text that a spreadsheet would take for a formula gets an apostrophe before it.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let guard = if is_formula { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

/// A file that cannot be written.
fn unwritable(error: &io::Error) -> Error {
    Error::new(Code::DataUnwritable, format!("The file cannot be written: {error}."))
        .means("What was read is kept as it was.")
        .hint("Look whether the disk is full, or the folder belongs to someone else.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_gets_no_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"] {
            assert!(cell(text).starts_with("\"'"), "{text}");
        }
        assert_eq!(cell("He said \"no\",\nand left"), "\"He said \"\"no\"\",\nand left\"");
        assert_eq!(cell("1 = 1"), "\"1 = 1\"");
    }

    #[test]
    fn files_are_whole() {
        let write = |format, posts: &[&str]| {
            let mut out = Vec::new();
            let mut writing = Writing::begin(format, &mut out).unwrap();
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
