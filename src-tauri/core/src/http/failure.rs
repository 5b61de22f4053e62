//! How a request fails before its reply means anything, and how that is said to a person.

use std::error::Error as _;
use std::time::Duration;

use http::StatusCode;

use crate::error::{Code, Error};

/// Why there is no usable reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// The request never left: nothing can have happened at the provider.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The request left, and its answer was not seen: anything may have happened at the provider.
    #[error("answer lost: {0}")]
    Lost(String),
    /// The provider says that it cannot now.
    #[error("unavailable: {0}")]
    Unavailable(StatusCode, Option<Duration>),
    /// The reply is larger than any true one; more than this many bytes.
    #[error("more than {0} bytes")]
    TooLarge(usize),
    /// The reply cannot be understood: what it is instead of what it should be.
    #[error("the reply is {0}")]
    Strange(String),
}

impl Failure {
    pub(super) fn not_sent(error: &reqwest::Error) -> Self {
        Self::NotSent(root(error))
    }

    pub(super) fn lost(error: &reqwest::Error) -> Self {
        Self::Lost(root(error))
    }

    /// Whether the provider may have acted on the request.
    pub(crate) fn may_have_acted(&self) -> bool {
        match self {
            Self::NotSent(_) => false,
            Self::Lost(_) | Self::TooLarge(_) | Self::Strange(_) => true,
            // A busy server did nothing; a failing one, or a gateway that gave up waiting for it, may have.
            Self::Unavailable(status, _) => {
                !matches!(*status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS)
            }
        }
    }

    /// What happened, for a person. The caller adds what it means and what to do.
    pub(crate) fn explain(&self, provider: &str) -> Error {
        match self {
            Self::NotSent(reason) => {
                Error::new(Code::ProviderUnavailable, format!("{provider} could not be reached: {reason}."))
            }
            Self::Lost(reason) => Error::new(
                Code::AnswerLost,
                format!("The request went to {provider}, and its answer did not arrive whole: {reason}."),
            ),
            Self::Unavailable(status, wait) => {
                let wait = wait
                    .map(|wait| format!(" It asks to wait {} seconds.", wait.as_secs()))
                    .unwrap_or_default();
                Error::new(Code::ProviderUnavailable, format!("{provider} answered {status}.{wait}"))
            }
            Self::TooLarge(limit) => Error::new(
                Code::ReplyTooLarge,
                format!("{provider}’s reply was larger than {} MiB, and was not read further.", limit >> 20),
            ),
            Self::Strange(what) => Error::new(Code::ReplyInvalid, format!("{provider}’s reply was {what}.")),
        }
    }
}

/// The innermost cause, which is the one that says something; never with an address in it, whose query
/// could hold a secret.
fn root(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it took too long".into();
    }
    let mut cause = error.source();
    while let Some(deeper) = cause.and_then(std::error::Error::source) {
        cause = Some(deeper);
    }
    cause.map_or_else(|| "the connection failed".into(), ToString::to_string)
}

/// A provider's own text, made safe to show: one line, not endless, and without the secrets that were sent.
pub(crate) fn clean(text: &str, secrets: &[&str]) -> String {
    let text = secrets
        .iter()
        .filter(|secret| !secret.is_empty())
        .fold(text.to_owned(), |text, secret| text.replace(secret, "[secret]"));
    let line = text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|word| !word.is_empty());
    let mut line = line.collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(200) {
        line.truncate(end);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn a_providers_text_is_one_safe_line() {
        assert_eq!(clean("no\n\n such\u{7} code s3cret", &["s3cret"]), "no such code [secret]");
        assert_eq!(clean(&"x".repeat(500), &[]).chars().count(), 201);
    }
}
