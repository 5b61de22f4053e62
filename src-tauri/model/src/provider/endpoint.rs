//! Endpoint URLs: `https`, or loopback.

use url::{Host, Url};

use crate::error::{Error, Result};

/// Parses the URL of an endpoint.
///
/// # Errors
/// It is neither `https` nor `http` on loopback, so that tokens and codes could be sent in the clear.
pub fn endpoint(key: &str, text: &str) -> Result<Url> {
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

/// Whether a URL is on loopback, where unencrypted `http` is safe.
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
    fn endpoints_are_https_or_on_loopback() {
        for good in
            ["https://api.grigora.co/x", "http://127.0.0.1:4780/x", "http://[::1]/x", "http://localhost:1/x"]
        {
            assert!(endpoint("token_url", good).is_ok(), "{good}");
        }
    }

    #[test]
    fn each_invalid_endpoint_has_its_reason() {
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
