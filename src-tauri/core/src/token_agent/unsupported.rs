//! Where there is no such socket, nobody is asked and nobody answers.

use std::path::Path;
use std::sync::Arc;

use grapnel_model::access_token::AccessToken;
use grapnel_model::error::Result;

use super::options::{AgentOptions, AgentState};
use super::wire::AgentRequest;
use crate::context::Context;

/// Nothing: whoever asks goes its own way.
pub fn ask(_: &Path, _: &AgentRequest) -> Option<AccessToken> {
    None
}

pub(crate) async fn serve(_: Arc<Context>, options: AgentOptions) -> Result<()> {
    options.tell(AgentState::Unsupported);
    Ok(())
}
