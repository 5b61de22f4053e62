//! The tray: how the worst connection stands, and the way to those that need the person. Only where it is asked for.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use grapnel_core::Grapnel;
use grapnel_core::connection::Tally;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::ConnectionId;
use ksni::menu::{MenuItem, StandardItem};
use ksni::{Handle, Icon, OfflineReason, Status, ToolTip, TrayMethods};
use tauri::{AppHandle, Manager};
use tokio::sync::Mutex;
use zbus::export::futures_core::Stream;
use zbus::fdo::DBusProxy;
use zbus::message::Type;
use zbus::{Connection, MatchRule, MessageStream};

use crate::arguments::activation;
use crate::window;

/// Who shows trays on this desktop.
const WATCHER: &str = "org.kde.StatusNotifierWatcher";
/// At a login it may come after Grapnel.
const PATIENCE: Duration = Duration::from_secs(20);
/// As many connections that need the person are in the menu.
const NAMED: usize = 5;

/// The program's place in the tray, while it has one.
#[derive(Default)]
pub(crate) struct Tray {
    item: Mutex<Option<Handle<Item>>>,
    is_seen: AtomicBool,
}

impl Tray {
    /// Whether the program can be found in the tray now.
    pub(crate) fn is_seen(&self) -> bool {
        self.is_seen.load(Ordering::Relaxed)
    }

    /// Takes a place in the tray, or gives it up. Fails where this desktop has no tray.
    pub(crate) async fn set(&self, app: &AppHandle, core: &Grapnel, on: bool) -> Result<()> {
        let mut item = self.item.lock().await;
        match (&*item, on) {
            (None, true) => {
                let tally = core.tally()?;
                let spawned = Item { app: app.clone(), icon: icon(app), tally }.spawn().await;
                *item = Some(spawned.map_err(|error| absent(&error))?);
            }
            (Some(held), false) => {
                held.shutdown().await;
                *item = None;
            }
            _ => return Ok(()),
        }
        self.is_seen.store(on, Ordering::Relaxed);
        Ok(())
    }

    /// Shows how the connections stand now.
    pub(super) async fn update(&self, core: &Grapnel) {
        let item = self.item.lock().await;
        let (Some(item), Ok(tally)) = (&*item, core.tally()) else { return };
        item.update(|shown| shown.tally = tally).await;
    }
}

/// Waits for the desktop's tray, for a while.
pub(super) async fn host() -> zbus::Result<()> {
    let bus = Connection::session().await?;
    let rule = MatchRule::builder().msg_type(Type::Signal).sender("org.freedesktop.DBus")?;
    let rule = rule.member("NameOwnerChanged")?.arg(0, WATCHER)?.build();
    let mut comes = MessageStream::for_match_rule(rule, &bus, None).await?;
    // Looked at now that nothing is missed any more.
    if DBusProxy::new(&bus).await?.name_has_owner(WATCHER.try_into()?).await? {
        return Ok(());
    }
    let heard =
        tokio::time::timeout(PATIENCE, poll_fn(|context| Pin::new(&mut comes).poll_next(context))).await;
    heard.ok().flatten().unwrap_or(Err(zbus::Error::InvalidReply)).map(drop)
}

fn absent(error: &ksni::Error) -> Error {
    tracing::warn!(%error, "there is no tray");
    let mut trouble = Error::new(Code::InvalidInput, "This desktop shows no tray.")
        .means("Closing the window ends Grapnel, as before.")
        .hint("GNOME shows one with the extension AppIndicator.");
    trouble.field = Some("tray".to_owned());
    trouble
}

struct Item {
    app: AppHandle,
    icon: Vec<Icon>,
    tally: Tally,
}

impl ksni::Tray for Item {
    fn id(&self) -> String {
        crate::scheme::SCHEME.to_owned()
    }

    fn title(&self) -> String {
        "Grapnel".to_owned()
    }

    fn icon_pixmap(&self) -> Vec<Icon> {
        self.icon.clone()
    }

    fn status(&self) -> Status {
        if self.tally.needing.is_empty() { Status::Active } else { Status::NeedsAttention }
    }

    fn attention_icon_pixmap(&self) -> Vec<Icon> {
        self.icon.clone()
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip { title: "Grapnel".to_owned(), description: standing(&self.tally), ..ToolTip::default() }
    }

    fn activate(&mut self, _: i32, _: i32) {
        show(&self.app, None);
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        let entry = |label: String, does: Box<dyn Fn(&mut Self) + Send>| {
            // An underscore would mark the letter after it.
            let label = label.replace('_', "__");
            MenuItem::from(StandardItem { label, activate: does, ..StandardItem::default() })
        };
        let said = StandardItem { label: standing(&self.tally), enabled: false, ..StandardItem::default() };
        let mut menu = vec![said.into(), MenuItem::Separator];
        menu.push(entry("Open Grapnel".to_owned(), Box::new(|item| show(&item.app, None))));
        for connection in self.tally.needing.iter().take(NAMED) {
            let id = connection.id.clone();
            let does = move |item: &mut Self| show(&item.app, Some(id.clone()));
            menu.push(entry(format!("Sign in again: {}", connection.name), Box::new(does)));
        }
        menu.push(MenuItem::Separator);
        menu.push(entry("Quit".to_owned(), Box::new(|item| item.app.exit(0))));
        menu
    }

    fn watcher_online(&self) {
        self.app.state::<Tray>().is_seen.store(true, Ordering::Relaxed);
    }

    /// A program that is in no tray and has no window could not be found any more.
    fn watcher_offline(&self, _: OfflineReason) -> bool {
        self.app.state::<Tray>().is_seen.store(false, Ordering::Relaxed);
        window::show_if_hidden(&self.app);
        true
    }
}

/// Brings the window to the front by what the panel gives with a click.
fn show(app: &AppHandle, about: Option<ConnectionId>) {
    if let Some(token) = ksni::current_xdg_activation_token().and_then(|token| activation(&token)) {
        app.state::<window::Activation>().keep(token);
    }
    window::show_about(app, about);
}

/// The worst state, and how many connections are in it.
fn standing(tally: &Tally) -> String {
    let worst_first = [
        (tally.needing.len(), "needs a new sign-in", "need a new sign-in"),
        (tally.locked, "waits for the keyring", "wait for the keyring"),
        (tally.retrying, "is tried again", "are tried again"),
    ];
    for (count, one, several) in worst_first {
        match count {
            0 => {}
            1 if tally.all == 1 => return format!("The connection {one}"),
            1 => return format!("1 of {} connections {one}", tally.all),
            count => return format!("{count} of {} connections {several}", tally.all),
        }
    }
    match tally.all - tally.disconnected {
        0 => "No connection".to_owned(),
        1 => "The connection is well".to_owned(),
        count => format!("All {count} connections are well"),
    }
}

/// The program's icon, as a tray takes it: alpha first.
fn icon(app: &AppHandle) -> Vec<Icon> {
    let Some(image) = app.default_window_icon() else { return Vec::new() };
    let (Ok(width), Ok(height)) = (image.width().try_into(), image.height().try_into()) else {
        return Vec::new();
    };
    let data =
        image.rgba().chunks_exact(4).flat_map(|pixel| [pixel[3], pixel[0], pixel[1], pixel[2]]).collect();
    vec![Icon { width, height, data }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_state_is_told_with_its_count() {
        let needing = |count| {
            let one = serde_json::json!({
                "id": "c", "name": "c", "app_id": "a", "app_name": "a", "provider": "custom", "provider_name": "P",
                "state": "reconnect_needed", "expires_at": null, "retry_at": null,
                "lacks_scopes": false,
            });
            vec![serde_json::from_value(one).unwrap(); count]
        };
        let of = |all, disconnected, locked, retrying, count| Tally {
            all,
            disconnected,
            locked,
            retrying,
            needing: needing(count),
        };
        let cases = [
            (of(0, 0, 0, 0, 0), "No connection"),
            (of(1, 1, 0, 0, 0), "No connection"),
            (of(1, 0, 0, 0, 0), "The connection is well"),
            (of(3, 1, 0, 0, 0), "All 2 connections are well"),
            (of(1, 0, 1, 0, 0), "The connection waits for the keyring"),
            (of(2, 0, 0, 1, 0), "1 of 2 connections is tried again"),
            (of(3, 0, 2, 1, 0), "2 of 3 connections wait for the keyring"),
            (of(3, 0, 1, 1, 1), "1 of 3 connections needs a new sign-in"),
        ];
        for (tally, said) in cases {
            assert_eq!(standing(&tally), said);
        }
    }
}
