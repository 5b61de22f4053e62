//! Where there is no such socket, nobody is asked.

use std::path::Path;

use grapnel_model::access_token::AccessToken;

use crate::wire::AgentRequest;

/// Nothing: whoever asks goes its own way.
pub fn ask(_: &Path, _: &AgentRequest) -> Option<AccessToken> {
    None
}
