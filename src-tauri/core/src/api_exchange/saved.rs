//! Requests that a person saved under a name. They are encrypted by the vault, since a body may hold a secret.

use grapnel_model::api_exchange::{ApiRequestDraft, SavedRequest};
use grapnel_model::error::{Error, Result};
use grapnel_model::id::{ConnectionId, SavedRequestId};
use grapnel_model::text::clean_line;
use grapnel_oauth::http::masked_text::MAX_BYTES;
use grapnel_store::saved_request::{self, SavedRequestRow};

use crate::connection;
use crate::context::Context;
use crate::exchange_log::{read, write};

/// The longest name, in characters.
const MAX_NAME: usize = 100;

fn associated_data(id: &SavedRequestId) -> String {
    format!("saved_request/{id}/draft")
}

/// The saved requests of a connection, by name.
pub(super) async fn all(ctx: &Context, of: &ConnectionId) -> Result<Vec<SavedRequest>> {
    let mut all = Vec::new();
    for row in ctx.store.read(|c| saved_request::all(c, of))? {
        let draft = read(&ctx.vault.open(&associated_data(&row.id), &row.sealed_draft).await?)?;
        all.push(SavedRequest { id: row.id, name: row.name, draft });
    }
    Ok(all)
}

/// Saves a request under a name. With `replace`, it replaces another one of that name.
///
/// # Errors
///
/// If the name is empty, too long or taken; or if the body is too large.
pub(crate) async fn save(
    ctx: &Context,
    of: &ConnectionId,
    name: &str,
    draft: ApiRequestDraft,
    replace: bool,
) -> Result<SavedRequest> {
    connection::details(ctx, of)?;
    let name = clean_line(name).trim().to_owned();
    if name.is_empty() || name.chars().count() > MAX_NAME {
        return Err(Error::input("name", format!("Enter a name of 1 to {MAX_NAME} characters."))
            .means("Nothing was saved."));
    }
    if draft.body.len() > MAX_BYTES {
        return Err(
            Error::input("body", "A saved request has a body of at most 1 MiB.").means("Nothing was saved.")
        );
    }
    let plain = write(&draft)?;
    let _work = ctx.begin_sealed_write().await?;
    let taken = ctx.store.read(|c| saved_request::named(c, of, &name))?;
    if taken.is_some() && !replace {
        return Err(name_taken(&name));
    }
    let id = taken.unwrap_or_else(SavedRequestId::random);
    let sealed_draft = ctx.vault.seal(&associated_data(&id), &plain).await?;
    let row = SavedRequestRow { id: id.clone(), name: name.clone(), sealed_draft };
    let is_saved = ctx.store.write(|tx| {
        // Another process may have saved one of this name meanwhile.
        if saved_request::named(tx, of, &name)?.is_some_and(|now| now != id) {
            return Ok(false);
        }
        saved_request::put(tx, of, &row).map(|()| true)
    })?;
    if is_saved { Ok(SavedRequest { id, name, draft }) } else { Err(name_taken(&name)) }
}

/// Deletes a saved request of a connection.
pub(crate) fn remove(ctx: &Context, of: &ConnectionId, id: &SavedRequestId) -> Result<()> {
    ctx.store.write(|tx| saved_request::remove(tx, of, id))
}

fn name_taken(name: &str) -> Error {
    Error::input("name", format!("A request named “{name}” is saved already."))
        .means("Nothing was saved.")
        .hint("Replace it, or choose another name.")
}
