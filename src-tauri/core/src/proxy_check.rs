//! Whether the proxy of the settings accepts connections.

use std::time::Duration;

use grapnel_model::error::io_error_text;
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

/// A proxy that works accepts a connection within this time.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The port of a SOCKS proxy whose URL has none.
const SOCKS_PORT: u16 = 1080;

/// Why the proxy does not accept a connection, for use within a sentence; `None` if it does. Nothing is sent.
pub(crate) async fn failure(proxy: &Url) -> Option<String> {
    let host = proxy.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = proxy.port_or_known_default().unwrap_or(SOCKS_PORT);
    match timeout(CONNECT_TIMEOUT, TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(io_error_text(&error)),
        Err(_) => Some(format!("no answer within {} seconds", CONNECT_TIMEOUT.as_secs())),
    }
}
