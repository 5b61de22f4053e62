//! Systems without the token agent.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use grapnel_model::access_token::AccessToken;
use grapnel_model::derived_token::TokenTarget;
use grapnel_model::error::Result;

use super::options::{AgentOptions, AgentState};
use crate::context::Context;

pub(crate) async fn serve(_: Arc<Context>, options: AgentOptions) -> Result<()> {
    options.report(AgentState::Unsupported);
    Ok(())
}

/// No process listens there.
pub(crate) fn runs(_: &Path) -> bool {
    false
}

/// No process could answer.
pub(crate) fn ask_derived(
    _: &Path,
    _: &str,
    _: &TokenTarget,
    _: (Duration, bool),
) -> Option<Result<AccessToken>> {
    None
}
