//! Why nothing answers where the database URL leads. The host of the URL is not named: what is told may be published.

use std::error::Error;
use std::io::{self, ErrorKind};

use grapnel_model::text::clean_line;

use super::failure::explain;
use super::url::DatabaseUrl;
use crate::error::TeamError;

const NO_SOCKET: &str = "Start the server. If it runs, its socket is elsewhere: correct the directory (host=) or the \
    port in the database URL. SHOW unix_socket_directories in psql tells it. For a team that you are in: grapnel team \
    url";
const NOT_PERMITTED: &str = "Ask the server's administrator for access to the directory of its Unix socket, or \
    connect by TCP: postgres://USER:PASSWORD@localhost/DATABASE";
const NO_LISTENER: &str = "Start the server. If it runs, it listens on another address or port: correct the database \
    URL, or ask the server's administrator for listen_addresses and the firewall. For a team that you are in: grapnel \
    team url";
const NO_NAME: &str =
    "Check the network, and the host in the database URL. For a team that you are in: grapnel team url";

/// Explains why no connection was made.
pub(super) fn explain_unreached(error: &tokio_postgres::Error, url: &DatabaseUrl) -> TeamError {
    match (explain(error), io_error(error)) {
        (TeamError::Unreachable { cause, hint }, Some(io)) => {
            let (cause, hint) = reason(io, url).map_or((cause, hint), |(cause, hint)| (cause, Some(hint)));
            TeamError::Unreachable { cause, hint }
        }
        (explained, _) => explained,
    }
}

fn io_error(error: &tokio_postgres::Error) -> Option<&io::Error> {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref() {
            return Some(io);
        }
        source = inner.source();
    }
    None
}

fn reason(io: &io::Error, url: &DatabaseUrl) -> Option<(String, &'static str)> {
    let Some((folder, path)) = url.socket() else {
        return match io.kind() {
            ErrorKind::ConnectionRefused => {
                Some((format!("nothing listens on port {} of its host", url.port()), NO_LISTENER))
            }
            _ if io.to_string().starts_with("failed to lookup address") => {
                Some(("the name of its host cannot be resolved".to_owned(), NO_NAME))
            }
            _ => None,
        };
    };
    let shown = clean_line(&path.display().to_string());
    match io.kind() {
        ErrorKind::NotFound if !folder.exists() => {
            let folder = clean_line(&folder.display().to_string());
            Some((format!("there is no directory {folder} for its Unix socket"), NO_SOCKET))
        }
        ErrorKind::NotFound => Some((format!("there is no Unix socket {shown}"), NO_SOCKET)),
        ErrorKind::ConnectionRefused => {
            Some((format!("no server listens on the Unix socket {shown}"), NO_SOCKET))
        }
        ErrorKind::PermissionDenied => {
            Some((format!("you have no access to the Unix socket {shown}"), NOT_PERMITTED))
        }
        _ => None,
    }
}
