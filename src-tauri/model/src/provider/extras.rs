//! Extra parameters and headers: `authorize.NAME`, `token.NAME`, `refresh.NAME` and `token.header.NAME`.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue};

use crate::error::{Error, Result};
use crate::secret::{ExposeSecret, SecretString};
use crate::text::{is_control, is_hidden};

/// Secret settings by key, stored in the vault.
pub type Secrets = BTreeMap<String, SecretString>;

/// The request that an extra parameter or header is sent with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// The authorization request.
    Authorize,
    /// The code exchange.
    Token,
    /// The refresh.
    Refresh,
    /// Every request to the token endpoint, as a header.
    Header,
}

/// A longer prefix comes before its own beginning.
const FAMILIES: &[(&str, Family)] = &[
    ("token.header.", Family::Header),
    ("authorize.", Family::Authorize),
    ("token.", Family::Token),
    ("refresh.", Family::Refresh),
];

/// The parameters that Grapnel sets itself in an authorization request.
const OF_AUTHORIZATION: &[&str] = &[
    "response_type",
    "response_mode",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "request",
    "request_uri",
];
/// The parameters that Grapnel sets itself in a token request.
const OF_TOKEN_REQUESTS: &[&str] = &[
    "grant_type",
    "code",
    "refresh_token",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "code_verifier",
    "redirect_uri",
    "username",
    "password",
    "device_code",
    "subject_token",
    "assertion",
];
/// Headers that carry credentials or are set by the HTTP client.
const HEADERS: &[&str] = &[
    "authorization",
    "connection",
    "cookie",
    "dpop",
    "expect",
    "host",
    "keep-alive",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The key of the app's private key among its secret settings: a PKCS#8 or PKCS#1 document in PEM.
pub const CLIENT_KEY: &str = "client_key";
/// The settings by which a client may come to need a private key or a certificate, which is made then, or by which a
/// stored one may not fit any more.
pub const CLIENT_KEY_SETTINGS: &[&str] = &[
    "client_auth",
    "client_key_alg",
    "revocation_auth",
    "introspection_auth",
    "jar",
    "grant_type",
    "certificate_bound",
];

/// The key of the app's TLS certificate among its secret settings: its private key and its certificates in PEM.
pub const CLIENT_CERTIFICATE: &str = "client_certificate";

/// Parts of names that indicate a secret.
const SECRET_NAMES: &[&str] = &["secret", "token", "passw", "assertion", "credential", "key", "jwt"];

/// The family of a key, and the name of the parameter or header.
pub(super) fn family(key: &str) -> Option<(Family, &str)> {
    let found = FAMILIES.iter().find_map(|(start, family)| Some((*family, key.strip_prefix(start)?)));
    found.filter(|(_, name)| !name.is_empty())
}

/// Whether a value is stored in the vault only: the app's private keys, everything extra that is sent to the token
/// endpoint, and parameters of the authorization request with a name that indicates a secret.
pub fn is_secret(key: &str) -> bool {
    match family(key) {
        Some((Family::Authorize, name)) => {
            let name = name.to_ascii_lowercase();
            SECRET_NAMES.iter().any(|one| name.contains(one))
        }
        Some(_) => true,
        None => key == CLIENT_KEY || key == CLIENT_CERTIFICATE,
    }
}

/// Whether Grapnel sets this parameter or header itself, so that an app cannot.
pub fn is_reserved(key: &str) -> bool {
    let Some((family, name)) = family(key) else { return false };
    let name = name.to_ascii_lowercase();
    match family {
        Family::Authorize => OF_AUTHORIZATION.contains(&name.as_str()),
        Family::Token | Family::Refresh => OF_TOKEN_REQUESTS.contains(&name.as_str()),
        Family::Header => {
            HEADERS.contains(&name.as_str()) || name.starts_with("content-") || name.starts_with("proxy-")
        }
    }
}

/// Refuses an extra value that Grapnel sets itself, or that cannot be sent.
pub fn check(key: &str, value: &str) -> Result<()> {
    let Some((family, name)) = family(key) else { return Ok(()) };
    if is_reserved(key) {
        let refused =
            Error::input(key, format!("Grapnel sets “{name}” itself, and “{key}” cannot replace it."));
        return Err(match key.to_ascii_lowercase().as_str() {
            "authorize.scope" => refused.hint("Enter the scopes as scopes."),
            "authorize.response_mode" => {
                refused.hint("Set response_mode to form_post or jwt, or leave it out.")
            }
            "refresh.redirect_uri" => {
                refused.hint("Set refresh_redirect_uri=true to send it with each refresh.")
            }
            "authorize.redirect_uri" | "token.redirect_uri" => refused.hint("Change the app’s redirect URI."),
            _ => refused.hint("Leave it out."),
        });
    }
    if name.chars().any(|c| is_control(c) || is_hidden(c)) {
        return Err(Error::input(key, "The name of a parameter has characters that cannot be shown.")
            .hint("Enter it by hand, without invisible characters."));
    }
    if family != Family::Header {
        return Ok(());
    }
    if name.parse::<HeaderName>().is_err() {
        return Err(Error::input(key, format!("“{name}” is not the name of a header."))
            .hint("Use a name such as X-Client-ID."));
    }
    if HeaderValue::from_str(value).is_err() {
        return Err(Error::input(key, "The value has characters that no header can carry.")
            .hint("Use printable ASCII."));
    }
    Ok(())
}

/// Replaces the parameters that have the same name as an extra one, so that each is sent once. An empty value removes
/// the parameter.
pub fn replace(pairs: &mut Vec<(String, String)>, extra: &ExtraParameters) {
    pairs.retain(|(name, _)| extra.iter().all(|(other, _)| other != name));
    let filled = extra.iter().map(|(name, value)| (name.clone(), value.expose_secret().to_owned()));
    pairs.extend(filled.filter(|(_, value)| !value.is_empty()));
}

/// Names and values of extra parameters or headers.
pub type ExtraParameters = Vec<(String, SecretString)>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_parameters_are_refused_in_any_case_by_their_key() {
        for (start, names) in [
            ("authorize.", OF_AUTHORIZATION),
            ("token.", OF_TOKEN_REQUESTS),
            ("refresh.", OF_TOKEN_REQUESTS),
            ("token.header.", HEADERS),
            ("token.header.", &["content-type", "content-length", "proxy-authorization"]),
        ] {
            for name in names {
                for name in [(*name).to_owned(), name.to_ascii_uppercase()] {
                    let key = format!("{start}{name}");
                    let error = check(&key, "x").unwrap_err();
                    assert_eq!(error.field.as_deref(), Some(key.as_str()));
                    assert!(error.message.contains(&key) && error.hint.is_some(), "{error:?}");
                }
            }
        }
    }

    #[test]
    fn parameters_outside_the_protocol_are_sent() {
        for key in [
            "authorize.prompt",
            "authorize.audience",
            "token.scope",
            "refresh.scope",
            "token.audience",
            "token.header.X-Client-ID",
        ] {
            check(key, "x").unwrap();
        }
        for (key, value) in [
            ("token.header.a b", "x"),
            ("token.header.X-A", "a\nb"),
            ("authorize.prom\u{202e}pt", "x"),
            ("token.a\u{1b}[2J", "x"),
        ] {
            assert_eq!(check(key, value).unwrap_err().field.as_deref(), Some(key));
        }
    }

    #[test]
    fn secrets_are_recognized_by_request_or_name() {
        for key in [
            "token.audience",
            "refresh.x",
            "token.header.X-Client-ID",
            "authorize.API_KEY",
            "authorize.id_token_hint",
        ] {
            assert!(is_secret(key), "{key}");
        }
        for key in [
            "authorize.prompt",
            "authorize.audience",
            "token_url",
            "token_prefix",
            "authorize.",
            "refresh_scope",
        ] {
            assert!(!is_secret(key), "{key}");
        }
    }
}
