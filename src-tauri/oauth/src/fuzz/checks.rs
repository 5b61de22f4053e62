//! Assertions that several targets share.

use grapnel_model::error::Error;
use grapnel_model::text::{is_control, is_hidden};

/// Whether a secret is long enough, and has only token characters, so that it cannot occur in the program's own text by
/// chance.
pub(crate) fn is_telling(secret: &str) -> bool {
    const WORDS: &[&str] = &["secret", "token", "expires", "project", "provider"];
    secret.len() >= 16
        && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        && secret.bytes().any(|byte| byte.is_ascii_digit())
        && !WORDS.iter().any(|word| secret.contains(word))
}

/// Asserts that a text is one line without control, hidden or bidirectional characters.
#[track_caller]
pub(crate) fn shows_plainly(text: &str) {
    let bad = text.chars().find(|c| is_control(*c) || is_hidden(*c));
    assert_eq!(bad, None, "in {text:?}");
}

/// Like [`shows_plainly`], for each line of a text.
#[track_caller]
pub(crate) fn shows_plainly_in_lines(text: &str) {
    text.split('\n').for_each(shows_plainly);
}

/// Every text that an error shows.
pub(crate) fn sentences(error: &Error) -> impl Iterator<Item = &str> {
    let more = [error.meaning.as_deref(), error.hint.as_deref(), error.suggestion.as_deref()];
    std::iter::once(error.message.as_str()).chain(more.into_iter().flatten())
}
