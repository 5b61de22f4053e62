//! The loopback way back (RFC 8252 §7.3): a server on this computer's own addresses for one answer. Whatever else asks
//! it, with another host, path or method, or from another account, gets nothing.

mod answer;
mod connections;
mod page;
#[cfg(target_os = "linux")]
#[path = "loopback/peer_linux.rs"]
mod peer;
#[cfg(not(target_os = "linux"))]
#[path = "loopback/peer_unsupported.rs"]
mod peer;
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
use answer::Site;
use connections::Connections;
pub(super) use port::Listener;

/// How long accepting rests after it failed, for instance because the process has no file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long a browser that was sent on to the page without code and state may take to ask for it.
const LINGER: Duration = Duration::from_secs(3);

/// Makes ready for the way back to `redirect_uri`, and answers with the address to use for this attempt: where
/// it is loopback, a listener on the port it names, or on any free one.
pub(super) async fn prepare(ctx: &Context, redirect_uri: &str) -> Result<(Option<Listener>, String)> {
    let Some(place) = Loopback::of(redirect_uri) else { return Ok((None, redirect_uri.to_owned())) };
    let (listener, port) = port::claim(ctx, &place).await?;
    Ok((Some(listener), place.at_port(port)))
}

/// Listens again for an attempt that an earlier start of the program began. Where its port belongs to another program
/// by now, the answer would go there: the attempt ends.
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
                fail(&ctx, row, error);
            }
        }
    });
}

/// Listens until one answer has come, or the attempt is over.
pub(super) fn serve(ctx: &Arc<Context>, row: &AttemptRow, listener: Listener) {
    let Some(site) = Site::new(ctx, row) else { return };
    let (site, mut events, id) = (Arc::new(site), ctx.events.subscribe(), row.id.clone());
    let ctx = Arc::downgrade(ctx);
    tokio::spawn(async move {
        let mut connections = Connections::default();
        let mut accept = async |site: &Arc<Site>| match listener.accept().await {
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

/// Waits until the attempt is over, or the program is.
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
