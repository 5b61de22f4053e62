//! Integration with the desktop: notifications, tray icon, and start at login. Starts once the core is open.

pub(crate) mod autostart;
mod notifications;
#[cfg(target_os = "linux")]
mod suspend;
pub(crate) mod tray;

use std::time::Duration;

use grapnel_core::Grapnel;
use grapnel_model::event::Event;
use tauri::{AppHandle, Manager};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::{Instant, sleep, sleep_until};

use crate::core_handle::CoreHandle;
use crate::window;
use tray::Tray;

/// Events within this time are handled together, such as a provider refusing ten connections at once.
const DEBOUNCE: Duration = Duration::from_secs(1);
/// A keyring that is locked for less time needs no notification: the person is just logging in.
const LOCKED_GRACE: Duration = Duration::from_secs(60);

/// Updates the tray icon and sends notifications on the core's events, until the core is dropped.
pub(crate) async fn follow(app: AppHandle, core: Grapnel, mut events: Receiver<Event>) {
    #[cfg(target_os = "linux")]
    tauri::async_runtime::spawn(suspend::follow(core.clone()));
    let tray = app.state::<Tray>();
    if core.settings().is_ok_and(|settings| settings.tray)
        && let Err(error) = tray.set(&app, &core, true).await
    {
        tracing::warn!(%error, "there is no tray icon");
    }
    // Since when the vault is locked, and whether a notification about that was sent.
    let (mut locked, mut is_notified) = (None::<Instant>, false);
    loop {
        sleep(DEBOUNCE).await;
        let Some(()) = drain(&mut events) else { return };
        let error = core.vault_error().filter(|_| !core.is_locked_on_purpose());
        locked = error.and(locked.or_else(|| Some(Instant::now())));
        is_notified &= locked.is_some();
        if let Err(error) = notifications::send_pending(&app, &core) {
            tracing::warn!(%error, "pending notifications could not be read");
        }
        tray.update(&core).await;
        let locked_deadline = locked.filter(|_| !is_notified).map(|since| since + LOCKED_GRACE);
        tokio::select! {
            event = next(&mut events) => if event.is_none() { return },
            () = async { sleep_until(locked_deadline.unwrap_or_else(Instant::now)).await },
            if locked_deadline.is_some() => {
                is_notified = true;
                notifications::send_locked(&app, &core);
            }
        }
    }
}

/// Waits for an event that may change the status of a connection. `None` when the core is dropped.
async fn next(events: &mut Receiver<Event>) -> Option<()> {
    loop {
        match events.recv().await {
            Ok(Event::Connection(_) | Event::Apps | Event::ChangedElsewhere | Event::Vault(_))
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

/// After a start with `--hidden`: shows the window, unless the person wants a tray icon and the desktop shows it.
pub(crate) async fn stay_hidden(app: &AppHandle) {
    let tray = app.state::<Tray>();
    let has_tray = match app.state::<CoreHandle>().core().await {
        Ok(core) if core.settings().is_ok_and(|settings| settings.tray) => {
            tray::host().await.is_ok() && tray.set(app, core, true).await.is_ok()
        }
        _ => false,
    };
    if !has_tray {
        window::show(app);
    }
}
