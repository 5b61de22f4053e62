//! The protocol of git's credential helpers: `gitcredentials(7)`, `git-credential(1)`.

use grapnel_model::access_token::AccessToken;
use grapnel_model::connection::Summary;
use grapnel_model::error::Result;
use grapnel_model::secret::SecretString;
use url::Url;

use super::request::{Token, fetch, warn_if_short};
use super::text;
use crate::exit::Exit;
use crate::lookup::to_reconnect;
use crate::session::Session;
use crate::vault;

/// The user name with the token if git requests none; servers such as GitLab expect it.
pub(super) const USERNAME: &str = "oauth2";

/// Handles a call by git. For a host that must not get the token, nothing is printed, and git calls its next helper.
pub(super) async fn help(
    session: &mut Session<'_>,
    asked: &Token,
    connection: &Summary,
    operation: &str,
) -> Result<Exit> {
    if !matches!(operation, "get" | "erase") {
        // There is nothing to store, and operations of later versions must be ignored.
        return Ok(Exit::Done);
    }
    let request = Request::parse(&session.input.all()?);
    let api = session.grapnel.api(&connection.id, asked.allowed.clone());
    match request.url() {
        Some(url) if api.accepts(&url).map_err(to_reconnect(&connection.name))? => {}
        _ => return Ok(Exit::Done),
    }
    if operation == "erase" {
        if let Some(rejected) = &request.rejected {
            vault::unlock_in_command(session).await?;
            let refreshed = session.grapnel.token_rejected(&connection.id, rejected).await;
            refreshed.map_err(to_reconnect(&connection.name))?;
        }
        return Ok(Exit::Done);
    }
    let token = fetch(session, asked, connection).await?;
    session.output.show_line(&request.response(&token)?)?;
    warn_if_short(session.output, &token, asked.min_valid);
    Ok(Exit::Done)
}

/// The credential request of git.
#[derive(Default)]
struct Request {
    protocol: String,
    host: String,
    username: Option<String>,
    /// The password or credential that a server has rejected.
    rejected: Option<SecretString>,
    /// Whether git supports schemes other than Basic.
    knows_schemes: bool,
    /// The challenges of the server, in lower case.
    challenges: Vec<String>,
}

impl Request {
    fn parse(input: &str) -> Self {
        let mut request = Self::default();
        for (key, value) in input.lines().map_while(|line| line.split_once('=')) {
            match key {
                "protocol" => value.clone_into(&mut request.protocol),
                "host" => value.clone_into(&mut request.host),
                "username" if !value.is_empty() => request.username = Some(value.to_owned()),
                "password" | "credential" => request.rejected = Some(value.into()),
                "capability[]" if value == "authtype" => request.knows_schemes = true,
                "wwwauth[]" => request.challenges.push(value.to_ascii_lowercase()),
                _ => {}
            }
        }
        request
    }

    /// The origin that the credential is for. `None` if it is not HTTP, or if its host is ambiguous.
    fn url(&self) -> Option<Url> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
        let is_http = matches!(self.protocol.as_str(), "https" | "http");
        (is_http && !self.host.is_empty() && self.host.chars().all(is_plain))
            .then(|| Url::parse(&format!("{}://{}/", self.protocol, self.host)).ok())
            .flatten()
    }

    /// The token as a credential: with the scheme Bearer if git supports it and the server's challenges allow it,
    /// otherwise as the password of Basic.
    fn response(&self, token: &AccessToken) -> Result<String> {
        let value = text::one_line(token)?;
        let offers_bearer = self.challenges.iter().any(|challenge| challenge.starts_with("bearer"));
        let mut lines = if self.knows_schemes && (self.challenges.is_empty() || offers_bearer) {
            format!("capability[]=authtype\nauthtype=Bearer\ncredential={value}\nephemeral=1\n")
        } else {
            let username = self.username.as_deref().unwrap_or(USERNAME);
            format!("username={username}\npassword={value}\n")
        };
        let expiry = token.expires_at.map(|end| format!("password_expiry_utc={}\n", end.as_second()));
        lines.extend(expiry);
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use grapnel_model::access_token::AccessTokenType;

    fn response(input: &str) -> String {
        let expires_at = Some("2026-03-02T13:00:00.5Z".parse().unwrap());
        Request::parse(input)
            .response(&AccessToken { value: "x".into(), token_type: AccessTokenType::Bearer, expires_at })
            .unwrap()
    }

    #[test]
    fn the_scheme_is_one_that_git_and_the_server_support() {
        let basic = "username=oauth2\npassword=x\npassword_expiry_utc=1772456400\n";
        let bearer = "capability[]=authtype\nauthtype=Bearer\ncredential=x\nephemeral=1\n\
                      password_expiry_utc=1772456400\n";
        assert_eq!(response("protocol=https\n"), basic);
        assert_eq!(response("username=ada\n"), basic.replace("oauth2", "ada"));
        assert_eq!(response("capability[]=authtype\ncapability[]=state\n"), bearer);
        assert_eq!(response("capability[]=authtype\nwwwauth[]=Bearer realm=x\n"), bearer);
        assert_eq!(response("capability[]=authtype\nwwwauth[]=Basic realm=x\n"), basic);
        assert_eq!(response("wwwauth[]=Bearer\n"), basic);
    }

    #[test]
    fn an_ambiguous_host_is_refused() {
        let url = |protocol: &str, host: &str| {
            Request::parse(&format!("protocol={protocol}\nhost={host}\n")).url().map(String::from)
        };
        assert_eq!(url("https", "api.example:8443").as_deref(), Some("https://api.example:8443/"));
        assert_eq!(url("http", "[::1]:80").as_deref(), Some("http://[::1]/"));
        for host in
            ["", "evil.example/@api.example", "api.example/x", "u@api.example", "api.example?x", "a\\b"]
        {
            assert_eq!(url("https", host), None, "{host}");
        }
        for protocol in ["ssh", "file", "HTTPS", ""] {
            assert_eq!(url(protocol, "api.example"), None, "{protocol}");
        }
    }

    #[test]
    fn a_blank_line_ends_gits_request() {
        let request = Request::parse("protocol=https\nhost=a.example\n\nhost=b.example\n");
        assert_eq!(request.host, "a.example");
    }
}
