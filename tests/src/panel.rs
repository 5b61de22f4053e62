//! The desktop's panel: it records notifications, and has a tray.

#![allow(
    clippy::needless_pass_by_value,
    clippy::too_many_arguments,
    clippy::type_complexity,
    clippy::unused_self,
    clippy::used_underscore_binding,
    reason = "the bus hands over all that the specifications name, by value, whether it is used or not"
)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use zbus::message::Header;
use zbus::zvariant::OwnedValue;
use zbus::{Connection, connection, interface, proxy};

use crate::desktop::Desktop;
use crate::wait::until;

const SERVICE: &str = "org.freedesktop.Notifications";
const NOTIFICATIONS: &str = "/org/freedesktop/Notifications";
const WATCHER: &str = "/StatusNotifierWatcher";

/// What was received so far.
#[derive(Debug, Default)]
struct Heard {
    /// The titles of the notifications; the first has ID 1.
    titles: Vec<String>,
    /// The IDs of those that the program closed.
    closed: Vec<u32>,
    /// The items in the tray.
    items: Vec<String>,
}

/// The panel. It is removed when it is dropped.
#[derive(Debug)]
pub struct Panel {
    bus: Connection,
    heard: Arc<Mutex<Heard>>,
}

impl Panel {
    /// Starts the panel on a desktop. It shows notifications once it is told to.
    pub async fn start(desktop: &Desktop) -> Result<Self> {
        let heard = Arc::new(Mutex::new(Heard::default()));
        let bus = connection::Builder::address(desktop.bus_address().as_str())?
            .serve_at(NOTIFICATIONS, Notifications(Arc::clone(&heard)))?
            .serve_at(WATCHER, Watcher(Arc::clone(&heard)))?
            .name("org.kde.StatusNotifierWatcher")?
            .build()
            .await?;
        Ok(Self { bus, heard })
    }

    /// Shows notifications from now on.
    pub async fn show_notifications(&self) -> Result<()> {
        Ok(self.bus.request_name(SERVICE).await?)
    }

    /// The titles of all notifications so far.
    pub fn titles(&self) -> Vec<String> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).titles.clone()
    }

    /// Waits for this number of notifications.
    pub async fn has_told(&self, count: usize) -> Result<Vec<String>> {
        until("the notification", async || {
            let titles = self.titles();
            Ok((titles.len() >= count).then_some(titles))
        })
        .await
    }

    /// Clicks the notification with this ID, and waits until the program closes it.
    pub async fn click(&self, number: u32) -> Result<()> {
        let clicked = &(number, "default");
        self.bus.emit_signal(None::<&str>, NOTIFICATIONS, SERVICE, "ActionInvoked", clicked).await?;
        until("the end of the notification", async || {
            let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(heard.closed.contains(&number).then_some(()))
        })
        .await
    }

    /// The tooltip of the tray's only item.
    pub async fn tooltip(&self) -> Result<String> {
        let (_, _, _, said) = self.item().await?.tool_tip().await?;
        Ok(said)
    }

    /// Clicks the tray's only item.
    pub async fn click_item(&self) -> Result<()> {
        Ok(self.item().await?.activate(0, 0).await?)
    }

    async fn item(&self) -> Result<ItemProxy<'_>> {
        let name = until("an item in the tray", async || {
            Ok(self.heard.lock().unwrap_or_else(PoisonError::into_inner).items.last().cloned())
        })
        .await?;
        ItemProxy::builder(&self.bus).destination(name)?.build().await.context("the item does not answer")
    }
}

struct Notifications(Arc<Mutex<Heard>>);

#[interface(name = "org.freedesktop.Notifications")]
impl Notifications {
    fn notify(
        &self,
        _program: String,
        _replaces: u32,
        _icon: String,
        title: String,
        _text: String,
        _actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _timeout: i32,
    ) -> u32 {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.titles.push(title);
        u32::try_from(heard.titles.len()).unwrap_or(u32::MAX)
    }

    fn close_notification(&self, id: u32) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).closed.push(id);
    }
}

struct Watcher(Arc<Mutex<Heard>>);

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, service: String, #[zbus(header)] from: Header<'_>) {
        // Some items register with their bus name, others only with their object path.
        let own = from.sender().map(ToString::to_string).unwrap_or_default();
        let name = if service.starts_with('/') { own } else { service };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).items.push(name);
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

#[proxy(interface = "org.kde.StatusNotifierItem", default_path = "/StatusNotifierItem")]
trait Item {
    fn activate(&self, x: i32, y: i32) -> zbus::Result<()>;

    #[zbus(property(emits_changed_signal = "false"))]
    fn tool_tip(&self) -> zbus::Result<(String, Vec<(i32, i32, Vec<u8>)>, String, String)>;
}
