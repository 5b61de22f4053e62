//! How a provider is spoken to: its endpoints and conventions, read from a profile's text values.

use url::{Host, Url};

use crate::error::{Error, Result};

/// How the token endpoint wants its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenBody {
    /// `application/x-www-form-urlencoded`, as RFC 6749 has it.
    Form,
    /// A JSON object of the same names.
    Json,
}

/// How the client identifies itself at the token endpoint (RFC 6749 §2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// `client_id` and `client_secret` in the body.
    Body,
    /// HTTP Basic.
    Basic,
}

/// Whether a code challenge (RFC 7636, S256) goes with the authorization request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pkce {
    /// It does.
    Always,
    /// The provider would not understand it.
    Never,
}

/// The API that a connection's content is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Projects and CMS posts, as Grigora's API v1 lists them.
    Grigora,
}

/// A profile's values, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conventions {
    /// Where the person agrees.
    pub authorize_url: Url,
    /// Where codes and refresh tokens become tokens.
    pub token_url: Url,
    /// How the token endpoint wants its parameters.
    pub token_body: TokenBody,
    /// How the client identifies itself.
    pub client_auth: ClientAuth,
    /// Whether PKCE is used.
    pub pkce: Pkce,
    /// Below what address the API is.
    pub api_base: Url,
    /// How access tokens begin; empty where that is not known.
    pub token_prefix: String,
    /// How refresh tokens begin; empty where that is not known.
    pub refresh_token_prefix: String,
    /// What the API offers.
    pub content: Content,
}

impl Conventions {
    /// Reads the values that `value` finds by key. Fails, naming the key, where one is missing or cannot be.
    pub(super) fn read<'v>(value: impl Fn(&str) -> Option<&'v str>) -> Result<Self> {
        let text = |key: &str| {
            value(key).ok_or_else(|| Error::input(key, format!("The profile has no value for “{key}”.")))
        };
        let choice = |key: &str, choices: &[&str]| {
            let found = text(key)?;
            choices.iter().position(|choice| *choice == found).ok_or_else(|| {
                Error::input(key, format!("“{found}” is not a value that “{key}” can have."))
                    .hint(format!("It can be: {}.", choices.join(", ")))
            })
        };
        Ok(Self {
            authorize_url: endpoint("authorize_url", text("authorize_url")?)?,
            token_url: endpoint("token_url", text("token_url")?)?,
            token_body: [TokenBody::Form, TokenBody::Json][choice("token_body", &["form", "json"])?],
            client_auth: [ClientAuth::Body, ClientAuth::Basic][choice("client_auth", &["body", "basic"])?],
            pkce: [Pkce::Always, Pkce::Never][choice("pkce", &["always", "never"])?],
            api_base: endpoint("api_base", text("api_base")?)?,
            token_prefix: value("token_prefix").unwrap_or_default().to_owned(),
            refresh_token_prefix: value("refresh_token_prefix").unwrap_or_default().to_owned(),
            content: [Content::Grigora][choice("content", &["grigora"])?],
        })
    }
}

/// Reads the address of an endpoint, and admits only what tokens and codes may be sent to:
/// https, or plain http on this machine.
fn endpoint(key: &str, text: &str) -> Result<Url> {
    let refuse = |message: &str, hint: &str| Err(Error::input(key, message).hint(hint));
    if text.trim().is_empty() {
        return refuse("The address is empty.", "Enter the whole address, or reset it to the default.");
    }
    if text.contains(char::is_whitespace) {
        return refuse("The address has a space in it.", "Remove the space.");
    }
    let Ok(url) = Url::parse(text) else {
        return refuse("That is not an address.", "Enter the whole address, beginning with https://.");
    };
    if url.scheme() == "http" && !is_loopback(&url) {
        return refuse(
            "The address begins with http://, so that anyone on the way could read your tokens.",
            "Use https://. Plain http is for 127.0.0.1 only.",
        );
    }
    if !matches!(url.scheme(), "https" | "http") {
        return refuse("The address does not begin with https://.", "Enter an https address.");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("The address has a user name or password in it.", "Remove everything before the @.");
    }
    if url.fragment().is_some() {
        return refuse("The address has a # in it.", "Remove the # and what follows it.");
    }
    Ok(url)
}

/// Whether an address is on this machine, so that plain http is safe.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::endpoint;

    #[test]
    fn endpoints_are_https_or_on_this_machine() {
        for good in
            ["https://api.grigora.co/x", "http://127.0.0.1:4780/x", "http://[::1]/x", "http://localhost:1/x"]
        {
            assert!(endpoint("token_url", good).is_ok(), "{good}");
        }
    }

    #[test]
    fn each_address_that_cannot_be_says_why() {
        let bad = [
            "",
            "   ",
            "https://a b.example",
            "api.grigora.co",
            "http://api.grigora.co/x",
            "http://127.0.0.1.evil.example/x",
            "ftp://example.org",
            "javascript:alert(1)",
            "https://user:pass@example.org",
            "https://example.org/#x",
        ];
        let errors = bad.map(|address| {
            let error = endpoint("token_url", address).unwrap_err();
            format!("{address:?}: {} {}", error.message, error.hint.unwrap())
        });
        insta::assert_snapshot!(errors.join("\n"));
    }
}
