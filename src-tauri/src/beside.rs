//! Beside the window: notifications, the tray, and the start at login. All of it begins after the core is open.

pub(crate) mod login;
mod notify;
pub(crate) mod tray;

use std::time::Duration;

use grapnel_core::Grapnel;
use grapnel_model::event::Event;
use tauri::{AppHandle, Manager};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::{Instant, sleep, sleep_until};

use crate::shell::Shell;
use crate::window;
use tray::Tray;

/// What happens within this time is one: ten connections that a provider refuses together, say.
const GATHERED: Duration = Duration::from_secs(1);
/// A keyring that is locked for no longer heals by itself: its owner is just logging in.
const STAYS: Duration = Duration::from_secs(60);

/// Tells the person, and the tray, what the core's events come to.
pub(crate) async fn follow(app: AppHandle, core: Grapnel, mut events: Receiver<Event>) {
    let tray = app.state::<Tray>();
    if core.settings().is_ok_and(|settings| settings.tray)
        && let Err(error) = tray.set(&app, &core, true).await
    {
        tracing::warn!(%error, "there is no tray");
    }
    // When the vault was first seen to be locked; and whether that was told.
    let (mut locked, mut is_told) = (None::<Instant>, false);
    loop {
        sleep(GATHERED).await;
        let Some(()) = drain(&mut events) else { return };
        locked = core.vault_trouble().and(locked.or_else(|| Some(Instant::now())));
        is_told &= locked.is_some();
        if let Err(error) = notify::tell_news(&app, &core) {
            tracing::warn!(%error, "who needs the person is not known");
        }
        tray.update(&core).await;
        let stays = locked.filter(|_| !is_told).map(|since| since + STAYS);
        tokio::select! {
            heard = next(&mut events) => if heard.is_none() { return },
            () = async { sleep_until(stays.unwrap_or_else(Instant::now)).await }, if stays.is_some() => {
                is_told = true;
                notify::tell_locked(&app, &core);
            }
        }
    }
}

/// Waits for something that may change where a connection stands. Nothing when nothing comes any more.
async fn next(events: &mut Receiver<Event>) -> Option<()> {
    loop {
        match events.recv().await {
            Ok(Event::Connection(_) | Event::Apps | Event::Elsewhere | Event::Vault(_))
            | Err(RecvError::Lagged(_)) => return Some(()),
            Ok(_) => {}
            Err(RecvError::Closed) => return None,
        }
    }
}

fn drain(events: &mut Receiver<Event>) -> Option<()> {
    loop {
        match events.try_recv() {
            Ok(_) | Err(TryRecvError::Lagged(_)) => {}
            Err(TryRecvError::Empty) => return Some(()),
            Err(TryRecvError::Closed) => return None,
        }
    }
}

/// After a start without a window: stays so where a tray is asked for and there, and shows the window elsewhere.
pub(crate) async fn stay_hidden(app: &AppHandle) {
    let tray = app.state::<Tray>();
    let is_there = match app.state::<Shell>().core().await {
        Ok(core) if core.settings().is_ok_and(|settings| settings.tray) => {
            tray::host().await.is_ok() && tray.set(app, core, true).await.is_ok()
        }
        _ => false,
    };
    if !is_there {
        window::show(app);
    }
}
