//! A worker: a process without data of its own, which uses the connections of a team by a key from its environment.

use std::sync::Arc;

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::TeamId;
use grapnel_model::secret::SecretString;
use grapnel_team::Invitation;

use super::create::join_as;
use crate::context::Context;
use crate::shared_record::{own_identity, told};

/// An error of joining, for a job that joins at each start and ends with it.
fn of_worker(error: Error) -> Error {
    let error = error.means("No token was handed out, and no tokens were changed.");
    match error.code {
        Code::TeamRefused => error.hint("Ask an owner of the team for a new key of a worker."),
        Code::TeamUnreachable => {
            error.hint("Check the network and that the database runs, and start the job again.")
        }
        _ => error,
    }
}

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
    join_as(ctx, &invitation, own, url).await.map_err(of_worker)?;
    Ok(TeamId(invitation.team.0))
}
