//! Locks a vault with a passphrase after a time without input in the window, and after the computer was suspended.

use std::sync::Arc;

use grapnel_model::event::Event;
use grapnel_model::vault::Protection;
use grapnel_oauth::clock::WakeReason;
use grapnel_oauth::retry::after;
use jiff::Timestamp;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::context::Context;
use crate::{refresh, settings};

/// Drops the vault’s key, and those of TLS connections, from memory, after refreshes in progress, which need it.
pub(crate) async fn lock(ctx: &Arc<Context>) {
    refresh::write_unsaved(ctx).await;
    let _idle = ctx.idle().await;
    ctx.teams.all_written().await;
    ctx.set_locked_on_purpose(true);
    ctx.vault.lock();
    ctx.http.forget_certificates();
}

/// Locks the vault whenever the settings demand it, until the future is dropped.
pub(crate) async fn follow(ctx: Arc<Context>) {
    let mut events = ctx.events.subscribe();
    loop {
        let is_over = tokio::select! {
            () = wait(&ctx) => {
                lock(&ctx).await;
                false
            }
            is_over = changed(&mut events) => is_over,
        };
        if is_over {
            return;
        }
    }
}

/// Waits until the vault is to be locked.
async fn wait(ctx: &Context) {
    let Ok(settings) = settings::get(ctx) else { return std::future::pending().await };
    let idle = settings.auto_lock.duration();
    let can_lock = ctx.vault.is_unlocked()
        && ctx.vault.protection().is_ok_and(|protection| protection == Protection::Passphrase)
        && (idle.is_some() || settings.lock_on_suspend);
    if !can_lock {
        return std::future::pending().await;
    }
    loop {
        let end = idle.map_or(Timestamp::MAX, |idle| after(ctx.last_input(), idle));
        if ctx.now() >= end {
            return;
        }
        if ctx.clock.wait_until(end).await == WakeReason::Jumped && settings.lock_on_suspend {
            return;
        }
    }
}

/// Waits for an event after which the time to lock may be another. Returns whether the core ends.
async fn changed(events: &mut Receiver<Event>) -> bool {
    loop {
        match events.recv().await {
            Ok(Event::Settings | Event::Vault(_) | Event::ChangedElsewhere) | Err(RecvError::Lagged(_)) => {
                return false;
            }
            Ok(_) => {}
            Err(RecvError::Closed) => return true,
        }
    }
}
