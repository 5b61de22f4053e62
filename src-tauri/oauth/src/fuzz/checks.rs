//! What is asserted in several targets.

use grapnel_model::error::Error;
use grapnel_model::text::{is_control, is_hidden};

/// Whether a text is long enough, and made as tokens are, so that it cannot stand in a sentence of the program's own by
/// chance.
pub(crate) fn is_telling(secret: &str) -> bool {
    const WORDS: &[&str] = &["secret", "token", "expires", "project", "provider"];
    secret.len() >= 16
        && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        && secret.bytes().any(|byte| byte.is_ascii_digit())
        && !WORDS.iter().any(|word| secret.contains(word))
}

/// Asserts that a text is one line, and has nothing that a terminal obeys or that hides or moves other text.
#[track_caller]
pub(crate) fn shows_plainly(text: &str) {
    let bad = text.chars().find(|c| is_control(*c) || is_hidden(*c));
    assert_eq!(bad, None, "in {text:?}");
}

/// The same of each line.
#[track_caller]
pub(crate) fn shows_plainly_in_lines(text: &str) {
    text.split('\n').for_each(shows_plainly);
}

/// Everything that an error shows.
pub(crate) fn sentences(error: &Error) -> impl Iterator<Item = &str> {
    let more = [error.meaning.as_deref(), error.hint.as_deref(), error.suggestion.as_deref()];
    std::iter::once(error.message.as_str()).chain(more.into_iter().flatten())
}
