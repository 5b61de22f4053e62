//! The allowed targets of a request with an access token: paths below the API base, URLs of the app's API hosts, and
//! hosts that the person allowed.

use std::str::FromStr;

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::provider::{ProviderConfig, endpoint, is_loopback};
use url::{Origin, Url};

/// A host that the person allowed to receive a connection's access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost(Origin);

impl AllowedHost {
    /// Its origin, such as `https://api.example`.
    pub(super) fn origin(&self) -> String {
        self.0.ascii_serialization()
    }
}

impl FromStr for AllowedHost {
    type Err = String;

    /// Parses `HOST[:PORT]`, reached by https unless it is loopback; or an origin such as `https://api.example`.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let address = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let mut url = endpoint("allow", &address).map_err(|error| error.message)?;
        if !text.contains("://") && is_loopback(&url) {
            url = Url::parse(&format!("http://{text}")).map_err(|error| error.to_string())?;
        }
        if url.path() != "/" || url.query().is_some() || !url.username().is_empty() {
            return Err("write a host, such as api.example or api.example:8443".into());
        }
        Ok(Self(url.origin()))
    }
}

/// The URL of `target`: a URL of http or https, or a path below the API base.
pub(super) fn resolve(
    target: &str,
    config: &ProviderConfig,
    provider: &str,
    allowed: &[AllowedHost],
) -> Result<Url> {
    let lower = target.get(..8).unwrap_or(target).to_ascii_lowercase();
    let address = if lower.starts_with("https://") || lower.starts_with("http://") {
        target.to_owned()
    } else {
        let base = config.api_base.as_ref().ok_or_else(|| no_api_base(provider))?;
        let (base, path) = (base.as_str().trim_end_matches('/'), target.trim_start_matches('/'));
        if path.is_empty() { base.to_owned() } else { format!("{base}/{path}") }
    };
    let mut url = Url::parse(&address)
        .map_err(|error| Error::input("url", format!("“{target}” is not a URL: {error}.")))?;
    url.set_fragment(None);
    check(&url, config, allowed)?;
    Ok(url)
}

/// Checks that a URL may get the access token.
pub(super) fn check(url: &Url, config: &ProviderConfig, allowed: &[AllowedHost]) -> Result<()> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::input("url", "The URL contains a user name or a password.")
            .means("Nothing was sent.")
            .hint("Remove it: the connection’s access token is sent instead."));
    }
    if url.scheme() != "https" && !is_loopback(url) {
        return Err(Error::input(
            "url",
            "The URL is not https, and the access token would be sent in the clear.",
        )
        .means("Nothing was sent.")
        .hint("Use https."));
    }
    let origin = url.origin();
    if config.accepts_token_at(url) || allowed.iter().any(|host| host.0 == origin) {
        return Ok(());
    }
    let host = origin.ascii_serialization();
    Err(Error::input(
        "url",
        format!("{host} is not a host of the app’s API, and must not get its access token."),
    )
    .means("Nothing was sent.")
    .hint(format!(
        "If you trust that host with the token, allow it in a terminal: --allow {host}, with grapnel api, proxy or \
         token."
    )))
}

fn no_api_base(provider: &str) -> Error {
    Error::new(Code::NotFound, format!("Grapnel does not know the API base of {provider}."))
        .means("Nothing was sent.")
        .hint("Write the whole URL, or set the app’s API base: grapnel app set APP --set api_base=https://…")
}

#[cfg(test)]
mod tests {
    use super::*;
    use grapnel_model::provider::{Overrides, Profile};

    fn config(own: &[(&str, &str)]) -> ProviderConfig {
        let own: Overrides =
            own.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Profile::find("grigora").unwrap().config(&own).unwrap()
    }

    fn resolved(target: &str, allowed: &[&str]) -> String {
        let allowed: Vec<AllowedHost> = allowed.iter().map(|host| host.parse().unwrap()).collect();
        match resolve(target, &config(&[("userinfo_url", "https://id.grigora.co/me")]), "Grigora", &allowed) {
            Ok(url) => url.to_string(),
            Err(error) => error.message,
        }
    }

    #[test]
    fn a_path_is_below_the_api_base() {
        let base = "https://api.grigora.co/general/api/v1";
        for (target, url) in [
            ("project/list", "/project/list"),
            ("/project/list?a=b#c", "/project/list?a=b"),
            ("items:batch", "/items:batch"),
            ("//evil.example/x", "/evil.example/x"),
            ("\\\\evil.example/x", "///evil.example/x"),
            ("@evil.example", "/@evil.example"),
            ("", ""),
        ] {
            assert_eq!(resolved(target, &[]), format!("{base}{url}"), "{target}");
        }
        assert_eq!(resolved("../../x", &[]), "https://api.grigora.co/general/x");
    }

    #[test]
    fn a_url_of_another_host_gets_no_token_unless_it_is_allowed() {
        for own in ["https://api.grigora.co/other?x=1", "HTTPS://API.grigora.co/", "https://id.grigora.co/me"]
        {
            assert_eq!(resolved(own, &[]), Url::parse(own).unwrap().to_string());
        }
        let mut refused = Vec::new();
        for other in [
            "https://evil.example/x",
            "https://api.grigora.co.evil.example/",
            "https://api.grigora.co:8443/",
            "http://api.grigora.co/",
            "https://api.grigora.co@evil.example/",
            "https://user:pw@api.grigora.co/",
            "http://127.0.0.1:80/",
            "https://",
        ] {
            let said = resolved(other, &["allowed.example"]);
            assert!(Url::parse(&said).is_err(), "{other}");
            refused.push(format!("{other}: {said}"));
        }
        insta::assert_snapshot!(refused.join("\n"));
        assert_eq!(resolved("https://allowed.example/x", &["allowed.example"]), "https://allowed.example/x");
        assert_eq!(resolved("http://127.0.0.1:80/", &["127.0.0.1:80"]), "http://127.0.0.1/");
    }

    #[test]
    fn an_allowed_host_is_a_host_alone() {
        let origin = |text: &str| text.parse::<AllowedHost>().map(|host| host.0.ascii_serialization());
        assert_eq!(origin("api.example:8443").unwrap(), "https://api.example:8443");
        assert_eq!(origin("https://api.example").unwrap(), "https://api.example");
        assert_eq!(origin("localhost:3000").unwrap(), "http://localhost:3000");
        for wrong in ["", "http://api.example", "api.example/x", "user@api.example", "a b", "https://x?y"] {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
    }
}
