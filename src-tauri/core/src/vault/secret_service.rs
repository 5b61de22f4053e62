//! The Secret Service on the session bus, as far as it says that it answers, or does so no more. It is listened to, and asked
//! nothing that would make it ask the person for a password.

use std::future::poll_fn;

use zbus::export::futures_core::Stream;
use zbus::names::InterfaceName;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue};
use zbus::{Connection, MatchRule, MessageStream, Result, message::Type};

const SERVICE: &str = "org.freedesktop.secrets";
const PATH: &str = "/org/freedesktop/secrets";

/// Waits until a Secret Service is there whose default collection is unlocked.
pub(super) async fn unlocked() -> Result<()> {
    becomes(true).await
}

/// Waits until there is none such.
pub(super) async fn closed() -> Result<()> {
    becomes(false).await
}

async fn becomes(open: bool) -> Result<()> {
    let bus = Connection::session().await?;
    let comes = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender("org.freedesktop.DBus")?
        .member("NameOwnerChanged")?
        .arg(0, SERVICE)?
        .build();
    let changes = MatchRule::builder().msg_type(Type::Signal).path_namespace(PATH)?.build();
    let mut comes = MessageStream::for_match_rule(comes, &bus, None).await?;
    let mut changes = MessageStream::for_match_rule(changes, &bus, None).await?;
    // Looked at once more now that nothing is missed any more.
    while is_unlocked(&bus).await != open {
        let heard = tokio::select! {
            heard = poll_fn(|context| Pin::new(&mut comes).poll_next(context)) => heard,
            heard = poll_fn(|context| Pin::new(&mut changes).poll_next(context)) => heard,
        };
        heard.unwrap_or(Err(zbus::Error::InvalidReply))?;
    }
    Ok(())
}

/// Whether the default collection is there and unlocked. A service that is not running is not started by this.
async fn is_unlocked(bus: &Connection) -> bool {
    let asked = async {
        let bus_itself = zbus::fdo::DBusProxy::new(bus).await?;
        if !bus_itself.name_has_owner(SERVICE.try_into()?).await? {
            return Ok(false);
        }
        let service = Some("org.freedesktop.Secret.Service");
        let alias = bus.call_method(Some(SERVICE), PATH, service, "ReadAlias", &"default").await?;
        let collection: OwnedObjectPath = alias.body().deserialize()?;
        locked(bus, &collection).await.map(|locked| !locked)
    };
    let asked: Result<bool> = asked.await;
    asked.unwrap_or(false)
}

async fn locked(bus: &Connection, collection: &ObjectPath<'_>) -> Result<bool> {
    let properties = Some("org.freedesktop.DBus.Properties");
    let of = InterfaceName::try_from("org.freedesktop.Secret.Collection")?;
    let asked = bus.call_method(Some(SERVICE), collection, properties, "Get", &(of, "Locked")).await?;
    let value: OwnedValue = asked.body().deserialize()?;
    Ok(value.try_into()?)
}
