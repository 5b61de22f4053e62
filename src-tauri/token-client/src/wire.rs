//! The protocol: one request, which ends where the client shuts down its sending side (on a named pipe, its length
//! comes first); then a token, or an empty response if the agent cannot supply it. Numbers are little-endian.

use std::time::Duration;

use grapnel_model::access_token::AccessToken;
use grapnel_model::secret::ExposeSecret;
use jiff::Timestamp;
use zeroize::Zeroizing;

/// The socket in the data directory at which a running agent listens.
pub const SOCKET: &str = "agent.sock";
/// The socket in the data directory at which the service manager listens, and starts the agent on a connection.
pub const ACTIVATION_SOCKET: &str = "agent-activation.sock";
/// The first byte of a request. An agent of another version sends an empty response.
const VERSION: u8 = 1;
/// The maximum length of a connection's name in bytes.
const MAX_NAME_BYTES: usize = 4096;
/// The bytes before the name: version, and minimum validity in milliseconds.
const REQUEST_HEAD_BYTES: usize = 1 + 8;
/// The maximum length of a request.
pub const MAX_REQUEST_BYTES: usize = REQUEST_HEAD_BYTES + MAX_NAME_BYTES;
/// The bytes before the token: whether its expiry is known, the expiry in seconds and nanoseconds, and the token's
/// length.
pub const RESPONSE_HEAD_BYTES: usize = 1 + 8 + 4 + 4;
/// The maximum length of a token.
const MAX_TOKEN_BYTES: usize = 1 << 20;

/// A request for an access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentRequest {
    /// The connection's name.
    pub name: String,
    /// How long the token must still be valid.
    pub min_valid: Duration,
}

impl AgentRequest {
    /// The encoded request; `None` if the name is too long.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        // Rounded up, so that the token is never valid for less than was requested.
        let milliseconds = self.min_valid.as_nanos().div_ceil(1_000_000);
        let min_valid = u64::try_from(milliseconds).unwrap_or(u64::MAX);
        let parts = [&[VERSION][..], &min_valid.to_le_bytes(), self.name.as_bytes()];
        (self.name.len() <= MAX_NAME_BYTES).then(|| parts.concat())
    }

    /// Decodes a request; `None` if it is malformed or of another version.
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let (&VERSION, rest) = bytes.split_first()? else { return None };
        let (min_valid, name) = rest.split_first_chunk()?;
        (name.len() <= MAX_NAME_BYTES).then_some(())?;
        Some(Self {
            name: std::str::from_utf8(name).ok()?.to_owned(),
            min_valid: Duration::from_millis(u64::from_le_bytes(*min_valid)),
        })
    }
}

/// Encodes a token; `None` if it is too long.
pub fn encode(token: &AccessToken) -> Option<Zeroizing<Vec<u8>>> {
    let value = token.value.expose_secret().as_bytes();
    let length = u32::try_from(value.len()).ok().filter(|_| value.len() <= MAX_TOKEN_BYTES)?;
    let end = token.expires_at.unwrap_or(Timestamp::UNIX_EPOCH);
    // Allocated at its final size: growing would leave copies of the token behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(RESPONSE_HEAD_BYTES + value.len()));
    bytes.push(u8::from(token.expires_at.is_some()));
    bytes.extend(end.as_second().to_le_bytes());
    bytes.extend(end.subsec_nanosecond().to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes.extend(value);
    Some(bytes)
}

/// Decodes the head of a response: the token's expiry and length.
pub fn decode_head(head: &[u8; RESPONSE_HEAD_BYTES]) -> Option<(Option<Timestamp>, usize)> {
    let (&[is_known], rest) = head.split_first_chunk()?;
    let (seconds, rest) = rest.split_first_chunk()?;
    let (nanoseconds, length) = rest.split_first_chunk()?;
    let (length, _) = length.split_first_chunk()?;
    let end = || Timestamp::new(i64::from_le_bytes(*seconds), i32::from_le_bytes(*nanoseconds)).ok();
    let end = match is_known {
        0 => None,
        1 => Some(end()?),
        _ => return None,
    };
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    (length <= MAX_TOKEN_BYTES).then_some((end, length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use grapnel_model::access_token::AccessTokenType;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_request_round_trips(name in ".{0,300}", min_valid in any::<u64>()) {
            let question = AgentRequest { name, min_valid: Duration::from_millis(min_valid) };
            prop_assert_eq!(AgentRequest::of_bytes(&question.to_bytes().unwrap()), Some(question));
        }

        #[test]
        fn any_bytes_that_decode_as_a_request_encode_to_the_same(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Some(question) = AgentRequest::of_bytes(&bytes) {
                prop_assert_eq!(question.to_bytes().unwrap(), bytes);
            }
        }

        #[test]
        fn any_response_head_states_a_bounded_length(head in any::<[u8; RESPONSE_HEAD_BYTES]>()) {
            if let Some((_, length)) = decode_head(&head) {
                prop_assert!(length <= MAX_TOKEN_BYTES);
            }
        }
    }

    #[test]
    fn a_response_round_trips() {
        for end in [None, Some("2026-03-02T13:00:00.123456789Z"), Some("1969-12-31T23:59:59.5Z")] {
            let expires_at = end.map(|end| end.parse().unwrap());
            let answer =
                AccessToken { value: "gri_at_ü".into(), token_type: AccessTokenType::Bearer, expires_at };
            let bytes = encode(&answer).unwrap();
            let (head, token) = bytes.split_first_chunk().unwrap();
            assert_eq!(decode_head(head), Some((expires_at, token.len())));
            assert_eq!(token, "gri_at_ü".as_bytes());
        }
    }

    #[test]
    fn the_minimum_validity_is_rounded_up() {
        let asked = AgentRequest { name: String::new(), min_valid: Duration::from_nanos(1_000_001) };
        let heard = AgentRequest::of_bytes(&asked.to_bytes().unwrap()).unwrap();
        assert_eq!(heard.min_valid, Duration::from_millis(2));
    }

    #[test]
    fn names_and_tokens_that_are_too_long_are_not_encoded() {
        let name = "a".repeat(MAX_NAME_BYTES + 1);
        let asked = AgentRequest { name, min_valid: Duration::ZERO };
        assert_eq!(asked.to_bytes(), None);
        let value = "a".repeat(MAX_TOKEN_BYTES + 1).into();
        assert!(
            encode(&AccessToken { value, token_type: AccessTokenType::Bearer, expires_at: None }).is_none()
        );
    }
}
