//! The line protocol of the agent socket, for other programs: a request is one JSON object on one line, and so is the
//! response. A token that expires too soon is refreshed here, while clients of the binary protocol refresh it
//! themselves.

use std::time::Duration;

use grapnel_model::access_token::AccessToken;
use grapnel_model::derived_token::TokenTarget;
use grapnel_model::error::{Error, Result};
use grapnel_model::secret::ExposeSecret;
use grapnel_model::text::escape_json;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The first byte of a request. The binary protocol begins with its version.
pub(super) const FIRST_BYTE: u8 = b'{';
/// The maximum length of a request line. Every byte of the longest name may be escaped.
pub(super) const MAX_LINE_BYTES: usize = 32 * 1024;
/// The default of `min_valid` in seconds, as for `grapnel token`.
const DEFAULT_MIN_VALID: u64 = 60;

/// A request.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "get", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum LineRequest {
    /// An access token.
    Token {
        /// The connection's name.
        connection: String,
        /// How long the token must still be valid, in seconds.
        #[serde(default = "default_min_valid")]
        min_valid: u64,
        /// Whether the API rejected the last token.
        #[serde(default)]
        rejected: bool,
        /// The services for which the token is exchanged (RFC 8693), by name.
        #[serde(default)]
        audience: Vec<String>,
        /// The same by URL.
        #[serde(default)]
        resource: Vec<String>,
        /// The scopes for which the token is exchanged.
        #[serde(default)]
        scope: Vec<String>,
    },
}

fn default_min_valid() -> u64 {
    DEFAULT_MIN_VALID
}

impl LineRequest {
    /// Parses a request: everything up to the first line break.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self> {
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        // The parser's own message would repeat the input.
        serde_json::from_slice(line).map_err(|_| {
            Error::input("request", "The request is not one that the token agent knows.")
                .hint(r#"Send one line such as {"get":"token","connection":"NAME","min_valid":60}."#)
        })
    }

    pub(super) fn connection(&self) -> &str {
        let Self::Token { connection, .. } = self;
        connection.trim()
    }

    pub(super) fn min_valid(&self) -> Duration {
        let Self::Token { min_valid, .. } = self;
        Duration::from_secs(*min_valid)
    }

    pub(super) fn is_rejected(&self) -> bool {
        let Self::Token { rejected, .. } = self;
        *rejected
    }

    /// What the token is to be exchanged for; `None` if the connection's own is meant.
    pub(super) fn target(&self) -> Option<TokenTarget> {
        let Self::Token { audience, resource, scope, .. } = self;
        let (audiences, resources, scopes) = (audience.clone(), resource.clone(), scope.clone());
        let target = TokenTarget { audiences, resources, scopes, token_type: None };
        (!target.is_empty()).then_some(target)
    }
}

#[derive(Serialize)]
struct TokenResponse<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_at: Option<Timestamp>,
}

/// The response to a request, with its line break.
pub(super) fn encode(response: &Result<AccessToken>) -> Option<Zeroizing<Vec<u8>>> {
    let mut line = Zeroizing::new(Vec::new());
    match response {
        Ok(token) => {
            let access_token = token.value.expose_secret();
            // Growing would leave copies of the token behind. An escaped character takes at most six bytes.
            line.reserve_exact(access_token.len().checked_mul(6)?.checked_add(256)?);
            let response = TokenResponse {
                access_token,
                token_type: token.token_type.name(),
                expires_at: token.expires_at,
            };
            serde_json::to_writer(&mut *line, &response).ok()?;
        }
        Err(error) => {
            let json = serde_json::to_string(&serde_json::json!({ "error": error })).ok()?;
            line.extend(escape_json(&json).as_bytes());
        }
    }
    line.push(b'\n');
    Some(line)
}

#[cfg(test)]
mod tests {
    use grapnel_model::access_token::AccessTokenType;
    use grapnel_model::error::Code;

    use super::*;

    fn asked(line: &str) -> Option<(String, u64, bool)> {
        let request = LineRequest::parse(line.as_bytes()).ok()?;
        Some((request.connection().to_owned(), request.min_valid().as_secs(), request.is_rejected()))
    }

    #[test]
    fn a_request_is_one_json_object() {
        let plain = Some(("Acme 2".to_owned(), 60, false));
        assert_eq!(asked("{\"get\":\"token\",\"connection\":\"Acme 2\"}\n"), plain);
        assert_eq!(asked("{\"connection\":\" Acme 2\\n\",\"get\":\"token\"}"), plain);
        assert_eq!(asked("{\"get\":\"token\",\"connection\":\"Acme 2\"}\nignored"), plain);
        let all = "{\"get\":\"token\",\"connection\":\"a\",\"min_valid\":300,\"rejected\":true}\n";
        assert_eq!(asked(all), Some(("a".to_owned(), 300, true)));
        for wrong in [
            "",
            "{}",
            "{\"get\":\"token\"}",
            "{\"get\":\"key\",\"connection\":\"a\"}",
            "{\"get\":\"token\",\"connection\":\"a\",\"min_valid\":-1}",
            "{\"get\":\"token\",\"connection\":\"a\",\"scope\":\"b\"}",
            "{\"get\":\"token\",\"connection\":\"a\",\"token_type\":\"b\"}",
            "{\"get\":\"token\",\n\"connection\":\"a\"}",
            "token a",
        ] {
            assert_eq!(asked(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_response_is_one_line() {
        let expires_at = Some("2026-03-02T13:00:00Z".parse().unwrap());
        let token = AccessToken { value: "a\"b\nc".into(), token_type: AccessTokenType::Bearer, expires_at };
        let line = encode(&Ok(token)).unwrap();
        let expected = "{\"access_token\":\"a\\\"b\\nc\",\"token_type\":\"Bearer\",\
            \"expires_at\":\"2026-03-02T13:00:00Z\"}\n";
        assert_eq!(std::str::from_utf8(&line).unwrap(), expected);
        let error = Error::new(Code::NotFound, "No connection is called “a\u{202e}\nb”.");
        let line = encode(&Err(error)).unwrap();
        let text = std::str::from_utf8(&line).unwrap();
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        assert!(
            text.starts_with("{\"error\":{\"code\":\"not_found\",") && !text.contains('\u{202e}'),
            "{text}"
        );
    }

    #[test]
    fn a_long_token_leaves_no_copy_behind() {
        let token = AccessToken {
            value: "\u{1}".repeat(10_000).into(),
            token_type: AccessTokenType::Bearer,
            expires_at: None,
        };
        let line = encode(&Ok(token)).unwrap();
        assert_eq!(line.capacity(), 60_256, "it did not grow");
    }
}
