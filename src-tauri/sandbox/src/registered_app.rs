//! A client registered at a provider, and the comparison of its redirect URIs.

use subtle::ConstantTimeEq;

use crate::random::digest;

/// A client as the provider knows it.
#[derive(Clone, Debug)]
pub struct RegisteredApp {
    /// The provider's own number for it.
    pub id: String,
    /// Its client id.
    pub client_id: String,
    /// Its client secret.
    pub client_secret: String,
    /// The name on the consent page.
    pub name: String,
    /// The sentence below the name.
    pub description: String,
    /// Its home page.
    pub homepage: String,
    /// The registered redirect URIs.
    pub redirect_uris: Vec<String>,
    /// The scopes ticked in the app's settings: there is no scope parameter.
    pub scopes: Vec<String>,
}

impl RegisteredApp {
    pub(crate) fn has_secret(&self, secret: &str) -> bool {
        digest(secret).ct_eq(&digest(&self.client_secret)).into()
    }

    /// Assumed: URIs are compared as strings, except that the port of a registered loopback URI is ignored
    /// (RFC 8252 §7.3), because a desktop program cannot know its port in advance.
    ///
    /// The sandbox has no registration form, and Grapnel gives each app its own redirect URI. So a URI one path segment
    /// below a registered one is accepted too.
    pub(crate) fn redirects_to(&self, uri: &str) -> bool {
        let is_registered = |uri: &str| {
            self.redirect_uris.iter().any(|registered| registered == uri || same_loopback(registered, uri))
        };
        is_registered(uri) || without_own_segment(uri).is_some_and(is_registered)
    }
}

fn without_own_segment(uri: &str) -> Option<&str> {
    let (registered, own) = uri.rsplit_once('/')?;
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (own.len() >= 8 && own.bytes().all(is_plain)).then_some(registered)
}

fn same_loopback(registered: &str, uri: &str) -> bool {
    match (loopback(registered), loopback(uri)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

/// The host and the part after the port of `http://127.0.0.1:PORT/…`; `None` for any other URI.
fn loopback(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let host = ["127.0.0.1", "[::1]"].into_iter().find(|host| rest.starts_with(host))?;
    let rest = &rest[host.len()..];
    let (port, path) = rest.split_at(rest.find('/')?);
    let is_port =
        |text: &str| text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|p| p > 0);
    (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then_some((host, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_segment_below_a_registered_uri_counts_as_registered() {
        let own = "dev.grapnel.desktop:/oauth/callback/k3mzq7wdab";
        assert_eq!(without_own_segment(own), Some("dev.grapnel.desktop:/oauth/callback"));
        for uri in
            ["a:/callback/", "a:/callback/short", "a:/callback/k3mzq7wd?x=1", "a:/callback/K3MZQ7WD", "a"]
        {
            assert_eq!(without_own_segment(uri), None, "{uri}");
        }
    }

    #[test]
    fn only_the_port_of_a_loopback_redirect_may_differ() {
        let registered = "http://127.0.0.1/callback";
        for uri in
            ["http://127.0.0.1/callback", "http://127.0.0.1:1/callback", "http://127.0.0.1:65535/callback"]
        {
            assert!(same_loopback(registered, uri), "{uri}");
        }
        for uri in [
            "http://127.0.0.1:0/callback",
            "http://127.0.0.1:65536/callback",
            "http://127.0.0.1:+80/callback",
            "http://127.0.0.1:80/callback/",
            "http://127.0.0.1:80/callback?x=1",
            "http://127.0.0.1:80@evil.example/callback",
            "http://127.0.0.1.evil.example/callback",
            "http://localhost:80/callback",
            "http://[::1]:80/callback",
            "https://127.0.0.1:80/callback",
        ] {
            assert!(!same_loopback(registered, uri), "{uri}");
        }
    }
}
