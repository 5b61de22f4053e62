//! Asks a running agent for a derived token. The binary protocol has the connections' own tokens only, so this uses the
//! line protocol.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use grapnel_model::access_token::{AccessToken, AccessTokenType};
use grapnel_model::derived_token::TokenTarget;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::SecretInput;
use grapnel_token_client::transport::{Stream, exchange};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

/// How long the agent may take: it may have to refresh the connection first, and then to exchange its token.
const REPLY_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest response: every byte of the longest token may be escaped.
const MAX_RESPONSE_BYTES: u64 = 8 << 20;

#[derive(Deserialize)]
struct Response {
    access_token: Option<SecretInput>,
    token_type: Option<String>,
    expires_at: Option<Timestamp>,
    error: Option<Error>,
}

/// The token that the agent of the data in `home` derives from the token of the connection called `name`, or why it
/// could not. `None` if no agent can tell: none is running, it may not hand out tokens either, or it does not answer.
/// Blocks.
pub(crate) fn ask_derived(
    home: &Path,
    name: &str,
    target: &TokenTarget,
    (min_valid, is_rejected): (Duration, bool),
) -> Option<Result<AccessToken>> {
    // The line protocol has no type of the requested token.
    target.token_type.is_none().then_some(())?;
    // Rounded up, so that the token is never valid for less than was requested.
    let seconds = min_valid.as_secs() + u64::from(min_valid.subsec_nanos() > 0);
    let request = json!({
        "get": "token", "connection": name, "min_valid": seconds, "rejected": is_rejected,
        "audience": target.audiences, "resource": target.resources, "scope": target.scopes,
    });
    let line = exchange(home, format!("{request}\n").into_bytes(), REPLY_TIMEOUT, read_line)?;
    let Response { access_token, token_type, expires_at, error } = serde_json::from_slice(&line).ok()?;
    match (access_token, error) {
        (Some(SecretInput(value)), None) if token_type.as_deref() == Some(AccessTokenType::Bearer.name()) => {
            Some(Ok(AccessToken { value, token_type: AccessTokenType::Bearer, expires_at }))
        }
        (None, Some(error)) if !matches!(error.code, Code::PassphraseNeeded | Code::KeyringLocked) => {
            Some(Err(error))
        }
        _ => None,
    }
}

fn read_line(stream: &mut Stream) -> Option<Zeroizing<Vec<u8>>> {
    let mut line = Zeroizing::new(Vec::new());
    stream.take(MAX_RESPONSE_BYTES).read_to_end(&mut line).ok()?;
    Some(line)
}
