//! The tray icon of a Linux desktop, over the session bus (`StatusNotifierItem`).

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use grapnel_core::Grapnel;
use grapnel_core::connection::StatusCounts;
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

use super::status_text::{MAX_LISTED, status_text};
use crate::arguments::activation;
use crate::program::is_flatpak;
use crate::window;

/// The service that shows tray icons on this desktop.
const WATCHER: &str = "org.kde.StatusNotifierWatcher";
/// How long to wait for that service: at login it may start after Grapnel.
const WATCHER_TIMEOUT: Duration = Duration::from_secs(20);

/// The tray icon, while there is one.
#[derive(Default)]
pub(crate) struct Tray {
    item: Mutex<Option<Handle<Item>>>,
    is_visible: AtomicBool,
}

impl Tray {
    /// Whether the desktop shows the tray icon now.
    pub(crate) fn is_visible(&self) -> bool {
        self.is_visible.load(Ordering::Relaxed)
    }

    /// Adds or removes the tray icon.
    ///
    /// # Errors
    ///
    /// This desktop shows no tray icons.
    pub(crate) async fn set(&self, app: &AppHandle, core: &Grapnel, on: bool) -> Result<()> {
        let mut item = self.item.lock().await;
        match (&*item, on) {
            (None, true) => {
                let status_counts = core.status_counts()?;
                let item_of_app = Item { app: app.clone(), icon: icon(app), status_counts };
                // The sandbox lets no program own the name.
                let spawned = item_of_app.disable_dbus_name(is_flatpak()).spawn().await;
                *item = Some(spawned.map_err(|error| absent(&error))?);
            }
            (Some(held), false) => {
                held.shutdown().await;
                *item = None;
            }
            _ => return Ok(()),
        }
        self.is_visible.store(on, Ordering::Relaxed);
        Ok(())
    }

    /// Updates the status that the icon shows.
    pub(in crate::desktop_integration) async fn update(&self, core: &Grapnel) {
        let item = self.item.lock().await;
        let (Some(item), Ok(status_counts)) = (&*item, core.status_counts()) else { return };
        item.update(|shown| shown.status_counts = status_counts).await;
    }
}

/// Waits for the service that shows tray icons.
pub(in crate::desktop_integration) async fn host() -> zbus::Result<()> {
    let bus = Connection::session().await?;
    let rule = MatchRule::builder().msg_type(Type::Signal).sender("org.freedesktop.DBus")?;
    let rule = rule.member("NameOwnerChanged")?.arg(0, WATCHER)?.build();
    let mut comes = MessageStream::for_match_rule(rule, &bus, None).await?;
    // Checked after subscribing, so that its start is not missed.
    if DBusProxy::new(&bus).await?.name_has_owner(WATCHER.try_into()?).await? {
        return Ok(());
    }
    let appeared =
        tokio::time::timeout(WATCHER_TIMEOUT, poll_fn(|context| Pin::new(&mut comes).poll_next(context)))
            .await;
    appeared.ok().flatten().unwrap_or(Err(zbus::Error::InvalidReply)).map(drop)
}

fn absent(error: &ksni::Error) -> Error {
    tracing::warn!(%error, "there is no tray icon");
    let mut trouble = Error::new(Code::InvalidInput, "This desktop shows no tray icons.")
        .means("Closing the window still quits Grapnel.")
        .hint("On GNOME, install the AppIndicator extension.");
    trouble.field = Some("tray".to_owned());
    trouble
}

struct Item {
    app: AppHandle,
    icon: Vec<Icon>,
    status_counts: StatusCounts,
}

impl ksni::Tray for Item {
    fn id(&self) -> String {
        crate::deep_link::SCHEME.to_owned()
    }

    fn title(&self) -> String {
        "Grapnel".to_owned()
    }

    fn icon_pixmap(&self) -> Vec<Icon> {
        self.icon.clone()
    }

    fn status(&self) -> Status {
        if self.status_counts.needing.is_empty() { Status::Active } else { Status::NeedsAttention }
    }

    fn attention_icon_pixmap(&self) -> Vec<Icon> {
        self.icon.clone()
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip {
            title: "Grapnel".to_owned(),
            description: status_text(&self.status_counts),
            ..ToolTip::default()
        }
    }

    fn activate(&mut self, _: i32, _: i32) {
        show(&self.app, None);
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        let entry = |label: String, does: Box<dyn Fn(&mut Self) + Send>| {
            // A single underscore would mark the next letter as a mnemonic.
            let label = label.replace('_', "__");
            MenuItem::from(StandardItem { label, activate: does, ..StandardItem::default() })
        };
        let status = StandardItem {
            label: status_text(&self.status_counts),
            enabled: false,
            ..StandardItem::default()
        };
        let mut menu = vec![status.into(), MenuItem::Separator];
        menu.push(entry("Open Grapnel".to_owned(), Box::new(|item| show(&item.app, None))));
        for connection in self.status_counts.needing.iter().take(MAX_LISTED) {
            let id = connection.id.clone();
            let does = move |item: &mut Self| show(&item.app, Some(id.clone()));
            menu.push(entry(format!("Reconnect {}", connection.name), Box::new(does)));
        }
        menu.push(MenuItem::Separator);
        menu.push(entry("Quit".to_owned(), Box::new(|item| item.app.exit(0))));
        menu
    }

    fn watcher_online(&self) {
        self.app.state::<Tray>().is_visible.store(true, Ordering::Relaxed);
    }

    /// Without a tray icon and a window, the program would be unreachable.
    fn watcher_offline(&self, _: OfflineReason) -> bool {
        self.app.state::<Tray>().is_visible.store(false, Ordering::Relaxed);
        window::show_if_hidden(&self.app);
        true
    }
}

/// Brings the window to the front, with the activation token of the click.
fn show(app: &AppHandle, about: Option<ConnectionId>) {
    if let Some(token) = ksni::current_xdg_activation_token().and_then(|token| activation(&token)) {
        app.state::<window::Activation>().set(token);
    }
    window::show_about(app, about.map(window::Subject::Connection));
}

/// The program's icon in the tray's format: ARGB, alpha first.
fn icon(app: &AppHandle) -> Vec<Icon> {
    let Some(image) = app.default_window_icon() else { return Vec::new() };
    let (Ok(width), Ok(height)) = (image.width().try_into(), image.height().try_into()) else {
        return Vec::new();
    };
    let data =
        image.rgba().chunks_exact(4).flat_map(|pixel| [pixel[3], pixel[0], pixel[1], pixel[2]]).collect();
    vec![Icon { width, height, data }]
}
