//! Platforms without Unix sockets: there is no agent to ask.

use std::path::Path;

use grapnel_model::access_token::AccessToken;

use crate::wire::AgentRequest;

/// Always `None`: the caller opens the data itself.
pub fn ask(_: &Path, _: &AgentRequest) -> Option<AccessToken> {
    None
}
