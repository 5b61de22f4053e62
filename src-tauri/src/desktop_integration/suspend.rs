//! Locks the vault before the computer suspends, as systemd-logind announces it. Without logind, the core locks it when
//! the computer resumes.

use std::future::poll_fn;
use std::pin::Pin;

use grapnel_core::Grapnel;
use zbus::export::futures_core::Stream;
use zbus::message::Type;
use zbus::zvariant::OwnedFd;
use zbus::{Connection, MatchRule, MessageStream};

const LOGIND: &str = "org.freedesktop.login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";
const PATH: &str = "/org/freedesktop/login1";

/// Locks the vault at each suspend, if the settings say so, until the bus is lost.
pub(super) async fn follow(core: Grapnel) {
    if let Err(error) = try_follow(&core).await {
        tracing::debug!(%error, "suspend is noticed only when the computer resumes");
    }
}

async fn try_follow(core: &Grapnel) -> zbus::Result<()> {
    let bus = Connection::system().await?;
    let rule = MatchRule::builder().msg_type(Type::Signal).sender(LOGIND)?.interface(MANAGER)?;
    let mut signals =
        MessageStream::for_match_rule(rule.member("PrepareForSleep")?.build(), &bus, None).await?;
    let mut delay = delay(&bus).await;
    while let Some(signal) = poll_fn(|context| Pin::new(&mut signals).poll_next(context)).await {
        let is_suspending: bool = signal?.body().deserialize()?;
        if !is_suspending {
            delay = self::delay(&bus).await;
            continue;
        }
        if core.settings().is_ok_and(|settings| settings.lock_on_suspend) {
            // Fails for a vault without a passphrase, which stays open.
            let _ = core.lock_by_person().await;
        }
        // Lets the computer suspend.
        drop(delay.take());
    }
    Ok(())
}

/// Delays suspend, by at most a few seconds, as long as the returned file is open.
async fn delay(bus: &Connection) -> Option<OwnedFd> {
    let what = ("sleep", "Grapnel", "The vault is locked before", "delay");
    let reply = bus.call_method(Some(LOGIND), PATH, Some(MANAGER), "Inhibit", &what).await;
    reply.ok()?.body().deserialize().ok()
}
