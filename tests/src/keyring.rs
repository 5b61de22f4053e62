//! The desktop's keyring: gnome-keyring unlocked as after a login, locked, or absent.

use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use zbus::Connection;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value};

use crate::desktop::Desktop;
use crate::process::Running;
use crate::wait::until;

/// The password of the login keyring. An empty one leaves no usable collection.
const PASSWORD: &str = "test";
/// A locked keyring shows a prompt that nobody answers, so a request to it never returns.
const ANSWER: Duration = Duration::from_secs(2);

/// The initial state of the keyring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyring {
    /// Unlocked, as after a login.
    Unlocked,
    /// Locked, and nobody answers its prompt.
    Locked,
    /// There is no such service on the bus.
    Absent,
}

impl Keyring {
    /// Starts it on this desktop and asserts its state.
    pub async fn start(self, desktop: &Desktop) -> Result<Option<Running>> {
        if self == Self::Absent {
            return Ok(None);
        }
        let open = daemon(desktop, true)?;
        until("the keyring", async || round_trip(desktop).await.map(Some)).await?;
        if self == Self::Unlocked {
            return Ok(Some(open));
        }
        drop(open);
        let locked = daemon(desktop, false)?;
        until("the locked keyring", async || {
            let out = secret_tool(desktop, &["search", "grapnel", "proof"], "").await?;
            Ok(out.succeeded.then_some(()))
        })
        .await?;
        Ok(Some(locked))
    }
}

/// Locks the keyring of this process's session, as a person or a screen lock does.
pub async fn lock() -> Result<()> {
    let bus = Connection::session().await?;
    let collection = collection(&bus).await?;
    bus.call_method(Some(NAME), PATH, Some(SERVICE), "Lock", &(vec![&*collection],)).await?;
    ensure!(is_locked(&bus, &collection).await?, "the keyring stays open");
    Ok(())
}

/// Unlocks it with the person's password, without a prompt.
pub async fn unlock() -> Result<()> {
    const BY_PASSWORD: &str = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface";
    let bus = Connection::session().await?;
    let collection = collection(&bus).await?;
    let plain = ("plain", Value::from(""));
    let opened = bus.call_method(Some(NAME), PATH, Some(SERVICE), "OpenSession", &plain).await?;
    let (_, session): (OwnedValue, OwnedObjectPath) = opened.body().deserialize()?;
    let password = (&*session, Vec::<u8>::new(), PASSWORD.as_bytes(), "text/plain");
    let asked = (&*collection, password);
    bus.call_method(Some(NAME), PATH, Some(BY_PASSWORD), "UnlockWithMasterPassword", &asked).await?;
    ensure!(!is_locked(&bus, &collection).await?, "the keyring stays locked");
    Ok(())
}

const NAME: &str = "org.freedesktop.secrets";
const PATH: &str = "/org/freedesktop/secrets";
const SERVICE: &str = "org.freedesktop.Secret.Service";

async fn collection(bus: &Connection) -> Result<OwnedObjectPath> {
    let alias = bus.call_method(Some(NAME), PATH, Some(SERVICE), "ReadAlias", &"default").await?;
    Ok(alias.body().deserialize()?)
}

async fn is_locked(bus: &Connection, collection: &ObjectPath<'_>) -> Result<bool> {
    let property = ("org.freedesktop.Secret.Collection", "Locked");
    let properties = Some("org.freedesktop.DBus.Properties");
    let reply = bus.call_method(Some(NAME), collection, properties, "Get", &property).await?;
    Ok(reply.body().deserialize::<OwnedValue>()?.try_into()?)
}

/// Asserts that a stored secret can be read.
pub async fn round_trip(desktop: &Desktop) -> Result<()> {
    let stored = secret_tool(desktop, &["store", "--label=proof", "grapnel", "proof"], "kept").await?;
    ensure!(stored.succeeded, "the keyring keeps nothing: {}", stored.said);
    let read = secret_tool(desktop, &["lookup", "grapnel", "proof"], "").await?;
    ensure!(read.said.trim() == "kept", "the keyring gave something else back: {}", read.said);
    Ok(())
}

fn daemon(desktop: &Desktop, unlock: bool) -> Result<Running> {
    let mut command = desktop.command("gnome-keyring-daemon");
    // Without `--foreground` it leaves no usable collection.
    command.args(["--foreground", "--components=secrets"]).stdin(Stdio::piped());
    if unlock {
        command.arg("--unlock");
    }
    let mut daemon = Running::start(&mut command, &desktop.log("keyring"))?;
    // The daemon reads the password until the end of its input.
    let mut input = daemon.child().stdin.take().context("the keyring’s input")?;
    if unlock {
        input.write_all(PASSWORD.as_bytes())?;
    }
    Ok(daemon)
}

struct Answer {
    succeeded: bool,
    said: String,
}

async fn secret_tool(desktop: &Desktop, arguments: &[&str], input: &str) -> Result<Answer> {
    use tokio::io::AsyncWriteExt;

    let mut command = tokio::process::Command::from(desktop.command("secret-tool"));
    command.args(arguments).kill_on_drop(true);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().context("secret-tool's input")?;
    // It may exit before it has read the input; its result says why.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let Ok(output) = tokio::time::timeout(ANSWER, child.wait_with_output()).await else {
        bail!("the keyring does not answer within {ANSWER:?}");
    };
    let output = output?;
    let said = [output.stdout, output.stderr].concat();
    Ok(Answer { succeeded: output.status.success(), said: String::from_utf8_lossy(&said).into_owned() })
}
