//! `grapnel proxy`: a local reverse proxy that attaches a connection's access token.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use grapnel_core::api_proxy::{Listen, ProxyOptions, SECRET_HEADER, SecretLocation, WebOrigin};
use grapnel_core::api_request::AllowedHost;
use grapnel_model::error::Result;
use jiff::Timestamp;
use serde::Serialize;

use crate::api::scope_hint;
use crate::lookup;
use crate::print::CommandResult;
use crate::session::Session;
use crate::stop_signal::stop_signal;

#[derive(Debug, Args)]
pub(crate) struct Proxy {
    /// The connection's name
    connection: String,
    /// Listen on a loopback address; port 0 for any free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Listen on a Unix socket instead, which only your account can use
    #[arg(long, value_name = "PATH", conflicts_with = "listen")]
    socket: Option<PathBuf>,
    /// Where clients have to send the proxy's secret
    #[arg(long, value_name = "WHERE", default_value = "path")]
    secret: Secret,
    /// Let web pages of this origin use the proxy, such as `http://localhost:3000`
    #[arg(long = "origin", value_name = "ORIGIN")]
    origins: Vec<WebOrigin>,
    /// Allow the access token at another host than those of the app's API: its URLs follow the proxy's own
    #[arg(long = "allow", value_name = "HOST[:PORT]")]
    allowed: Vec<AllowedHost>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Secret {
    /// In the path of the URL
    Path,
    /// In the header Grapnel-Proxy-Secret
    Header,
    /// Nowhere: every program of your account can use the proxy
    None,
}

impl From<Secret> for SecretLocation {
    fn from(secret: Secret) -> Self {
        match secret {
            Secret::Path => Self::Path,
            Secret::Header => Self::Header,
            Secret::None => Self::None,
        }
    }
}

pub(crate) async fn run(session: &mut Session<'_>, asked: Proxy) -> Result<()> {
    let connection = lookup::connection(&session.grapnel, &asked.connection)?;
    let listen = asked.socket.clone().map_or(Listen::Tcp(asked.listen), Listen::Unix);
    let options = ProxyOptions { listen, secret: asked.secret.into(), origins: asked.origins };
    let stopped = stop_signal()?;
    let proxy = session.grapnel.api_proxy(&connection.id, asked.allowed, options).await?;
    session.output.show_at_once(&Started {
        url: proxy.base_url(),
        socket: asked.socket,
        secret_header: proxy
            .secret_header()
            .map(|value| SecretHeader { name: SECRET_HEADER.as_str().to_owned(), value: value.to_owned() }),
    })?;
    session.output.messages.note(&format!("Serving the API of “{}”. Press Ctrl-C to stop.", connection.name));
    let messages = session.output.messages.clone();
    tokio::select! {
        () = proxy.serve(|scopes| messages.note(&scope_hint(scopes, &connection.name))) => {}
        () = stopped => {}
    }
    Ok(())
}

/// Printed because clients need it; the secret is valid for this proxy only, until it exits.
#[derive(Serialize)]
struct Started {
    /// The URL that replaces the API base.
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    socket: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_header: Option<SecretHeader>,
}

#[derive(Serialize)]
struct SecretHeader {
    name: String,
    value: String,
}

impl CommandResult for Started {
    fn text(&self, _: Timestamp) -> String {
        let header = self.secret_header.as_ref();
        let lines = [
            Some(self.url.clone()),
            self.socket.as_ref().map(|path| format!("Socket: {}", path.display())),
            header.map(|SecretHeader { name, value }| format!("Header: {name}: {value}")),
        ];
        lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
    }
}
