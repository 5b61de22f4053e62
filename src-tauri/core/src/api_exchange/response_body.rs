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
    if line.len() <= MAX_LINE_CHARS && line.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte))
    {
        return line.to_owned();
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> ResponseBody {
        ResponseBody::unmasked(text.into(), None)
    }

    fn texts(body: &ResponseBody, layout: ResponseLayout) -> Vec<String> {
        let all = [LineRange { start: 0, count: u32::MAX }];
        body.lines(layout, &all).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn text_is_told_from_what_is_none() {
        let kind = |bytes: &[u8], content_type| ResponseBody::unmasked(bytes.into(), content_type).kind();
        for (bytes, content_type, expected) in [
            (&b""[..], Some("application/json"), ResponseKind::Empty),
            (b"{\"a\":1}", None, ResponseKind::Json),
            (b"\xef\xbb\xbf[1]", Some("application/json"), ResponseKind::Json),
            (b"7", Some("application/problem+json"), ResponseKind::Json),
            (b"7", Some("text/plain"), ResponseKind::Text),
            (b"{\"a\":1", Some("application/json"), ResponseKind::Text),
            (b"caf\xe9", Some("text/html"), ResponseKind::Text),
            (b"caf\xe9", Some("image/png"), ResponseKind::Binary),
            (b"a\0b", Some("text/plain"), ResponseKind::Binary),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", None, ResponseKind::Binary),
        ] {
            assert_eq!(kind(bytes, content_type), expected, "{bytes:?} {content_type:?}");
        }
    }

    #[test]
    fn what_is_no_text_has_no_lines_and_is_saved_as_it_came() {
        for bytes in [&b"\x89PNG\0"[..], b"\xef\xbb\xbf[1]", b"caf\xe9"] {
            let body = ResponseBody::unmasked(bytes.into(), Some("text/html"));
            assert_eq!(body.bytes(), bytes);
        }
        let binary = ResponseBody::unmasked(vec![0, 1], None);
        assert_eq!((texts(&binary, ResponseLayout::Raw), binary.text()), (Vec::new(), None));
        assert_eq!(binary.search(ResponseLayout::Raw, "\u{1}"), ResponseMatches::default());
    }

    #[test]
    fn characters_that_hide_or_reorder_others_are_escaped() {
        let text = "{\"a\u{202e}b\":\t\"\u{200b}\u{7f}\"}";
        let body = body(text);
        assert_eq!(texts(&body, ResponseLayout::Pretty)[1], r#""a\u202eb": "\u200b\u007f""#);
        assert_eq!(texts(&body, ResponseLayout::Raw), ["{\"a\\u202eb\":\t\"\\u200b\\u007f\"}"]);
        assert_eq!(body.text(), Some(text));
    }

    #[test]
    fn a_long_line_is_cut_off_or_split() {
        let body = body(&format!("[\"{}\", 1]", "é".repeat(5_000)));
        let pretty = texts(&body, ResponseLayout::Pretty);
        assert_eq!(pretty.len(), 4);
        assert!(pretty[1].chars().count() == 2_000 && pretty[1].ends_with("é…"));
        let raw = texts(&body, ResponseLayout::Raw);
        assert_eq!((raw.len(), raw.concat()), (11, body.text().unwrap().to_owned()));
    }

    #[test]
    fn lines_are_read_by_range_and_at_most_400_at_once() {
        let body = body(&serde_json::json!((0..1_000).collect::<Vec<_>>()).to_string());
        assert_eq!(body.line_count(ResponseLayout::Pretty), 1_002);
        let range = |start, count| LineRange { start, count };
        let numbers = |ranges: &[LineRange]| -> Vec<u32> {
            body.lines(ResponseLayout::Pretty, ranges).iter().map(|line| line.number).collect()
        };
        assert_eq!(numbers(&[range(1_000, 9), range(0, 2)]), [1_000, 1_001, 0, 1]);
        assert_eq!(numbers(&[range(0, 300), range(500, 300)]).len(), 400);
        assert_eq!(numbers(&[range(u32::MAX, u32::MAX)]), [0; 0]);
        let first = &body.lines(ResponseLayout::Pretty, &[range(0, 1)])[0];
        assert_eq!((first.fold_end, first.hidden), (Some(1_001), Some(1_000)));
    }

    #[test]
    fn a_search_finds_lines_as_they_are_shown() {
        let json = body("{\"status\":\"Draft\",\n\n\"other\":[\"draft draft\",\"DRAFT\"]}");
        let found = |layout, text| {
            let found = json.search(layout, text);
            (found.lines, found.total)
        };
        assert_eq!(found(ResponseLayout::Pretty, "\"status\": \"draft\""), (vec![1], 1));
        assert_eq!(found(ResponseLayout::Pretty, "draft"), (vec![1, 3, 4], 3));
        assert_eq!(found(ResponseLayout::Raw, "draft"), (vec![0, 2], 2));
        assert_eq!(found(ResponseLayout::Raw, ""), (vec![], 0));
        let split = body(&format!("{}needle{}", "a".repeat(997), "b".repeat(2_000)));
        assert_eq!(split.search(ResponseLayout::Raw, "Needle").lines, [0]);
        let many = body(&"x\n".repeat(1_500)).search(ResponseLayout::Raw, "x");
        assert_eq!((many.lines.len(), many.total), (1_000, 1_500));
    }

    #[test]
    fn a_secret_is_masked_before_any_line_is_read() {
        let mask = Mask::of(["the/access-token-1234".into()]);
        let text = r#"{"echo":"Bearer the\/access-token-1234","n":1.50}"#;
        let body = ResponseBody::of(text.into(), Some("application/json"), &mask);
        assert!(body.is_masked());
        let masked = r#"{"echo":"Bearer [secret]","n":1.50}"#;
        assert_eq!((body.text(), body.bytes()), (Some(masked), masked.as_bytes()));
        assert_eq!(body.search(ResponseLayout::Pretty, "access-token").total, 0);
        let text = ResponseBody::of(b"\xe9: the/access-token-1234".into(), Some("text/plain"), &mask);
        assert_eq!(text.bytes(), "\u{fffd}: [secret]".as_bytes());
    }
}
