//! What an error of the database means. A text of the server is never passed on: it may quote values.

use std::error::Error;
use std::time::Duration;

use grapnel_model::error::io_error_text;
use tokio_postgres::error::SqlState;

use crate::error::{Result, TeamError};

/// How long one answer may take. The server ends a statement after 10 s itself.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(12);

/// Waits for an answer, for a limited time, and explains its failure.
pub(super) async fn answer<T>(
    request: impl Future<Output = Result<T, tokio_postgres::Error>> + Send,
) -> Result<T> {
    match tokio::time::timeout(ANSWER_TIMEOUT, request).await {
        Ok(answered) => answered.map_err(|error| explain(&error)),
        Err(_) => Err(unreachable("it did not answer in time")),
    }
}

/// Explains an error of the driver.
pub(super) fn explain(error: &tokio_postgres::Error) -> TeamError {
    if let Some(code) = error.code() {
        return of_server(code);
    }
    if error.is_closed() {
        return unreachable("the session has ended");
    }
    let mut text = error.to_string();
    let mut source: Option<&(dyn Error + 'static)> = error.source();
    while let Some(inner) = source {
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return TeamError::Untrusted { cause: tls_cause(tls) };
        }
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            if let Some(tls) = io.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                return TeamError::Untrusted { cause: tls_cause(tls) };
            }
            return unreachable(&io_error_text(io));
        }
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    match text {
        text if text.contains("TLS") => TeamError::Untrusted { cause: "the server offers no TLS".to_owned() },
        text if text.contains("password") => {
            TeamError::Denied { cause: "it asks for a password, and the URL has none".to_owned() }
        }
        text if text.contains("authentication") => TeamError::Denied {
            cause: "the way to authenticate that it asks for is not supported".to_owned(),
        },
        text if text.contains("timeout") || text.contains("timed out") => {
            unreachable("it did not answer in time")
        }
        text if text.contains("connecting") || text.contains("communicating") => {
            unreachable("the connection failed")
        }
        _ => TeamError::Internal { cause: "the reply could not be read".to_owned() },
    }
}

pub(super) fn unreachable(cause: &str) -> TeamError {
    TeamError::Unreachable { cause: cause.to_owned(), hint: None }
}

fn of_server(code: &SqlState) -> TeamError {
    let denied = |cause: &str| TeamError::Denied { cause: cause.to_owned() };
    let code = code.code();
    let is_code = code.len() == 5 && code.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    if !is_code {
        return TeamError::Internal { cause: "an error without a SQLSTATE".to_owned() };
    }
    match code {
        "42501" => TeamError::Forbidden,
        "3D000" => denied("the database does not exist"),
        "25006" => denied("the server accepts no writes (a standby)"),
        "3F000" | "42P01" => TeamError::NoTeam,
        "57014" => unreachable("it did not answer in time"),
        "55P03" => TeamError::Busy,
        "57P01" | "57P02" | "57P05" => unreachable("the session was ended by the server"),
        "57P03" => unreachable("it is starting or stopping"),
        "40001" | "40P01" => TeamError::Conflict,
        _ => match &code[..2] {
            "28" => {
                denied("the role or its password is refused, or the server’s pg_hba.conf does not admit it")
            }
            "08" => unreachable("the connection failed"),
            "53" => unreachable("the server is out of connections, memory or disk"),
            "58" | "XX" => unreachable("the server has a fault"),
            _ => TeamError::Internal { cause: format!("SQLSTATE {code}") },
        },
    }
}

fn tls_cause(error: &rustls::Error) -> String {
    use rustls::CertificateError as Fault;
    let rustls::Error::InvalidCertificate(fault) = error else {
        return "the TLS handshake failed".to_owned();
    };
    match fault {
        // Another authority of the same name makes a wrong signature.
        Fault::UnknownIssuer | Fault::BadSignature => {
            "the server’s certificate is signed by an unknown authority"
        }
        Fault::NotValidForName | Fault::NotValidForNameContext { .. } => {
            "the server’s certificate is for another host"
        }
        Fault::Expired | Fault::ExpiredContext { .. } => "the server’s certificate has expired",
        _ => "the server’s certificate is not accepted",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_the_server_is_taken_for_a_code() {
        for text in ["", "x", "é", "ééé", "aaaaa", "hunter2", "42501 ", "4250é", "4250!"] {
            let error = of_server(&SqlState::from_code(text));
            assert_eq!(
                error,
                TeamError::Internal { cause: "an error without a SQLSTATE".to_owned() },
                "{text}"
            );
        }
        assert_eq!(of_server(&SqlState::from_code("42601")).to_string().matches("SQLSTATE 42601").count(), 1);
    }

    #[test]
    fn a_database_that_was_reached_is_not_told_as_unreachable() {
        for code in ["55P03", "40P01", "40001", "42501"] {
            assert!(!of_server(&SqlState::from_code(code)).is_unreachable(), "{code}");
        }
        assert!(of_server(&SqlState::from_code("57P01")).is_unreachable());
    }
}
