//! The tray: how the worst connection stands, and the way to those that need the person. Only where it is asked for.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use grapnel_core::Grapnel;
use grapnel_core::connection::{State, Summary};
use grapnel_core::error::{Code, Error, Result};
use ksni::menu::{MenuItem, StandardItem};
use ksni::{Handle, Icon, OfflineReason, Status, ToolTip, TrayMethods};
use tauri::{AppHandle, Manager};
use tokio::sync::Mutex;
use zbus::export::futures_core::Stream;
use zbus::fdo::DBusProxy;
use zbus::message::Type;
use zbus::{Connection, MatchRule, MessageStream};

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
                let all = core.connections()?;
                let spawned = Item { app: app.clone(), icon: icon(app), all }.spawn().await;
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
        let (Some(item), Ok(all)) = (&*item, core.connections()) else { return };
        item.update(|shown| shown.all = all).await;
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
    all: Vec<Summary>,
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
        if needing(&self.all).next().is_some() { Status::NeedsAttention } else { Status::Active }
    }

    fn attention_icon_pixmap(&self) -> Vec<Icon> {
        self.icon.clone()
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip { title: "Grapnel".to_owned(), description: standing(&self.all), ..ToolTip::default() }
    }

    fn activate(&mut self, _: i32, _: i32) {
        window::show(&self.app);
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        let entry = |label: String, does: Box<dyn Fn(&mut Self) + Send>| {
            // An underscore would mark the letter after it.
            let label = label.replace('_', "__");
            MenuItem::from(StandardItem { label, activate: does, ..StandardItem::default() })
        };
        let said = StandardItem { label: standing(&self.all), enabled: false, ..StandardItem::default() };
        let mut menu = vec![said.into(), MenuItem::Separator];
        menu.push(entry("Open Grapnel".to_owned(), Box::new(|item| window::show(&item.app))));
        for connection in needing(&self.all).take(NAMED) {
            let id = connection.id.clone();
            let does = move |item: &mut Self| window::show_about(&item.app, Some(id.clone()));
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

fn needing(all: &[Summary]) -> impl Iterator<Item = &Summary> {
    all.iter().filter(|connection| connection.state == State::ReconnectNeeded)
}

/// The worst state, and how many connections are in it.
fn standing(all: &[Summary]) -> String {
    let worst_first: [(State, &str, &str); 3] = [
        (State::ReconnectNeeded, "needs a new sign-in", "need a new sign-in"),
        (State::Locked, "waits for the keyring", "wait for the keyring"),
        (State::Retrying, "is tried again", "are tried again"),
    ];
    for (state, one, several) in worst_first {
        match all.iter().filter(|connection| connection.state == state).count() {
            0 => {}
            1 if all.len() == 1 => return format!("The connection {one}"),
            1 => return format!("1 of {} connections {one}", all.len()),
            count => return format!("{count} of {} connections {several}", all.len()),
        }
    }
    match all.iter().filter(|connection| connection.state != State::Disconnected).count() {
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

    fn all(states: &[&str]) -> Vec<Summary> {
        let one = |state: &&str| {
            serde_json::json!({
                "id": "c", "name": "c", "app_id": "a", "app_name": "a", "provider": "custom", "provider_name": "P",
                "state": state, "expires_at": null, "retry_at": null,
            })
        };
        states.iter().map(|state| serde_json::from_value(one(state)).unwrap()).collect()
    }

    #[test]
    fn the_worst_state_is_told_with_its_count() {
        let cases: [(&[&str], &str); 8] = [
            (&[], "No connection"),
            (&["disconnected"], "No connection"),
            (&["active"], "The connection is well"),
            (&["active", "expired", "disconnected"], "All 2 connections are well"),
            (&["locked"], "The connection waits for the keyring"),
            (&["active", "retrying"], "1 of 2 connections is tried again"),
            (&["locked", "locked", "retrying"], "2 of 3 connections wait for the keyring"),
            (&["retrying", "reconnect_needed", "locked"], "1 of 3 connections needs a new sign-in"),
        ];
        for (states, said) in cases {
            assert_eq!(standing(&all(states)), said);
        }
    }
}
