//! Takes in the app of a shared connection, which another machine has changed.

use std::sync::Arc;

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::ConnectionId;
use grapnel_store::shared_connection;

use crate::archive::replace_app;
use crate::context::Context;
use crate::shared_record::{ManageDocument, note_conflict};
use crate::signed_in::SignedIn;
use crate::team_session::TeamSession;

fn app_of_others(name: &str) -> Error {
    Error::new(
        Code::TeamConflict,
        format!(
            "The team changed the app “{name}”, which connections use here that are not shared with the team."
        ),
    )
    .means("The app was not changed here, since their tokens belong to it as it is.")
    .hint("Share or remove those connections, or enter the same change in the app.")
}

/// Replaces the app of a connection here by that of the newest definition that was seen, unless it was changed here,
/// too: then that is written to the team. An error of the record alone is stored with the connection.
pub(super) async fn take_in_app(
    ctx: &Arc<Context>,
    team: &Arc<TeamSession>,
    id: &ConnectionId,
) -> Result<()> {
    let Some(shared) = ctx.store.read(|c| shared_connection::get(c, id))? else { return Ok(()) };
    if shared.app_counter >= shared.definition_counter || shared.app_edits > 0 {
        return Ok(());
    }
    let taken = async {
        let record = team.read(ctx, &shared).await?;
        let manage = record.inner.app.as_deref().map(|app| ManageDocument::parse(app)).transpose()?;
        let archive = record.document.archive(manage);
        let (of, counter) = (SignedIn::load(ctx, id)?, record.definition_counter()?);
        let Some(app) = archive.apps.first() else { return Ok(()) };
        let is_others = ctx.store.read(|c| shared_connection::has_others(c, team.id(), &of.app.row.id))?;
        if is_others {
            return Err(app_of_others(&of.app.row.name));
        }
        replace_app(ctx, &of, app, |tx| shared_connection::set_app_counter(tx, id, counter)).await
    };
    match taken.await {
        Err(error) if error.code == Code::TeamUnreachable => Err(error),
        // Reading has noted it.
        Err(error) if error.code.is_of_team_content() => Ok(()),
        Err(error) => note_conflict(ctx, &shared, &error),
        Ok(()) => Ok(()),
    }
}
