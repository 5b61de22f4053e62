//! Another URL of a team's database, such as after its password was changed.

use std::sync::Arc;

use grapnel_model::activity::Kind;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::TeamId;
use grapnel_model::secret::SecretString;
use grapnel_model::team::Team;
use grapnel_store::{activity, team};

use super::view;
use crate::context::Context;
use crate::shared_record::{check_url, database_name, database_place, told, url_associated_data};

/// The host of a URL, and the files and folders of this computer that it names.
pub(crate) fn place(url: &SecretString) -> Result<(String, Vec<String>)> {
    database_place(url).map_err(|error| told(&error).means("Nothing was changed."))
}

/// Replaces the URL, once the team was read by the new one.
///
/// # Errors
/// The team cannot be read by it. The URL is as it was then.
pub(crate) async fn change_database_url(ctx: &Arc<Context>, id: &TeamId, url: &SecretString) -> Result<Team> {
    let refused = |error: Error| error.means("The stored database URL is unchanged.");
    let row = ctx.store.read(|c| team::get(c, id))?.ok_or_else(|| {
        Error::new(Code::NotFound, "This team is not here any more.").means("Nothing was changed.")
    })?;
    let (host, database) = database_name(url).map_err(|error| refused(told(&error)))?;
    check_url(ctx, &row, url).await.map_err(refused)?;
    let sealing = ctx.begin_sealed_write().await?;
    let sealed_url = ctx.vault.seal(&url_associated_data(id), url).await?;
    ctx.store.write(|tx| {
        team::set_url(tx, id, (&host, &database), &sealed_url)?;
        team::set_reached(tx, id, ctx.now())?;
        let text = format!("The URL of the database of the team “{}” was changed.", row.name);
        activity::add(tx, ctx.now(), Kind::TeamMembers, &text, (None, None))
    })?;
    drop(sealing);
    ctx.teams.failed.lock().remove(id);
    ctx.emit(Event::Teams);
    view::one(ctx, id)
}
