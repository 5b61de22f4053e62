//! Why nothing answers where the database URL leads. No cause names a host, a role or a database, because people
//! publish error messages. The path of a Unix socket is named: it is of this computer, and a wrong directory is the
//! usual cause.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::net::IpAddr;

use grapnel_model::text::clean_line;
use tokio::net::lookup_host;

use super::failure::explain;
use super::url::DatabaseUrl;
use crate::error::{Result, TeamError};

const NO_SOCKET: &str = "Start the server. If it runs, its socket is elsewhere: correct the directory (host=) or the \
    port in the database URL. SHOW unix_socket_directories in psql tells it. For a team that you are in: grapnel team \
    url";
const NOT_PERMITTED: &str = "Ask the server’s administrator for access to the directory of its Unix socket, or \
    connect by TCP: postgres://USER:PASSWORD@localhost/DATABASE";
const NO_LISTENER: &str = "Start the server. If it runs, it listens on another address or port: correct the database \
    URL, or ask the server’s administrator for listen_addresses and the firewall. For a team that you are in: grapnel \
    team url";
const NO_NAME: &str =
    "Check the network, and the host in the database URL. For a team that you are in: grapnel team url";

/// The addresses of the URL's host; none for a Unix socket. The driver would resolve it as well, but its error tells a
/// failed look-up from a failed connection only by the words of the platform.
pub(super) async fn resolve(url: &DatabaseUrl) -> Result<Vec<IpAddr>> {
    if url.socket().is_some() || !url.addresses().is_empty() {
        return Ok(url.addresses().to_vec());
    }
    let found = lookup_host((url.host(), url.port())).await;
    let addresses: Vec<_> = found.into_iter().flatten().map(|address| address.ip()).collect();
    if addresses.is_empty() {
        let cause = "the name of its host cannot be resolved".to_owned();
        return Err(TeamError::Unreachable { cause, hint: Some(NO_NAME) });
    }
    Ok(addresses)
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_without_an_address_is_told_on_every_platform() {
        // A label of 64 characters is too long for any resolver.
        let url = DatabaseUrl::parse(&format!("postgres://u@{}.invalid/d", "a".repeat(64)).into()).unwrap();
        let error = resolve(&url).await.unwrap_err();
        assert!(error.to_string().contains("the name of its host cannot be resolved"), "{error}");
        for (text, address) in [("127.0.0.1", "127.0.0.1"), ("[::1]", "::1"), ("localhost", "127.0.0.1")] {
            let url = DatabaseUrl::parse(&format!("postgres://u@{text}/d").into()).unwrap();
            assert_eq!(resolve(&url).await.unwrap()[0], address.parse::<IpAddr>().unwrap(), "{text}");
        }
    }
}
