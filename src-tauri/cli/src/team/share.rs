//! `grapnel share` and `grapnel unshare`.

use grapnel_model::error::{Code, Error, Result};

use super::arguments::{Share, Unshare};
use super::find::team;
use super::print::{Shared, Unshared};
use crate::lookup;
use crate::session::Session;

pub(crate) async fn share(session: &mut Session<'_>, asked: &Share) -> Result<()> {
    let connection = lookup::connection(&session.grapnel, &asked.connection)?;
    let team = team(&session.grapnel, asked.team.as_deref())?;
    session.grapnel.share(&connection.id, &team.id).await?;
    session.output.show(&Shared { connection: connection.name, team: team.name })
}

pub(crate) async fn unshare(session: &mut Session<'_>, asked: &Unshare) -> Result<()> {
    let connection = lookup::connection(&session.grapnel, &asked.connection)?;
    let question = format!(
        "Stop sharing “{}”? It stays on this computer, and is disconnected on the others. [y/N]",
        connection.name
    );
    if connection.team.is_some() && !asked.yes && !session.confirms(&question, "Stopping to share")? {
        return Err(Error::new(Code::Cancelled, "Still shared.").means("Nothing was changed."));
    }
    session.grapnel.unshare(&connection.id).await?;
    session.output.show(&Unshared { connection: connection.name })
}
