//! Replaces the settings of an app by those of a document, as if the person had changed them.

use std::sync::Arc;

use grapnel_model::activity::Kind;
use grapnel_model::error::{Error, Result};
use grapnel_model::event::Event;
use grapnel_model::provider::Profile;
use grapnel_store::app::{self as stored_app, AppRow};
use grapnel_store::{activity, connection};
use rusqlite::Connection;

use super::checks::{as_new_app, has_secrets, is_same};
use crate::archive_document::ArchivedApp;
use crate::context::Context;
use crate::signed_in::SignedIn;
use crate::{app, authorize};

/// Replaces the settings and secrets of the app of a connection. `also` is written in the same transaction. Tokens go
/// to the hosts that they were given for: those of this connection to the ones that the document names.
pub(crate) async fn replace_app(
    ctx: &Arc<Context>,
    of: &SignedIn,
    new: &ArchivedApp,
    also: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send,
) -> Result<()> {
    let _working = ctx.begin_sealed_write().await?;
    let (before, id) = (&of.app.row, &of.app.row.id);
    let mut valid = app::validate(as_new_app(new), ctx.now())?;
    if valid.row.provider != before.provider {
        return Err(Error::input("provider", "The team’s app of this connection is of another provider."));
    }
    if is_same(before, &valid.row) && has_secrets(ctx, before, &valid).await? {
        return ctx.store.write(|tx| also(tx));
    }
    if !authorize::clear(ctx, Some(id), None)? {
        // Later: a sign-in is about to end.
        return Ok(());
    }
    // The place that its secrets are encrypted for.
    valid.row.id = id.clone();
    let mut row = app::sealed(ctx, valid).await?;
    let token = new.registration_token.as_ref().map(|token| &token.0);
    app::restore_registration(ctx, &mut row, new.registration.as_ref(), token).await?;
    let row = AppRow {
        name: before.name.clone(),
        environment: before.environment.clone(),
        created_at: before.created_at,
        ..row
    };
    let origins =
        |app: &AppRow| Profile::find(&app.provider)?.config(&app.overrides).map(|config| config.origins());
    let (old, now) = (origins(before).unwrap_or_default(), origins(&row)?);
    let named = new.connections.first().and_then(|one| one.allowed_origins.clone());
    let text = format!("App “{}” changed by the team.", row.name);
    ctx.store.write(|tx| {
        if old != now {
            connection::set_allowed_origins_of_app(tx, id, &old)?;
        }
        connection::set_allowed_origins(tx, &of.connection.id, named.as_ref().unwrap_or(&now))?;
        stored_app::update_from_team(tx, &row)?;
        connection::forget_client_refusals(tx, id)?;
        activity::add(tx, ctx.now(), Kind::AppChanged, &text, (None, Some(id)))?;
        also(tx)
    })?;
    ctx.http.forget_certificates();
    ctx.emit(Event::Apps);
    ctx.emit(Event::Connection(of.connection.id.clone()));
    Ok(())
}
