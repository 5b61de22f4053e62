//! Makes text from a provider safe to show.

use std::collections::BTreeSet;
use std::ops::Range;

use aho_corasick::AhoCorasick;

use crate::text::clean_line;

/// Makes text from a provider safe to show: one line of limited length, without control and hidden characters, with
/// each word masked that contains a sent secret or its beginning.
pub fn clean(text: &str, secrets: &[&str]) -> String {
    Cleaner::of(secrets).clean(text)
}

/// Cleans several texts with the same secrets.
pub struct Cleaner {
    secrets: Vec<String>,
    /// Finds the beginnings of the secrets.
    starts: Option<AhoCorasick>,
}

/// The most characters of a provider's text that are shown.
const MAX_SHOWN: usize = 200;
/// The most characters that are searched for secrets: one may begin in the part that is shown and end after it.
const MAX_CONSIDERED: usize = 4 * MAX_SHOWN;
/// How many bytes of a secret reveal it.
const MIN_TELLING: usize = 12;

impl Cleaner {
    /// Creates a cleaner for texts that may contain these secrets.
    pub fn of(secrets: &[&str]) -> Self {
        let secrets = secrets.iter().map(|secret| one_line(secret)).filter(|secret| !secret.is_empty());
        // The beginning of a single word is enough. This also merges the many secrets of a response that begin alike.
        let told =
            secrets.map(|secret| if secret.contains(' ') { secret } else { start(&secret).to_owned() });
        let secrets: Vec<String> = told.collect::<BTreeSet<_>>().into_iter().collect();
        let starts = secrets.iter().map(|secret| start(secret));
        // Building an automaton of such short patterns does not fail.
        let starts = if secrets.is_empty() { None } else { AhoCorasick::new(starts).ok() };
        Self { secrets, starts }
    }

    /// Cleans a text.
    pub fn clean(&self, text: &str) -> String {
        // Before masking, so that no hidden character inside a secret keeps it from being found.
        let mut line = one_line(text);
        if let Some((end, _)) = line.char_indices().nth(MAX_CONSIDERED) {
            line.truncate(end);
        }
        if let Some(starts) = &self.starts {
            line = self.masked(starts, &line);
        }
        if let Some((end, _)) = line.char_indices().nth(MAX_SHOWN) {
            line.truncate(end);
            line.push('…');
        }
        line
    }

    /// Replaces the words from the beginning to the end of each secret with `[secret]`.
    fn masked(&self, starts: &AhoCorasick, line: &str) -> String {
        let bytes = line.as_bytes();
        let mut found: Vec<Range<usize>> = Vec::new();
        for start in starts.find_overlapping_iter(line) {
            let secret = self.secrets[start.pattern()].as_bytes();
            let same =
                bytes[start.start()..].iter().zip(secret).take_while(|(one, other)| one == other).count();
            let same = bytes[start.start()..start.start() + same].trim_ascii_end().len();
            found.push(words_around(bytes, start.start()..start.start() + same));
        }
        for escape in memchr::memchr2_iter(b'%', b'+', bytes) {
            let word = words_around(bytes, escape..escape);
            if found.last() != Some(&word) && is_encoded(starts, &line[word.clone()]) {
                found.push(word);
            }
        }
        found.sort_by_key(|range| range.start);
        let (mut masked, mut done) = (String::new(), 0);
        for range in found {
            if range.start >= done {
                masked.push_str(&line[done..range.start]);
                masked.push_str("[secret]");
            }
            done = done.max(range.end);
        }
        masked.push_str(&line[done..]);
        masked
    }
}

/// Whether a word contains a percent- or form-encoded secret.
fn is_encoded(starts: &AhoCorasick, word: &str) -> bool {
    let decoded = |word: &str| one_line(&percent_encoding::percent_decode_str(word).decode_utf8_lossy());
    starts.is_match(&decoded(word)) || starts.is_match(&decoded(&word.replace('+', " ")))
}

/// The range of whole words around a part of a line.
fn words_around(line: &[u8], part: Range<usize>) -> Range<usize> {
    let start = memchr::memrchr(b' ', &line[..part.start]).map_or(0, |at| at + 1);
    let end = memchr::memchr(b' ', &line[part.end..]).map_or(line.len(), |at| part.end + at);
    start..end
}

/// The beginning of a secret, by which it is found.
fn start(secret: &str) -> &str {
    secret.get(..MIN_TELLING).unwrap_or(secret)
}

/// One line without hidden characters, with single spaces.
fn one_line(text: &str) -> String {
    clean_line(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn a_providers_text_is_one_safe_line() {
        assert_eq!(clean("no\n\n such\u{7} co\u{202e}de", &[]), "no such code");
        assert_eq!(clean(&"x".repeat(500), &[]).chars().count(), 201);
    }

    #[test]
    fn an_echoed_secret_is_not_shown() {
        let secret = "s3cret/with+signs-and-more";
        for echo in [secret, "s3cret%2Fwith%2Bsigns-and-more", "token=s3cret/with+si…", "(s3cret/with+signs)"]
        {
            assert_eq!(clean(&format!("bad {echo} given"), &[secret]), "bad [secret] given");
        }
        assert_eq!(clean("pin 1234 wrong", &["1234"]), "pin [secret] wrong");
        let spaced = "s3cret with/spaces+and=signs";
        for echo in [
            spaced,
            "s3cret%20with%2Fspaces%2Band%3Dsigns",
            "s3cret+with%2Fspaces%2Band%3Dsigns",
            "s3cret  with/spaces+an",
            "(s3cret\n\u{200b}with/spaces)",
        ] {
            assert_eq!(clean(&format!("bad {echo} given"), &[spaced]), "bad [secret] given", "{echo}");
        }
        assert_eq!(clean("s3cret with you", &[spaced]), "s3cret with you");
        let hidden = "bad s3\u{200b}cret/with+signs-and-more given";
        assert_eq!(clean(hidden, &[secret]), "bad [secret] given");
    }
}
