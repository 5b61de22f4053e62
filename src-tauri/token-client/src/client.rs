//! The client of the token agent, for a process that has opened no data yet. Blocks for a moment at most.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use grapnel_model::access_token::{AccessToken, AccessTokenType};
use zeroize::Zeroizing;

use crate::transport::{exchange, request};
use crate::wire::{AgentRequest, RESPONSE_HEAD_BYTES, decode_head};

/// An agent normally answers within a millisecond. One that has not answered by then is stuck.
const AGENT_REPLY_TIMEOUT: Duration = Duration::from_millis(250);

/// Requests a bearer token from the agent of the data in `home`. `None` if no agent is running, or if it does not have
/// the token at hand, for whatever reason.
pub fn ask(home: &Path, question: &AgentRequest) -> Option<AccessToken> {
    let request = request(question.to_bytes()?)?;
    exchange(home, request, AGENT_REPLY_TIMEOUT, answer)
}

/// Reads the agent's response. `None` if it is incomplete.
pub fn answer(stream: &mut impl Read) -> Option<AccessToken> {
    let mut head = [0; RESPONSE_HEAD_BYTES];
    stream.read_exact(&mut head).ok()?;
    let (expires_at, length) = decode_head(&head)?;
    let mut token = Zeroizing::new(vec![0; length]);
    stream.read_exact(&mut token).ok()?;
    Some(AccessToken {
        value: std::str::from_utf8(&token).ok()?.into(),
        token_type: AccessTokenType::Bearer,
        expires_at,
    })
}
