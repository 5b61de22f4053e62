//! Removes an app, alone or with its connections.

use std::sync::Arc;

use grapnel_model::activity::Kind;
use grapnel_model::connection::{State, Summary};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::AppId;
use grapnel_model::revocation::Revocation;
use grapnel_store::{activity, app, revocation};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::app::{being_connected, deletable_client, delete_client, view};
use crate::context::Context;
use crate::{authorize, connection, revoke, shared_connection};

/// The result of removing an app with its connections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Removed {
    /// How many connections were removed with it.
    pub connections: u32,
    /// The worst result of revoking their tokens.
    pub revocation: Revocation,
}

/// How many connections are disconnected concurrently.
const MAX_CONCURRENT_DISCONNECTS: usize = 8;

/// Removes an app that has no connection.
pub(crate) fn without_connections(ctx: &Context, id: &AppId) -> Result<()> {
    if !authorize::clear(ctx, Some(id), None)? {
        return Err(being_connected().means("Nothing was removed."));
    }
    let removed = ctx.store.write(|tx| {
        let Some(row) = app::get(tx, id)? else { return Ok(None) };
        let pending = revocation::of_app(tx, id)?;
        if !app::remove(tx, id)? {
            return Ok(Some(false));
        }
        activity::add(
            tx,
            ctx.now(),
            Kind::AppRemoved,
            &format!("App “{}” removed.", row.name),
            (None, None),
        )?;
        for name in pending {
            let text = format!(
                "“{name}”: its app was removed before the provider revoked its tokens. They may still \
                be good there."
            );
            activity::add(tx, ctx.now(), Kind::RevocationFailed, &text, (None, None))?;
        }
        Ok(Some(true))
    })?;
    match removed {
        Some(true) => {
            ctx.http.forget_certificates();
            ctx.emit(Event::Apps);
        }
        Some(false) => {
            return Err(Error::new(Code::InvalidInput, "This app still has connections.")
                .means("Nothing was removed.")
                .hint("Remove it with its connections; or disconnect them, and remove them from the list first."));
        }
        None => return Err(Error::no_app()),
    }
    Ok(())
}

/// Removes an app with its connections, and then its client at the provider; returns why that stays, as a sentence. The
/// tokens are revoked first, which only the client can do.
pub(crate) async fn with_client(ctx: &Arc<Context>, id: &AppId) -> Result<(Removed, Option<String>)> {
    let client = deletable_client(ctx, id).await;
    let removed = with_connections(ctx, id).await?;
    let stays = match client {
        Ok(Some(client)) => delete_client(ctx, &client).await,
        Ok(None) => None,
        Err(error) => Some(format!("The client stays registered at the provider. {}", error.message)),
    };
    Ok((removed, stays))
}

/// Disconnects and deletes every connection of an app, then the app. The app is kept while a token is yet to be
/// revoked, since only its client can do that.
pub(crate) async fn with_connections(ctx: &Arc<Context>, id: &AppId) -> Result<Removed> {
    if !authorize::clear(ctx, Some(id), None)? {
        return Err(being_connected().means("Nothing was removed."));
    }
    let app = ctx.store.read(|c| app::get(c, id))?.ok_or_else(Error::no_app)?;
    let mut left = connection::all(ctx)?.into_iter().filter(|one| one.app_id == *id);
    let mut at_work = JoinSet::new();
    let mut removed = Removed { connections: 0, revocation: Revocation::Done };
    loop {
        while at_work.len() < MAX_CONCURRENT_DISCONNECTS
            && let Some(connection) = left.next()
        {
            at_work.spawn(disconnect_and_forget(Arc::clone(ctx), connection));
        }
        let Some(ended) = at_work.join_next().await else { break };
        let ended = ended.map_err(|_| Error::new(Code::Internal, "Disconnecting was interrupted.")).flatten();
        let revocation = ended.map_err(|error| {
            error.means(format!(
                "Connections removed before: {}. The app and its other connections are kept.",
                removed.connections
            ))
        })?;
        removed.connections += 1;
        removed.revocation = removed.revocation.max(revocation);
    }
    if !ctx.store.read(|c| revocation::of_app(c, id))?.is_empty() {
        let provider = view(app)?.provider_name;
        return Err(Error::new(
            Code::ProviderUnavailable,
            format!("The connections were removed, but {provider} could not be reached to revoke their tokens."),
        )
        .means("The app is kept, because its tokens can only be revoked through it. Grapnel asks again for three days \
            while it runs.")
        .hint("Remove the app later; or now, and the tokens stay valid at the provider until they expire."));
    }
    without_connections(ctx, id)?;
    Ok(removed)
}

/// Disconnects and deletes a connection; returns the result of revoking its tokens.
async fn disconnect_and_forget(ctx: Arc<Context>, connection: Summary) -> Result<Revocation> {
    if connection.team.is_some() {
        // The team keeps it.
        return shared_connection::forget(&ctx, &connection.id, true).await.map(|()| Revocation::Done);
    }
    let revocation = match connection.state {
        State::Disconnected => Revocation::Done,
        _ => revoke::disconnect(&ctx, &connection.id).await?.revocation,
    };
    connection::forget(&ctx, &connection.id).await?;
    Ok(revocation)
}
