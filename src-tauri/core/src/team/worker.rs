//! A worker: a process without data of its own, which uses the connections of a team by a key from its environment.

use std::sync::Arc;

use grapnel_model::error::{Error, Result};
use grapnel_model::id::TeamId;
use grapnel_model::secret::SecretString;
use grapnel_team::Invitation;

use super::create::join_as;
use crate::context::Context;
use crate::shared_record::{own_identity, told};

/// Becomes the worker of this key, in data that were just made for it.
pub(crate) async fn become_worker(
    ctx: &Arc<Context>,
    url: &SecretString,
    key: &SecretString,
) -> Result<TeamId> {
    let invitation = Invitation::of_worker(key).map_err(|error| {
        Error { field: Some("GRAPNEL_TEAM_KEY".into()), ..told(&error) }
            .means("Nothing was asked of the team.")
    })?;
    let own = own_identity(ctx).await?;
    join_as(ctx, &invitation, own, url).await?;
    Ok(TeamId(invitation.team.0))
}
