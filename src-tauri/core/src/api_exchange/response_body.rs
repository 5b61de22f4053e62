//! A response's body, indexed by lines, so that any part of a long one is shown at once.

use aho_corasick::AhoCorasick;
use grapnel_model::api_exchange::{LineRange, ResponseKind, ResponseLayout, ResponseLine, ResponseMatches};
use grapnel_model::text::escape_json;
use grapnel_oauth::http::Mask;

use super::json_lines::JsonLines;
use super::raw_lines::RawLines;

/// The most lines that are read at once.
const MAX_LINES: usize = 400;
/// The most characters of a line that are shown.
const MAX_LINE_CHARS: usize = 2_000;
/// The most lines that a search lists.
const MAX_MATCHES: usize = 1_000;

/// A response's body.
pub struct ResponseBody {
    content: Content,
    /// The body as received, where the text differs from it.
    original: Option<Vec<u8>>,
    is_masked: bool,
}

enum Content {
    Empty,
    Binary(Vec<u8>),
    Text { text: String, raw: RawLines, json: Option<JsonLines> },
}

impl ResponseBody {
    /// Reads a body of the given media type: finds out whether it is text, masks the secrets of `mask` in it, and
    /// indexes its lines.
    pub(super) fn of(bytes: Vec<u8>, content_type: Option<&str>, mask: &Mask) -> Self {
        if bytes.is_empty() {
            return Self { content: Content::Empty, original: None, is_masked: false };
        }
        let (text, original) = match decode(bytes, content_type) {
            Ok(decoded) => decoded,
            Err(bytes) => {
                return Self { content: Content::Binary(bytes), original: None, is_masked: false };
            }
        };
        let is_json = content_type.is_some_and(|kind| kind.contains("json"))
            || text.trim_start().starts_with(['{', '[']);
        let masked = if is_json {
            let masked = mask.json(text.clone().into_bytes());
            String::from_utf8(masked).unwrap_or_else(|error| lossy(error.as_bytes()))
        } else {
            mask.text(&text).into_owned()
        };
        let is_masked = masked != text;
        let json = if is_json { JsonLines::of(&masked) } else { None };
        let raw = RawLines::of(&masked);
        let original = original.filter(|_| !is_masked);
        Self { content: Content::Text { text: masked, raw, json }, original, is_masked }
    }

    /// Reads a body whose secrets are masked already.
    pub fn unmasked(bytes: Vec<u8>, content_type: Option<&str>) -> Self {
        Self::of(bytes, content_type, &Mask::of([]))
    }

    /// What the body is.
    pub fn kind(&self) -> ResponseKind {
        match &self.content {
            Content::Empty => ResponseKind::Empty,
            Content::Binary(_) => ResponseKind::Binary,
            Content::Text { json: Some(_), .. } => ResponseKind::Json,
            Content::Text { json: None, .. } => ResponseKind::Text,
        }
    }

    /// Whether a secret of the connection was masked in it.
    pub fn is_masked(&self) -> bool {
        self.is_masked
    }

    /// The number of lines in a layout; 0 where there is no such layout.
    pub fn line_count(&self, layout: ResponseLayout) -> u32 {
        match (&self.content, layout) {
            (Content::Text { json: Some(json), .. }, ResponseLayout::Pretty) => json.count(),
            (Content::Text { raw, .. }, ResponseLayout::Raw) => raw.count(),
            _ => 0,
        }
    }

    /// The body as text; `None` if it is not text.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Empty => Some(""),
            Content::Text { text, .. } => Some(text),
            Content::Binary(_) => None,
        }
    }

    /// The body as received, except for masked secrets.
    pub fn bytes(&self) -> &[u8] {
        match (&self.original, &self.content) {
            (Some(original), _) => original,
            (None, Content::Empty) => &[],
            (None, Content::Binary(bytes)) => bytes,
            (None, Content::Text { text, .. }) => text.as_bytes(),
        }
    }

    /// The lines in the given ranges, at most 400 in all.
    pub fn lines(&self, layout: ResponseLayout, ranges: &[LineRange]) -> Vec<ResponseLine> {
        let Content::Text { text, raw, json } = &self.content else { return Vec::new() };
        let mut lines = Vec::new();
        for range in ranges {
            let left = (MAX_LINES - lines.len()).min(range.count as usize);
            match (layout, json) {
                (ResponseLayout::Raw, _) => {
                    let found = raw.from(text, range.start).take(left);
                    lines.extend((range.start..).zip(found).map(|(number, line)| raw_line(number, line)));
                }
                (ResponseLayout::Pretty, Some(json)) => {
                    let numbers = (range.start..json.count()).take(left);
                    lines.extend(numbers.map(|number| json_line(json, text, number)));
                }
                (ResponseLayout::Pretty, None) => {}
            }
        }
        lines
    }

    /// The lines that contain `needle`, ignoring the case of ASCII letters. An empty one is nowhere.
    pub fn search(&self, layout: ResponseLayout, needle: &str) -> ResponseMatches {
        let Content::Text { text, json, .. } = &self.content else { return ResponseMatches::default() };
        let automaton = AhoCorasick::builder().ascii_case_insensitive(true).build([needle]).ok();
        let Some(automaton) = automaton.filter(|_| !needle.is_empty()) else {
            return ResponseMatches::default();
        };
        match (layout, json) {
            (ResponseLayout::Raw, _) => {
                collect(RawLines::at(text, automaton.find_iter(text).map(|found| found.start())))
            }
            (ResponseLayout::Pretty, Some(json)) => {
                let mut line = String::new();
                collect((0..json.count()).filter(|number| {
                    line.clear();
                    json.write(text, *number, usize::MAX, &mut line);
                    automaton.is_match(&line)
                }))
            }
            (ResponseLayout::Pretty, None) => ResponseMatches::default(),
        }
    }
}

fn collect(found: impl Iterator<Item = u32>) -> ResponseMatches {
    found.fold(ResponseMatches::default(), |mut matches, line| {
        if matches.lines.len() < MAX_MATCHES {
            matches.lines.push(line);
        }
        matches.total += 1;
        matches
    })
}

fn raw_line(number: u32, line: &str) -> ResponseLine {
    ResponseLine { number, text: shown(line), indent: 0, fold_end: None, hidden: None }
}

fn json_line(json: &JsonLines, text: &str, number: u32) -> ResponseLine {
    let mut line = String::new();
    // A character has four bytes at most. One more than is shown tells that there is more.
    json.write(text, number, (MAX_LINE_CHARS + 1) * 4, &mut line);
    let fold = json.fold(number);
    ResponseLine {
        number,
        text: shown(&line),
        indent: json.depth(number),
        fold_end: fold.map(|fold| fold.end),
        hidden: fold.map(|fold| fold.entries),
    }
}

/// A line without characters that hide or reorder others, and not too long.
fn shown(line: &str) -> String {
    let escaped: Vec<String> = line.split('\t').map(escape_json).collect();
    let escaped = escaped.join("\t");
    match escaped.char_indices().nth(MAX_LINE_CHARS) {
        Some(_) => escaped.chars().take(MAX_LINE_CHARS - 1).chain(['…']).collect(),
        None => escaped,
    }
}

/// A body as text, and its bytes where they differ from that; or the bytes if it is not text.
fn decode(bytes: Vec<u8>, content_type: Option<&str>) -> Result<(String, Option<Vec<u8>>), Vec<u8>> {
    if memchr::memchr(0, &bytes).is_some() {
        return Err(bytes);
    }
    match String::from_utf8(bytes) {
        Ok(text) => match text.strip_prefix('\u{feff}') {
            Some(unmarked) => Ok((unmarked.to_owned(), Some(text.into_bytes()))),
            None => Ok((text, None)),
        },
        // Text of another encoding is shown as far as it is ASCII.
        Err(error) if content_type.is_some_and(is_text) => {
            Ok((lossy(error.as_bytes()), Some(error.into_bytes())))
        }
        Err(error) => Err(error.into_bytes()),
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Whether a media type is one of text.
fn is_text(content_type: &str) -> bool {
    content_type.starts_with("text/")
        || ["json", "xml", "javascript", "x-www-form-urlencoded"]
            .iter()
            .any(|kind| content_type.contains(kind))
}
