//! The real GNOME Keyring on its own bus: sessions are encrypted, and nobody answers its prompts. Skipped if it is not
//! installed; `./dev test` installs it.

use std::collections::HashMap;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use grapnel_core::Grapnel;
use grapnel_core::SystemKeyring;
use grapnel_model::error::Code;
use secret_service::{EncryptionType, SecretService};
use tempfile::TempDir;

use crate::support::scripted_secret_service::Bus;
use crate::support::world::World;

/// The password of the login collection.
const PASSWORD: &[u8] = b"test";

struct Daemon {
    child: Child,
    bus: Bus,
    _home: TempDir,
}

impl Daemon {
    /// Starts the daemon, with or without a login collection; `None` if it is not installed.
    async fn start(with_login: bool) -> Option<Self> {
        let (bus, home) = (Bus::start().await, tempfile::tempdir().unwrap());
        let mut command = Command::new("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets"]).args(with_login.then_some("--unlock"));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", home.path()).env("XDG_RUNTIME_DIR", home.path());
        command.env("XDG_DATA_HOME", home.path()).env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().ok()?;
        child.stdin.take().unwrap().write_all(if with_login { PASSWORD } else { b"" }).unwrap();
        let this = Self { child, bus, _home: home };
        let connection = this.bus.connect().await.unwrap();
        let asked = zbus::fdo::DBusProxy::new(&connection).await.unwrap();
        while !asked.name_has_owner("org.freedesktop.secrets".try_into().unwrap()).await.unwrap() {
            tokio::task::yield_now().await;
        }
        if with_login {
            while this.service().await.get_default_collection().await.is_err() {
                tokio::task::yield_now().await;
            }
        }
        Some(this)
    }

    async fn service(&self) -> SecretService<'static> {
        let connection = self.bus.connect().await.unwrap();
        SecretService::connect_with_existing(EncryptionType::Plain, connection).await.unwrap()
    }

    fn grapnel(&self, world: &World) -> Grapnel {
        let keyring = Arc::new(SystemKeyring::on_bus(&self.bus.address));
        Grapnel::with(world.home.path(), keyring, world.clock.clone()).unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// As after autologin, or with a bare window manager: the daemon runs, but there is nothing to unlock.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_login_collection_is_reported() {
    let Some(daemon) = Daemon::start(false).await else {
        eprintln!("skipped: there is no gnome-keyring-daemon");
        return;
    };
    let world = World::new();
    let error = daemon.grapnel(&world).add_app(world.new_app()).await.unwrap_err();
    assert_eq!(error.code, Code::KeyringNoCollection, "{error:?}");
}

/// A restored backup leaves a second entry with the same attributes.
#[tokio::test(flavor = "multi_thread")]
async fn the_right_one_of_two_entries_is_used() {
    let Some(daemon) = Daemon::start(true).await else {
        eprintln!("skipped: there is no gnome-keyring-daemon");
        return;
    };
    let mut world = World::new();
    world.grapnel = daemon.grapnel(&world);
    let id = world.connect().await;
    let service = daemon.service().await;
    let found = service.search_items(HashMap::from([("service", "dev.grapnel.desktop")])).await.unwrap();
    assert_eq!(found.unlocked.len(), 1);
    let attributes = found.unlocked[0].get_attributes().await.unwrap();
    let attributes: HashMap<&str, &str> =
        attributes.iter().map(|(name, value)| (&**name, &**value)).collect();
    let collection = service.get_default_collection().await.unwrap();
    let second = collection.create_item("Restored", attributes, &[7; 32], false, "application/octet-stream");
    second.await.unwrap();
    world.grapnel = daemon.grapnel(&world);
    assert_eq!(world.grapnel.check_vault().await, None);
    world.grapnel.projects(&id).await.unwrap();
    found.unlocked[0].delete().await.unwrap();
    world.grapnel = daemon.grapnel(&world);
    assert_eq!(world.grapnel.check_vault().await.unwrap().code, Code::KeyWrong);
}
