//! Redirect URIs (RFC 6749 §3.1.2, RFC 8252 §7): which ones a person may enter, and those that are unique to an app, so
//! that the URI of a callback identifies the authorization server (RFC 9700 §4.4.2.1).

use serde::{Deserialize, Serialize};
use url::Url;

use crate::error::{Error, Result};
use crate::id::AppId;
use crate::provider::{DEEP_LINK, GrantType, ProviderConfig};
use crate::secret::sha256;

/// Characters that are not confused when a URI is copied by hand.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// The length of the last segment of an app's own redirect URI: 50 bits.
const SEGMENT_LENGTH: usize = 10;
/// The hosts that Grapnel can listen on.
const LOOPBACK_HOSTS: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];
/// The path of loopback redirect URIs that all apps shared in earlier versions.
const SHARED_PATH: &str = "/callback";

/// How a callback returns to Grapnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum RedirectMethod {
    /// The system opens Grapnel with the callback URL.
    DeepLink,
    /// The browser sends it to a port of this computer.
    Loopback,
    /// The person pastes it.
    Paste,
}

impl RedirectMethod {
    /// The method of a redirect URI.
    pub fn of(redirect_uri: &str) -> Self {
        if redirect_uri.starts_with(DEEP_LINK) {
            Self::DeepLink
        } else if Loopback::of(redirect_uri).is_some() {
            Self::Loopback
        } else {
            Self::Paste
        }
    }
}

/// Redirect URIs for a new app, one per method that Grapnel listens for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ProposedRedirect {
    /// For callbacks by deep link.
    pub deep_link: String,
    /// For callbacks by loopback; the port is chosen at each sign-in.
    pub loopback: String,
}

impl ProposedRedirect {
    /// New redirect URIs, unique to one app.
    pub fn random() -> Self {
        Self::of(&AppId::random())
    }

    /// The redirect URIs of an app's own. They are always the same for it.
    pub fn of(app: &AppId) -> Self {
        let segment = path_segment(app);
        Self { deep_link: own_deep_link(&segment), loopback: own_loopback(None, &segment) }
    }
}

/// The last segment of an app's own redirect URI, derived from its ID.
pub fn path_segment(id: &AppId) -> String {
    let digest = sha256(id.0.as_bytes());
    digest.iter().take(SEGMENT_LENGTH).map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}

/// The app's own redirect URI in place of one that all apps shared in earlier versions; `None` for any other. The
/// result is always the same for an app.
pub fn replacement_for_shared(id: &AppId, redirect_uri: &str) -> Option<String> {
    if redirect_uri == DEEP_LINK {
        return Some(own_deep_link(&path_segment(id)));
    }
    let loopback =
        Loopback::of(redirect_uri).filter(|it| it.host == "127.0.0.1" && it.path == SHARED_PATH)?;
    Some(own_loopback(loopback.port, &path_segment(id)))
}

/// Checks that the redirect method supports the response mode.
///
/// # Errors
/// The response mode is `form_post` or `form_post.jwt`, and the redirect URI is not on loopback: a form cannot be
/// posted to a deep link or pasted.
pub fn check_response_mode(config: &ProviderConfig, redirect_uri: &str) -> Result<()> {
    let is_unusable = config.grant_type() == GrantType::AuthorizationCode && config.response_mode.is_form();
    if is_unusable && RedirectMethod::of(redirect_uri) != RedirectMethod::Loopback {
        return Err(Error::input(
            "response_mode",
            "A form can be posted to a port of this computer only, and this app’s redirect URI is another.",
        )
        .hint("Leave response_mode empty, or use loopback as the redirect URI."));
    }
    Ok(())
}

fn own_deep_link(segment: &str) -> String {
    format!("{DEEP_LINK}/{segment}")
}

fn own_loopback(port: Option<u16>, segment: &str) -> String {
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("http://127.0.0.1{port}{SHARED_PATH}/{segment}")
}

/// Parses a redirect URI as entered. An empty text, `deep-link`, `loopback` and `loopback:PORT` select the app's own
/// redirect URI, which ends with `segment`. A complete URI is taken unchanged.
///
/// # Errors
/// It is no URI, or one that Grapnel cannot receive callbacks at.
pub fn parse_entered(text: &str, segment: &str) -> Result<String> {
    let text = text.trim();
    match text {
        "" | "deep-link" => return Ok(own_deep_link(segment)),
        "loopback" => return Ok(own_loopback(None, segment)),
        _ => {}
    }
    if let Some(port) = text.strip_prefix("loopback:") {
        let port = port.parse().map_err(|_| no_port())?;
        return usable_port(Some(port)).map(|()| own_loopback(Some(port), segment));
    }
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(url::ParseError::InvalidPort) => return Err(no_port()),
        Err(_) => return Err(refused("That is not a redirect URI.")),
    };
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(refused("A redirect URI has no spaces and no characters beyond ASCII."));
    }
    if url.fragment().is_some() {
        return Err(refused("A redirect URI cannot have a fragment (#)."));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("A redirect URI cannot have a user name or password in it."));
    }
    match (url.scheme(), Loopback::of(text)) {
        ("https", _) => Ok(text.to_owned()),
        ("http", Some(loopback)) => usable_port(loopback.port).map(|()| text.to_owned()),
        ("http", None) if url.query().is_some() => {
            Err(refused("Grapnel cannot listen at a redirect URI with a query (?)."))
        }
        ("http", None) => Err(refused("Grapnel listens at this computer’s own addresses only.")),
        _ if text == DEEP_LINK || text.strip_prefix(DEEP_LINK).is_some_and(is_below) => Ok(text.to_owned()),
        _ => Err(refused("That is not a redirect URI that leads back to Grapnel.")),
    }
}

/// Whether `rest` is one or more path segments of characters that no browser or desktop rewrites.
fn is_below(rest: &str) -> bool {
    let segments = rest.strip_prefix('/').map(|rest| rest.split('/'));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_~".contains(&byte);
    segments.is_some_and(|mut all| all.all(|one| !one.is_empty() && one.bytes().all(is_plain)))
}

fn usable_port(port: Option<u16>) -> Result<()> {
    if port.is_none_or(|port| port >= 1024) { Ok(()) } else { Err(no_port()) }
}

fn no_port() -> Error {
    refused("That is not a port that a program may listen on. It can be 1024 to 65535.")
}

fn refused(message: &str) -> Error {
    Error::input("redirect", message).hint(
        "Enter deep-link, loopback or loopback:PORT for a redirect URI of the app’s own; or a whole one: \
         http://127.0.0.1:PORT/PATH, http://localhost:PORT/PATH, http://[::1]:PORT/PATH,
         or an https address to paste the answer from.",
    )
}

/// A loopback redirect URI (RFC 8252 §7.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loopback<'u> {
    /// `127.0.0.1`, `localhost` or `[::1]`.
    pub host: &'u str,
    /// `None` if a free port is chosen at each sign-in.
    pub port: Option<u16>,
    /// Everything after host and port, as it was entered; may be empty.
    path: &'u str,
}

impl<'u> Loopback<'u> {
    /// The parts of a loopback redirect URI; `None` for any other URI.
    pub fn of(redirect_uri: &'u str) -> Option<Self> {
        let rest = redirect_uri.strip_prefix("http://")?;
        let host = LOOPBACK_HOSTS.into_iter().find(|host| rest.starts_with(host))?;
        let (host, rest) = rest.split_at(host.len());
        let (port, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let port = match port.strip_prefix(':') {
            Some(digits) => Some(digits.parse().ok()?),
            None if port.is_empty() => None,
            None => return None,
        };
        (!path.contains(['?', '#'])).then_some(Self { host, port, path })
    }

    /// The same URI with this port. The rest is unchanged, since providers compare strings.
    pub fn at_port(&self, port: u16) -> String {
        format!("http://{}:{port}{}", self.host, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_uri_is_stored_as_entered() {
        for (text, redirect_method) in [
            ("http://localhost:8400/cb", RedirectMethod::Loopback),
            ("http://localhost/any/path", RedirectMethod::Loopback),
            ("http://localhost:8400", RedirectMethod::Loopback),
            ("http://127.0.0.1:8400/", RedirectMethod::Loopback),
            ("http://127.0.0.1/callback", RedirectMethod::Loopback),
            ("http://[::1]:8400/callback", RedirectMethod::Loopback),
            ("http://[::1]/", RedirectMethod::Loopback),
            (DEEP_LINK, RedirectMethod::DeepLink),
            ("dev.grapnel.desktop:/oauth/callback/k3mzq7wd", RedirectMethod::DeepLink),
            ("https://app.example/cb?tenant=7", RedirectMethod::Paste),
        ] {
            assert_eq!(parse_entered(&format!(" {text} "), "word").unwrap(), text);
            assert_eq!(RedirectMethod::of(text), redirect_method, "{text}");
        }
    }

    #[test]
    fn an_unusable_redirect_uri_is_refused_on_entry() {
        for text in [
            "loopback:80",
            "loopback:0",
            "loopback:99999",
            "loopback:",
            "http://127.0.0.1:80/cb",
            "http://localhost:x/cb",
            "http://localhost.evil.example/cb",
            "http://127.0.0.1.evil.example:8400/cb",
            "http://127.0.0.1:8400@evil.example/cb",
            "http://user@127.0.0.1:8400/cb",
            "http://127.0.0.1:8400/cb?x=1",
            "http://app.example/cb",
            "https://app.example/#x",
            "https://app.example/a b",
            "dev.grapnel.desktop:/oauth/callbackx",
            "dev.grapnel.desktop:/oauth/callback/",
            "dev.grapnel.desktop:/oauth/callback/../x",
            "dev.grapnel.desktop:/oauth/callback/x?y",
            "dev.grapnel.desktop:/probe?1",
            "file:///tmp/x",
            "pigeon",
        ] {
            assert_eq!(parse_entered(text, "word").unwrap_err().field.as_deref(), Some("redirect"), "{text}");
        }
    }

    #[test]
    fn an_apps_own_redirect_uri_is_short_plain_and_always_the_same() {
        let (one, other) = (AppId::random(), AppId::random());
        assert_eq!(path_segment(&one), path_segment(&one));
        assert_ne!(path_segment(&one), path_segment(&other));
        assert!(
            path_segment(&one).len() == SEGMENT_LENGTH
                && path_segment(&one).bytes().all(|byte| ALPHABET.contains(&byte))
        );
        for text in ["", "deep-link", "loopback", "loopback:8400"] {
            let own = parse_entered(text, &path_segment(&one)).unwrap();
            assert!(own.ends_with(&format!("/callback/{}", path_segment(&one))), "{own}");
            assert_eq!(replacement_for_shared(&one, &own), None);
        }
        let offered = ProposedRedirect::of(&one);
        assert_eq!(offered.loopback, parse_entered("loopback", &path_segment(&one)).unwrap());
        assert_eq!(offered.deep_link, parse_entered("deep-link", &path_segment(&one)).unwrap());
        for (shared, own) in [
            (DEEP_LINK, parse_entered("", &path_segment(&one)).unwrap()),
            ("http://127.0.0.1/callback", parse_entered("loopback", &path_segment(&one)).unwrap()),
            ("http://127.0.0.1:8400/callback", parse_entered("loopback:8400", &path_segment(&one)).unwrap()),
        ] {
            assert_eq!(replacement_for_shared(&one, shared), Some(own));
        }
        assert_eq!(replacement_for_shared(&one, "http://localhost:8400/callback"), None);
    }

    #[test]
    fn setting_a_port_changes_nothing_else() {
        for (text, used) in [
            ("http://localhost", "http://localhost:4711"),
            ("http://127.0.0.1/a/../b", "http://127.0.0.1:4711/a/../b"),
            ("http://[::1]/", "http://[::1]:4711/"),
        ] {
            assert_eq!(Loopback::of(text).unwrap().at_port(4711), used);
        }
    }
}
