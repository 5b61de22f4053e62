//! Failures of a request before its response means anything, and their messages for the person.

use std::error::Error as _;
use std::io::ErrorKind;
use std::time::Duration;

use grapnel_model::error::{Code, Error, NextStep};
use grapnel_model::text::{is_control, is_hidden};
use http::StatusCode;

use super::unusable::Unusable;

/// Why there is no usable response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The request was not sent; nothing happened at the provider.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The request was not sent, for a cause that the person can correct.
    #[error("not sent: {reason}")]
    Blocked {
        /// The cause.
        reason: String,
        /// What to do about it.
        advice: String,
        /// What to open for that.
        next_step: Option<NextStep>,
    },
    /// The request was sent, but its response did not arrive; the provider may have acted on it.
    #[error("answer lost: {0}")]
    Lost(String),
    /// The provider is temporarily unavailable: the status, and the time of `Retry-After`.
    #[error("unavailable: {0}")]
    Unavailable(StatusCode, Option<Duration>),
    /// The response is longer than this many bytes.
    #[error("more than {0} bytes")]
    TooLarge(usize),
    /// The response has more than this many JSON values.
    #[error("more than {0} values")]
    TooMany(usize),
    /// The response is not understood: what it is instead, and its status.
    #[error("the reply is {0}")]
    Strange(String, StatusCode),
    /// The response is a grant that cannot be used.
    #[error("the grant cannot be used: {0:?}")]
    Unusable(Unusable, StatusCode),
}

/// Whether a status means that the provider is temporarily unavailable, whatever the request was.
pub(super) fn is_busy(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
        )
}

impl Failure {
    pub(super) fn not_sent(error: &reqwest::Error) -> Self {
        Self::NotSent(root(error))
    }

    /// The failure for a setting that is no longer usable.
    pub(super) fn blocked(error: &Error) -> Self {
        let mut letters = error.message.trim_end_matches('.').chars();
        let first = letters.next().map(|first| first.to_ascii_lowercase());
        let reason = first.into_iter().chain(letters).collect();
        Self::Blocked {
            reason,
            advice: error.hint.clone().unwrap_or_default(),
            next_step: Some(NextStep::OpenSettings),
        }
    }

    /// Whether the provider may have acted on the request.
    pub fn may_have_been_processed(&self) -> bool {
        match self {
            Self::NotSent(_) | Self::Blocked { .. } => false,
            Self::Lost(_) | Self::TooLarge(_) | Self::TooMany(_) | Self::Unusable(..) => true,
            Self::Strange(_, status) => status.is_success(),
            // With 408, 425, 429 and 503 the server did nothing. With another 5xx it may have: a gateway that times
            // out does not know.
            Self::Unavailable(status, _) => {
                status.is_server_error() && *status != StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    /// How long the provider asks to wait.
    pub fn wait(&self) -> Option<Duration> {
        if let Self::Unavailable(_, wait) = self { *wait } else { None }
    }

    /// The message for the person. The caller adds what it means and what to do.
    pub fn explain(&self, provider: &str) -> Error {
        match self {
            Self::NotSent(reason) => {
                Error::new(Code::ProviderUnavailable, format!("{provider} could not be reached: {reason}."))
            }
            Self::Blocked { reason, advice, next_step } => Error {
                next_step: *next_step,
                ..Error::new(Code::ProviderUnavailable, format!("{provider} could not be reached: {reason}."))
                    .hint(advice)
            },
            Self::Lost(reason) => Error::new(
                Code::AnswerLost,
                format!("The request went to {provider}, and its answer did not arrive whole: {reason}."),
            ),
            Self::Unavailable(status, wait) => {
                let wait = wait
                    .map(|wait| match wait.as_secs() {
                        1 => " It asks to wait 1 second.".to_owned(),
                        seconds => format!(" It asks to wait {seconds} seconds."),
                    })
                    .unwrap_or_default();
                Error::new(Code::ProviderUnavailable, format!("{provider} answered {status}.{wait}"))
                    .with_status(status.as_u16())
            }
            Self::TooLarge(limit) => Error::new(
                Code::ReplyTooLarge,
                format!(
                    "The reply from {provider} was larger than {} MiB, and was not read further.",
                    limit >> 20
                ),
            ),
            Self::TooMany(limit) => Error::new(
                Code::ReplyTooLarge,
                format!("The reply from {provider} had more than {limit} values, and was not read further."),
            ),
            Self::Strange(what, status) => Error::new(
                Code::ReplyInvalid,
                format!("The reply from {provider}, with status {}, was {what}.", status.as_u16()),
            )
            .with_status(status.as_u16()),
            Self::Unusable(unusable, status) => unusable.explain(provider, *status),
        }
    }
}

/// The innermost cause with the host that was asked. The rest of the URL is left out, since its query could contain a
/// secret.
fn root(error: &reqwest::Error) -> String {
    let cause = if error.is_timeout() { "it took too long".into() } else { innermost(error) };
    let host = error.url().and_then(|url| Some((url.host_str()?, url.port_or_known_default()?)));
    match host {
        Some((host, port)) if !cause.contains(host) => format!("{cause} ({host}:{port})"),
        _ => cause,
    }
}

fn innermost(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    while let Some(deeper) = cause.and_then(std::error::Error::source) {
        cause = Some(deeper);
    }
    let Some(cause) = cause else { return "the connection failed".into() };
    let known = cause.downcast_ref::<std::io::Error>().and_then(|error| error_kind_text(error.kind()));
    known.map_or_else(|| without_number(&cause.to_string()), str::to_owned)
}

/// An I/O error in words that are the same on every system.
fn error_kind_text(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::ConnectionRefused => "connection refused",
        ErrorKind::ConnectionReset => "the connection was reset",
        ErrorKind::ConnectionAborted => "the connection was interrupted",
        ErrorKind::HostUnreachable => "the host is unreachable",
        ErrorKind::NetworkUnreachable => "the network is unreachable",
        ErrorKind::NetworkDown => "the network is down",
        ErrorKind::AddrNotAvailable => "no address to connect from",
        ErrorKind::TimedOut => "it took too long",
        ErrorKind::UnexpectedEof => "the connection ended early",
        ErrorKind::BrokenPipe => "the connection was closed",
        _ => return None,
    })
}

/// The system's message without its error number and full stop.
fn without_number(text: &str) -> String {
    text.split(" (os error ").next().unwrap_or(text).trim_end_matches('.').to_owned()
}

/// Whether a character is shown as itself and does not affect the text around it. Line breaks are allowed.
pub(super) fn is_shown_plainly(c: char) -> bool {
    c == '\n' || !(is_control(c) || is_hidden(c))
}

/// The error code for a failure in a response envelope that has only a message.
pub const ENVELOPE_FAILURE: &str = "success:false";

#[cfg(test)]
mod tests {

    use super::{Failure, without_number};

    #[tokio::test]
    async fn a_host_that_refuses_connections_is_named() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let asked = reqwest::Client::builder().no_proxy().build().unwrap();
        let error = asked.get(format!("http://127.0.0.1:{port}/?code=secret")).send().await.unwrap_err();
        let told = Failure::not_sent(&error).explain("Acme").message;
        assert_eq!(told, format!("Acme could not be reached: connection refused (127.0.0.1:{port})."));
        assert_eq!(without_number("No such thing (os error 7)"), "No such thing");
        assert_eq!(without_number("Path not found. (os error 3)"), "Path not found");
    }
}
