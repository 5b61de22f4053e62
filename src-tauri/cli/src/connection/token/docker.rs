//! The protocol of Docker's credential helpers: the documentation of `docker-credential-helpers`.

use grapnel_core::api_request::ApiClient;
use grapnel_model::connection::Summary;
use grapnel_model::error::{Error, Result};
use grapnel_model::provider::is_loopback;
use grapnel_model::secret::ExposeSecret;
use serde_json::json;
use url::Url;

use super::git::USERNAME;
use super::request::{Token, fetch, warn_if_short};
use crate::exit::Exit;
use crate::lookup::to_reconnect;
use crate::print;
use crate::session::Session;

/// The message on standard output by which Docker recognizes that a helper has no credentials for a server.
const NOT_FOUND: &str = "credentials not found in native keychain";

/// Handles a call by Docker.
pub(super) async fn help(
    session: &mut Session<'_>,
    asked: &Token,
    connection: &Summary,
    operation: &str,
) -> Result<Exit> {
    let api = session.grapnel.api(&connection.id, asked.allowed.clone());
    match operation {
        "list" => {
            let origins = api.origins()?.into_iter().map(|origin| (origin, USERNAME.into()));
            let list: serde_json::Map<_, _> = origins.collect();
            session.output.show_line(&print::json(&list)?)?;
            return Ok(Exit::Done);
        }
        // There is nothing to store or erase: the credential is the connection.
        "store" | "erase" => return Ok(Exit::Done),
        "get" => {}
        _ => {
            return Err(Error::input(
                "operation",
                format!("“{operation}” is not a command of a Docker helper."),
            )
            .hint("The commands are get, list, store and erase."));
        }
    }
    let server = session.input.all()?.trim().to_owned();
    if !accepts(&api, &server).map_err(to_reconnect(&connection.name))? {
        session.output.show_line(NOT_FOUND)?;
        return Ok(Exit::Failed);
    }
    let token = fetch(session, asked, connection).await?;
    let secret = token.value.expose_secret();
    let credential = json!({ "ServerURL": server, "Username": USERNAME, "Secret": secret });
    session.output.show_line(&print::json(&credential)?)?;
    warn_if_short(session.output, &token, asked.min_valid);
    Ok(Exit::Done)
}

/// Whether a server, which Docker names with or without a scheme, may get the token. Docker uses plain HTTP on this
/// computer only.
fn accepts(api: &ApiClient, server: &str) -> Result<bool> {
    for url in urls(server) {
        if api.accepts(&url)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn urls(server: &str) -> Vec<Url> {
    if server.contains("://") {
        return Url::parse(server).into_iter().collect();
    }
    let https = Url::parse(&format!("https://{server}")).into_iter();
    https
        .flat_map(|url| {
            let http = is_loopback(&url).then(|| Url::parse(&format!("http://{server}")).ok()).flatten();
            std::iter::once(url).chain(http)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_without_a_scheme_is_https_unless_it_is_here() {
        let urls = |server| urls(server).into_iter().map(String::from).collect::<Vec<_>>();
        assert_eq!(urls("registry.example"), ["https://registry.example/"]);
        assert_eq!(urls("127.0.0.1:5000"), ["https://127.0.0.1:5000/", "http://127.0.0.1:5000/"]);
        assert_eq!(urls("https://index.docker.io/v1/"), ["https://index.docker.io/v1/"]);
        assert_eq!(urls(""), Vec::<String>::new());
    }
}
