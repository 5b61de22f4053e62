//! `grapnel disconnect` for one derived token (RFC 8693).

use grapnel_model::connection::Summary;
use grapnel_model::derived_token::TokenTarget;
use grapnel_model::error::{Code, Error, Result};
use jiff::Timestamp;
use serde::Serialize;

use crate::lookup;
use crate::print::CommandResult;
use crate::session::Session;

/// Deletes the token that was derived for `target` after confirmation, and revokes it if the provider offers that.
pub(super) async fn remove(
    session: &mut Session<'_>,
    connection: &Summary,
    target: TokenTarget,
    is_confirmed: bool,
) -> Result<()> {
    let target = target.checked()?;
    let name = &connection.name;
    let derived = session.grapnel.connection(&connection.id)?.derived_tokens;
    let Some(found) = derived.into_iter().find(|one| one.target == target) else {
        let message = format!("“{name}” has no token {}.", target.description());
        return Err(Error::new(Code::NotFound, message)
            .means("Nothing was changed.")
            .hint(format!("List its derived tokens: grapnel status {}", lookup::quoted(name))));
    };
    let question = format!("Remove the token of “{name}” {}? [y/N]", target.description());
    if !is_confirmed && !session.confirms(&question, "Removing a token")? {
        return Err(Error::new(Code::Cancelled, "Not removed.").means("Nothing was changed."));
    }
    session.grapnel.remove_derived_token(&connection.id, &found.id).await?;
    session.output.show(&Removed { connection: name, target: &target })
}

#[derive(Serialize)]
struct Removed<'a> {
    connection: &'a str,
    #[serde(rename = "removed")]
    target: &'a TokenTarget,
}

impl CommandResult for Removed<'_> {
    fn text(&self, _: Timestamp) -> String {
        let Self { connection, target } = self;
        format!(
            "Removed the token of “{connection}” {}, and revoked it if the provider offers that. The connection stays \
             as it was.",
            target.description()
        )
    }
}
