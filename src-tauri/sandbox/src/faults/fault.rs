//! The faults, their names, and the endpoints at which they can occur.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::faults::endpoint::Endpoint;
use crate::input_error::InputError;

/// An injected fault. "Before": the server has not acted on the request. "After": it has.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// After: the connection ends without a byte. A rotated refresh token is lost.
    LostReply,
    /// After: 504 from a gateway that timed out.
    GatewayTimeout,
    /// After: the reply is delayed by this much real time.
    Slow(Duration),
    /// After: the body breaks off in the middle, short of its `Content-Length`.
    CutOff,
    /// After: status 200 and no body.
    Empty,
    /// After: the right reply, followed by 5 MiB of white space.
    Oversized,
    /// After: the `Date` header is off by that many seconds.
    DateSkew(i64),
    /// Before: 429 with `Retry-After` in seconds.
    TooMany(u32),
    /// Before: 429 with `Retry-After` as a date, that many seconds from now.
    TooManyUntil(u32),
    /// Before: 500, 502 or 503.
    ServerError(u16),
    /// Before: an HTML page with status 200, as a captive portal sends it.
    Html,
    /// Before: 307 to another origin.
    Redirect(String),
    /// Before: 401 `invalid_token` from the API, even for a valid token.
    InvalidToken,
    /// Before: 400 `invalid_grant` from the token endpoint, even for a valid grant.
    InvalidGrant,
    /// Before: 401 `invalid_client`.
    InvalidClient,
    /// Before: 400 with an error code that no specification defines.
    UnknownError,
    /// `expires_in` as a string.
    ExpiresInString,
    /// `expires_in` with a fraction.
    ExpiresInFloat,
    /// No `expires_in`.
    ExpiresInMissing,
    /// `token_type` as `bearer`.
    TokenTypeLowercase,
    /// No `token_type`.
    TokenTypeMissing,
    /// `token_type` as `mac`, a different authentication scheme.
    TokenTypeMac,
    /// Scopes with commas between them.
    ScopeCommas,
    /// The reply as a form instead of JSON.
    FormEncoded,
    /// Undocumented members.
    ExtraMembers,
    /// No `access_token`.
    NoAccessToken,
    /// No `refresh_token`: a refresh keeps the old one valid and does not rotate.
    NoRefreshToken,
}

/// Faults without a value, by name.
const PLAIN: &[(&str, Fault)] = &[
    ("lost-reply", Fault::LostReply),
    ("504-after", Fault::GatewayTimeout),
    ("cut-off", Fault::CutOff),
    ("empty", Fault::Empty),
    ("oversized", Fault::Oversized),
    ("500", Fault::ServerError(500)),
    ("502", Fault::ServerError(502)),
    ("503", Fault::ServerError(503)),
    ("html", Fault::Html),
    ("invalid-token", Fault::InvalidToken),
    ("invalid-grant", Fault::InvalidGrant),
    ("invalid-client", Fault::InvalidClient),
    ("unknown-error", Fault::UnknownError),
    ("expires-in-string", Fault::ExpiresInString),
    ("expires-in-float", Fault::ExpiresInFloat),
    ("expires-in-missing", Fault::ExpiresInMissing),
    ("token-type-lowercase", Fault::TokenTypeLowercase),
    ("token-type-missing", Fault::TokenTypeMissing),
    ("token-type-mac", Fault::TokenTypeMac),
    ("scope-commas", Fault::ScopeCommas),
    ("form-encoded", Fault::FormEncoded),
    ("extra-members", Fault::ExtraMembers),
    ("no-access-token", Fault::NoAccessToken),
    ("no-refresh-token", Fault::NoRefreshToken),
];

impl Fault {
    /// Every fault name, with its default value if it takes one.
    pub fn names() -> impl Iterator<Item = String> {
        let valued =
            ["slow=2000", "429=2", "429-date=2", "date-skew=3600", "redirect=https://elsewhere.invalid/"];
        PLAIN.iter().map(|(name, _)| (*name).to_owned()).chain(valued.map(str::to_owned))
    }

    pub(super) fn can_occur_at(&self, endpoint: Endpoint) -> bool {
        match self {
            Self::InvalidToken => endpoint == Endpoint::Api,
            Self::InvalidGrant | Self::InvalidClient | Self::UnknownError => endpoint != Endpoint::Api,
            _ => !self.alters_token_reply() || endpoint != Endpoint::Api,
        }
    }

    /// Whether this fault alters the members of a token reply, not its transport.
    pub(super) fn alters_token_reply(&self) -> bool {
        matches!(
            self,
            Self::ExpiresInString
                | Self::ExpiresInFloat
                | Self::ExpiresInMissing
                | Self::TokenTypeLowercase
                | Self::TokenTypeMissing
                | Self::TokenTypeMac
                | Self::ScopeCommas
                | Self::FormEncoded
                | Self::ExtraMembers
                | Self::NoAccessToken
                | Self::NoRefreshToken
        )
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slow(delay) => write!(out, "slow={}", delay.as_millis()),
            Self::TooMany(seconds) => write!(out, "429={seconds}"),
            Self::TooManyUntil(seconds) => write!(out, "429-date={seconds}"),
            Self::DateSkew(seconds) => write!(out, "date-skew={seconds}"),
            Self::Redirect(to) => write!(out, "redirect={to}"),
            Self::ServerError(status) => write!(out, "{status}"),
            plain => {
                out.write_str(PLAIN.iter().find(|(_, fault)| fault == plain).map_or("", |(name, _)| name))
            }
        }
    }
}

impl FromStr for Fault {
    type Err = InputError;

    fn from_str(text: &str) -> Result<Self, InputError> {
        if let Some((_, fault)) = PLAIN.iter().find(|(name, _)| *name == text) {
            return Ok(fault.clone());
        }
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        match name {
            "slow" => Ok(Self::Slow(Duration::from_millis(number(value, 2000)?))),
            "429" => Ok(Self::TooMany(number(value, 2)?)),
            "429-date" => Ok(Self::TooManyUntil(number(value, 2)?)),
            "date-skew" => Ok(Self::DateSkew(number(value, 3600)?)),
            "redirect" => redirect(value.unwrap_or("https://elsewhere.invalid/")),
            _ => Err(InputError::new(format!(
                "unknown fault `{text}`; known: {}",
                Self::names().collect::<Vec<_>>().join(", ")
            ))),
        }
    }
}

fn number<N: FromStr>(value: Option<&str>, absent: N) -> Result<N, InputError> {
    let wrong = |text| InputError::new(format!("`{text}` is not a number in the valid range"));
    value.map_or(Ok(absent), |text| text.parse().map_err(|_| wrong(text)))
}

fn redirect(to: &str) -> Result<Fault, InputError> {
    // It becomes a header value: visible ASCII only.
    let fits = to.bytes().all(|b| b.is_ascii_graphic()) && to.contains("://");
    if fits {
        Ok(Fault::Redirect(to.to_owned()))
    } else {
        Err(InputError::new(format!("`{to}` is not a URL")))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::mem::discriminant;

    use super::*;

    /// The number of variants.
    fn variants() -> usize {
        let (_, body) = include_str!("fault.rs").split_once("pub enum Fault {\n").unwrap();
        let (body, _) = body.split_once("\n}").unwrap();
        body.lines().filter(|line| !line.trim_start().starts_with("//")).count()
    }

    #[test]
    fn every_fault_has_a_name_that_parses() {
        let faults: Vec<Fault> = Fault::names().map(|name| name.parse().unwrap()).collect();
        assert_eq!(faults.iter().map(discriminant).collect::<HashSet<_>>().len(), variants());
        assert!(faults.iter().map(ToString::to_string).eq(Fault::names()));
    }
}
