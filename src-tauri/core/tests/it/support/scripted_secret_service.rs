//! A scripted Secret Service on its own bus, which behaves like real keyrings when they fail. It supports only plain
//! sessions.

#![expect(
    clippy::unused_self,
    clippy::used_underscore_binding,
    clippy::needless_pass_by_value,
    clippy::struct_excessive_bools,
    reason = "the interfaces are given, and each switch is a fault of its own"
)]

use std::collections::HashMap;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};

use tempfile::TempDir;
use zbus::fdo;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, interface};

const PATH: &str = "/org/freedesktop/secrets";
const COLLECTION: &str = "/org/freedesktop/secrets/collection/login";
const PROMPT: &str = "/org/freedesktop/secrets/prompt/p";
const NONE: &str = "/";

/// A bus, which ends when this is dropped.
pub(crate) struct Bus {
    daemon: Child,
    pub(crate) address: String,
    _folder: TempDir,
}

impl Bus {
    /// Starts a bus that activates no service.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("unix:path={}/bus", folder.path().display());
        let config = folder.path().join("bus.conf");
        let text = format!(
            r#"<busconfig><type>session</type><listen>{address}</listen><policy context="default">
            <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
            </policy></busconfig>"#
        );
        std::fs::write(&config, text).unwrap();
        let mut daemon = Command::new("dbus-daemon");
        daemon.arg("--nofork").arg(format!("--config-file={}", config.display())).stdin(Stdio::null());
        let daemon = daemon.spawn().unwrap();
        let bus = Self { daemon, address, _folder: folder };
        while bus.connect().await.is_err() {
            tokio::task::yield_now().await;
        }
        bus
    }

    pub(crate) async fn connect(&self) -> zbus::Result<Connection> {
        zbus::connection::Builder::address(&*self.address)?.build().await
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// The person's reaction to a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Person {
    Agrees,
    Dismisses,
}

/// The state of the service.
#[derive(Clone)]
pub(crate) struct How {
    /// The collection behind the alias `default`.
    pub(crate) default: Option<&'static str>,
    pub(crate) locked: bool,
    /// Whether locked entries are hidden from a search, as by KeePassXC.
    pub(crate) hides: bool,
    /// Whether it unlocks without a prompt.
    pub(crate) unlocks_at_once: bool,
    pub(crate) person: Person,
    /// Whether access to entries is denied although their collection is unlocked.
    pub(crate) denies: bool,
    /// Whether it refuses to open a session.
    pub(crate) no_session: bool,
}

impl Default for How {
    fn default() -> Self {
        Self {
            default: Some(COLLECTION),
            locked: false,
            hides: false,
            unlocks_at_once: false,
            person: Person::Dismisses,
            denies: false,
            no_session: false,
        }
    }
}

#[derive(Clone)]
struct Entry {
    path: String,
    label: String,
    attributes: HashMap<String, String>,
    secret: Vec<u8>,
}

#[derive(Default)]
struct State {
    how: How,
    entries: Vec<Entry>,
    made: usize,
    prompts: usize,
}

/// The service, which runs until this is dropped.
#[derive(Clone)]
pub(crate) struct SecretService {
    state: Arc<Mutex<State>>,
    bus: Connection,
}

impl SecretService {
    pub(crate) async fn start(bus: &Bus, how: How) -> Self {
        let state = Arc::new(Mutex::new(State { how, ..State::default() }));
        let connection = bus.connect().await.unwrap();
        let service = Self { state, bus: connection };
        let server = service.bus.object_server();
        server.at(PATH, Root(service.clone())).await.unwrap();
        server.at(COLLECTION, Collection(service.clone())).await.unwrap();
        server.at(PROMPT, Prompt(service.clone())).await.unwrap();
        service.bus.request_name("org.freedesktop.secrets").await.unwrap();
        service
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The number of prompts.
    pub(crate) fn prompts(&self) -> usize {
        self.state().prompts
    }

    pub(crate) fn set(&self, change: impl FnOnce(&mut How)) {
        change(&mut self.state().how);
    }

    /// Changes the state, and emits the signal.
    pub(crate) async fn tell(&self, change: impl FnOnce(&mut How)) {
        self.set(change);
        let changed = HashMap::from([("Locked", Value::from(self.state().how.locked))]);
        let body = ("org.freedesktop.Secret.Collection", changed, Vec::<&str>::new());
        let properties = "org.freedesktop.DBus.Properties";
        let told = self.bus.emit_signal(None::<&str>, COLLECTION, properties, "PropertiesChanged", &body);
        told.await.unwrap();
    }

    /// Deletes every entry.
    pub(crate) fn wipe(&self) {
        self.state().entries.clear();
    }

    /// Adds another entry with the same attributes, as a synchronized database does. It comes first.
    pub(crate) async fn copy(&self, label: &str, secret: Option<&[u8]>) {
        let copied = {
            let mut state = self.state();
            let mut copied = state.entries[0].clone();
            copied.label = label.into();
            copied.path = format!("{COLLECTION}/a{}", state.made);
            state.made += 1;
            if let Some(secret) = secret {
                copied.secret = secret.to_vec();
            }
            state.entries.insert(0, copied.clone());
            copied
        };
        self.offer(&copied.path).await;
    }

    /// Replaces the secret of every entry.
    pub(crate) fn overwrite(&self, secret: &[u8]) {
        self.state().entries.iter_mut().for_each(|entry| entry.secret = secret.to_vec());
    }

    async fn offer(&self, path: &str) {
        let item = Item(self.clone(), path.to_owned());
        self.bus.object_server().at(path, item).await.unwrap();
    }
}

fn path(of: &str) -> OwnedObjectPath {
    ObjectPath::try_from(of).unwrap().to_owned().into()
}

type Secret = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

#[derive(Debug, zbus::DBusError)]
#[zbus(prefix = "org.freedesktop.Secret.Error")]
enum Refused {
    #[zbus(error)]
    ZBus(zbus::Error),
    IsLocked(String),
    NoSuchObject(String),
}

struct Root(SecretService);

#[interface(name = "org.freedesktop.Secret.Service")]
impl Root {
    fn open_session(&self, algorithm: &str, _input: Value<'_>) -> fdo::Result<(OwnedValue, OwnedObjectPath)> {
        if algorithm != "plain" || self.0.state().how.no_session {
            return Err(fdo::Error::NotSupported(format!("{algorithm} is not supported")));
        }
        Ok((Value::from("").try_into().unwrap(), path("/org/freedesktop/secrets/session/s")))
    }

    fn create_collection(
        &self,
        _properties: HashMap<String, OwnedValue>,
        alias: &str,
    ) -> (OwnedObjectPath, OwnedObjectPath) {
        assert_eq!(alias, "default");
        (path(NONE), path(PROMPT))
    }

    fn search_items(
        &self,
        attributes: HashMap<String, String>,
    ) -> (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) {
        let state = self.0.state();
        let found = state.entries.iter().filter(|entry| entry.attributes == attributes);
        let found: Vec<_> = found.map(|entry| path(&entry.path)).collect();
        match (state.how.locked, state.how.hides) {
            (true, true) => Default::default(),
            (true, false) => (Vec::new(), found),
            (false, _) if state.how.denies => (Vec::new(), found),
            (false, _) => (found, Vec::new()),
        }
    }

    fn unlock(&self, objects: Vec<OwnedObjectPath>) -> (Vec<OwnedObjectPath>, OwnedObjectPath) {
        let mut state = self.0.state();
        if state.how.unlocks_at_once {
            state.how.locked = false;
        }
        let is_open = !state.how.locked && !state.how.denies;
        if is_open { (objects, path(NONE)) } else { (Vec::new(), path(PROMPT)) }
    }

    fn read_alias(&self, name: &str) -> OwnedObjectPath {
        let default = self.0.state().how.default.filter(|_| name == "default");
        path(default.unwrap_or(NONE))
    }

    #[zbus(property)]
    fn collections(&self) -> Vec<OwnedObjectPath> {
        vec![path(COLLECTION)]
    }
}

struct Collection(SecretService);

#[interface(name = "org.freedesktop.Secret.Collection")]
impl Collection {
    async fn create_item(
        &self,
        properties: HashMap<String, OwnedValue>,
        secret: Secret,
        _replace: bool,
    ) -> Result<(OwnedObjectPath, OwnedObjectPath), Refused> {
        let of = |name: &str| properties[&format!("org.freedesktop.Secret.Item.{name}")].try_clone().unwrap();
        let entry = {
            let mut state = self.0.state();
            if state.how.locked {
                return Err(Refused::IsLocked("it is locked".into()));
            }
            state.made += 1;
            let entry = Entry {
                path: format!("{COLLECTION}/i{}", state.made),
                label: of("Label").try_into().unwrap(),
                attributes: of("Attributes").try_into().unwrap(),
                secret: secret.2,
            };
            state.entries.push(entry.clone());
            entry
        };
        self.0.offer(&entry.path).await;
        Ok((path(&entry.path), path(NONE)))
    }

    #[zbus(property)]
    fn locked(&self) -> bool {
        self.0.state().how.locked
    }

    #[zbus(property)]
    fn label(&self) -> String {
        "Login".into()
    }
}

struct Item(SecretService, String);

impl Item {
    fn entry(&self) -> Option<Entry> {
        self.0.state().entries.iter().find(|entry| entry.path == self.1).cloned()
    }
}

#[interface(name = "org.freedesktop.Secret.Item")]
impl Item {
    fn get_secret(&self, session: OwnedObjectPath) -> Result<Secret, Refused> {
        let how = self.0.state().how.clone();
        if how.locked || how.denies {
            return Err(Refused::IsLocked("it is locked".into()));
        }
        let entry = self.entry().ok_or_else(|| Refused::NoSuchObject("it is gone".into()))?;
        Ok((session, Vec::new(), entry.secret, "application/octet-stream".into()))
    }

    fn delete(&self) -> OwnedObjectPath {
        self.0.state().entries.retain(|entry| entry.path != self.1);
        path(NONE)
    }

    #[zbus(property)]
    fn locked(&self) -> bool {
        let how = &self.0.state().how;
        how.locked || how.denies
    }

    #[zbus(property)]
    fn label(&self) -> String {
        self.entry().map(|entry| entry.label).unwrap_or_default()
    }
}

struct Prompt(SecretService);

#[interface(name = "org.freedesktop.Secret.Prompt")]
impl Prompt {
    async fn prompt(
        &self,
        _window: &str,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> fdo::Result<()> {
        let (dismissed, result) = {
            let mut state = self.0.state();
            state.prompts += 1;
            if state.how.person == Person::Dismisses {
                (true, path(NONE))
            } else {
                state.how =
                    How { default: Some(COLLECTION), locked: false, denies: false, ..state.how.clone() };
                (false, path(COLLECTION))
            }
        };
        Ok(Self::completed(&emitter, dismissed, Value::from(result)).await?)
    }

    #[zbus(signal)]
    async fn completed(emitter: &SignalEmitter<'_>, dismissed: bool, result: Value<'_>) -> zbus::Result<()>;
}
