//! Systems without the token agent.

use std::sync::Arc;

use grapnel_model::error::Result;

use super::options::{AgentOptions, AgentState};
use crate::context::Context;

pub(crate) async fn serve(_: Arc<Context>, options: AgentOptions) -> Result<()> {
    options.report(AgentState::Unsupported);
    Ok(())
}

/// No process listens there.
pub(crate) fn runs(_: &std::path::Path) -> bool {
    false
}
