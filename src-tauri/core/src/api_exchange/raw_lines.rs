//! The lines of a text as received. Long ones are split, so that none is slow to show.

use memchr::memchr;

/// The longest line, in bytes; a longer one is split.
const MAX_LINE_BYTES: usize = 1_000;
/// How many lines there are to one whose place is remembered.
const STRIDE: u32 = 64;

/// The lines of a text.
pub(super) struct RawLines {
    /// Where every 64th line begins.
    starts: Vec<usize>,
    count: u32,
}

impl RawLines {
    /// Finds the lines.
    pub(super) fn of(text: &str) -> Self {
        let mut lines = Self { starts: Vec::new(), count: 0 };
        let mut start = 0;
        while start < text.len() {
            if lines.count.is_multiple_of(STRIDE) {
                lines.starts.push(start);
            }
            lines.count += 1;
            start = line_at(text, start).1;
        }
        lines
    }

    /// The number of lines.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// The lines from `first` on, of `text`, which is the indexed one.
    pub(super) fn from<'t>(&self, text: &'t str, first: u32) -> impl Iterator<Item = &'t str> {
        let before = first % STRIDE;
        let mut start = self.starts.get((first / STRIDE) as usize).copied().unwrap_or(text.len());
        let lines = std::iter::from_fn(move || {
            let (line, next) = (start < text.len()).then(|| line_at(text, start))?;
            start = next;
            Some(line)
        });
        lines.skip(before as usize)
    }

    /// The lines in which the given places are, each once. The places are in order.
    pub(super) fn at(text: &str, places: impl Iterator<Item = usize>) -> impl Iterator<Item = u32> {
        let (mut number, mut end, mut last) = (0, line_end(text, 0), None);
        places.filter_map(move |place| {
            while place >= end && end < text.len() {
                end = line_end(text, end);
                number += 1;
            }
            (last.replace(number) != Some(number)).then_some(number)
        })
    }
}

fn line_end(text: &str, start: usize) -> usize {
    line_at(text, start).1
}

/// The line that begins at `start`, without its end, and where the next one begins.
fn line_at(text: &str, start: usize) -> (&str, usize) {
    let mut end = text.len().min(start + MAX_LINE_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // The break after a line of exactly this length belongs to it.
    let window = &text.as_bytes()[start..text.len().min(end + 2)];
    match memchr(b'\n', window) {
        Some(at) => {
            let line = &text[start..start + at];
            (line.strip_suffix('\r').unwrap_or(line), start + at + 1)
        }
        None => (&text[start..end], end),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(text: &str) -> Vec<&str> {
        RawLines::of(text).from(text, 0).collect()
    }

    #[test]
    fn lines_are_as_an_editor_counts_them() {
        assert_eq!(lines(""), [""; 0]);
        assert_eq!(lines("a"), ["a"]);
        assert_eq!(lines("a\n"), ["a"]);
        assert_eq!(lines("\n\na\r\nb"), ["", "", "a", "b"]);
    }

    #[test]
    fn a_long_line_is_split_between_characters() {
        for end in ["", "\n", "\r\n"] {
            let text = format!("{}{end}b", "a".repeat(1_000));
            assert_eq!(lines(&text).len(), 2, "{end:?}");
        }
        let text = "é".repeat(1_001);
        assert_eq!(lines(&text).iter().map(|line| line.len()).collect::<Vec<_>>(), [1_000, 1_000, 2]);
    }

    proptest! {
        #[test]
        fn any_line_is_found_and_no_text_lost(
            text in "(\n|b){0,200}(a{0,30}|é{400,600}|\n){0,20}",
            first in 0u32..150,
        ) {
            let all = lines(&text);
            let raw = RawLines::of(&text);
            prop_assert_eq!(raw.count() as usize, all.len());
            let from: Vec<&str> = raw.from(&text, first).collect();
            prop_assert_eq!(&from[..], all.get(first as usize..).unwrap_or_default());
            prop_assert_eq!(all.concat(), text.replace('\n', ""));
        }

        #[test]
        fn a_place_is_in_the_line_that_has_it(text in "(a{0,600}|\n|x){1,60}") {
            let found: Vec<u32> = RawLines::at(&text, text.match_indices('x').map(|(at, _)| at)).collect();
            let having = (0..).zip(lines(&text)).filter(|(_, line)| line.contains('x'));
            prop_assert_eq!(found, having.map(|(number, _)| number).collect::<Vec<u32>>());
        }
    }
}
