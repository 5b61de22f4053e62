//! The loopback redirect method (RFC 8252 §7.3): a server on loopback for one callback. Requests with another host,
//! path or method, or from another account of this computer, are refused.

mod answer;
mod connections;
mod page;
mod port;

use std::sync::{Arc, Weak};
use std::time::Duration;

use grapnel_model::error::Result;
use grapnel_model::event::Event;
use grapnel_model::id::AttemptId;
use grapnel_model::redirect::Loopback;
use grapnel_store as store;
use grapnel_store::attempt::AttemptRow;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::authorize::complete::fail;
use crate::context::Context;
use answer::AttemptContext;
use connections::Connections;
pub(super) use port::Listener;

/// The pause after accepting a connection failed, for example because no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long the server waits for a browser to load the page without code and state after its redirect there.
const LINGER: Duration = Duration::from_secs(3);

/// Prepares for callbacks at `redirect_uri`; returns the redirect URI of this attempt. For loopback, also returns a
/// listener on its port, or on any free port if it names none.
pub(super) async fn prepare(ctx: &Context, redirect_uri: &str) -> Result<(Option<Listener>, String)> {
    let Some(place) = Loopback::of(redirect_uri) else { return Ok((None, redirect_uri.to_owned())) };
    let (listener, port) = port::claim(ctx, &place).await?;
    Ok((Some(listener), place.at_port(port)))
}

/// Listens again for an attempt of an earlier run. If another program has its port by now, the attempt ends, since the
/// callback would go to that program.
pub(super) fn resume(ctx: &Arc<Context>, row: AttemptRow) {
    if Loopback::of(&row.redirect_uri).is_none() {
        return;
    }
    let ctx = Arc::clone(ctx);
    tokio::spawn(async move {
        let Some(place) = Loopback::of(&row.redirect_uri) else { return };
        match port::bind(&place).await {
            Ok((listener, _)) => serve(&ctx, &row, listener),
            Err(error) => {
                let error = port::lost(&place, &error);
                fail(&ctx, row, error, None);
            }
        }
    });
}

/// Listens until one callback has arrived, or the attempt is finished.
pub(super) fn serve(ctx: &Arc<Context>, row: &AttemptRow, listener: Listener) {
    let Some(site) = AttemptContext::new(ctx, row) else { return };
    let (site, mut events, id) = (Arc::new(site), ctx.events.subscribe(), row.id.clone());
    let ctx = Arc::downgrade(ctx);
    tokio::spawn(async move {
        let mut connections = Connections::default();
        let mut accept = async |site: &Arc<AttemptContext>| match listener.accept().await {
            Ok(stream) => connections.add(|is_busy| answer::converse(stream, Arc::clone(site), is_busy)),
            Err(error) => {
                tracing::debug!(%error, "a connection to the loopback address was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        };
        let over = end_of(&mut events, &ctx, &id);
        tokio::pin!(over);
        loop {
            tokio::select! {
                () = accept(&site) => {}
                () = &mut over => break,
            }
        }
        if site.sent_on().await {
            let shown = async {
                loop {
                    tokio::select! {
                        () = accept(&site) => {}
                        () = site.shown() => return,
                    }
                }
            };
            let _ = tokio::time::timeout(LINGER, shown).await;
        }
        site.close();
    });
}

/// Waits until the attempt is finished, or the program ends.
async fn end_of(events: &mut Receiver<Event>, ctx: &Weak<Context>, id: &AttemptId) {
    loop {
        match events.recv().await {
            Ok(Event::Attempt(attempt)) if attempt.id == *id && attempt.phase.is_over() => return,
            Err(RecvError::Closed) => return,
            Err(RecvError::Lagged(_)) => {
                let Some(ctx) = ctx.upgrade() else { return };
                let row = ctx.store.read(|c| store::attempt::get(c, id));
                if row.is_ok_and(|row| row.is_none_or(|row| row.phase.is_over())) {
                    return;
                }
            }
            Ok(_) => {}
        }
    }
}
