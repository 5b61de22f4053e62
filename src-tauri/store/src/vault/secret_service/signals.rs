//! Watches a Secret Service: whether it is available and unlocked, and when that changes. Nothing here causes a
//! prompt.

use std::future::poll_fn;
use std::pin::Pin;

use grapnel_model::error::Error;
use zbus::export::futures_core::Stream;
use zbus::names::InterfaceName;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue};
use zbus::{Connection, MatchRule, MessageStream, Result, blocking, message::Type};

use super::bus::connect_async;
use super::errors;
use super::names::{NAME, PATH, SERVICE};

/// Waits until a Secret Service runs whose default collection is unlocked.
pub(super) async fn unlocked(bus: Option<&str>) -> Result<()> {
    becomes(bus, true).await
}

/// Waits until no such service runs.
pub(super) async fn closed(bus: Option<&str>) -> Result<()> {
    becomes(bus, false).await
}

/// Waits for any signal of a Secret Service; forever without a bus.
pub(super) async fn changed(bus: Option<&str>) {
    let next = async {
        let bus = connect_async(bus).await?;
        let rule = MatchRule::builder().msg_type(Type::Signal).path_namespace(PATH)?.build();
        let mut changes = MessageStream::for_match_rule(rule, &bus, None).await?;
        next(&mut changes).await
    };
    let next: Result<()> = next.await;
    if next.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn next(of: &mut MessageStream) -> Result<()> {
    let heard = poll_fn(|context| Pin::new(&mut *of).poll_next(context)).await;
    heard.unwrap_or(Err(zbus::Error::InvalidReply)).map(drop)
}

/// Checks that a Secret Service runs or can be started, and has a default collection. Does not start it.
pub(super) fn look(bus: &blocking::Connection) -> std::result::Result<(), Error> {
    let failed = |error: zbus::Error| errors::failed(&error.into());
    let bus_itself = blocking::fdo::DBusProxy::new(bus).map_err(failed)?;
    let running = NAME.try_into().map_err(|error: zbus::names::Error| failed(error.into()));
    let running =
        running.and_then(|name| bus_itself.name_has_owner(name).map_err(|error| failed(error.into())))?;
    if !running {
        let startable = bus_itself.list_activatable_names().map_err(|error| failed(error.into()))?;
        return if startable.iter().any(|name| name.as_str() == NAME) {
            Ok(())
        } else {
            Err(errors::absent())
        };
    }
    let alias = bus.call_method(Some(NAME), PATH, Some(SERVICE), "ReadAlias", &"default").map_err(failed)?;
    let default: OwnedObjectPath = alias.body().deserialize().map_err(failed)?;
    if default.as_str() == "/" { Err(errors::no_collection()) } else { Ok(()) }
}

async fn becomes(bus: Option<&str>, open: bool) -> Result<()> {
    let bus = connect_async(bus).await?;
    let comes = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender("org.freedesktop.DBus")?
        .member("NameOwnerChanged")?
        .arg(0, NAME)?
        .build();
    let changes = MatchRule::builder().msg_type(Type::Signal).path_namespace(PATH)?.build();
    let mut comes = MessageStream::for_match_rule(comes, &bus, None).await?;
    let mut changes = MessageStream::for_match_rule(changes, &bus, None).await?;
    // Checked after the subscription, so that no change is missed.
    while is_unlocked(&bus).await != open {
        tokio::select! {
            heard = next(&mut comes) => heard?,
            heard = next(&mut changes) => heard?,
        }
    }
    Ok(())
}

/// Asks a running service to unlock its default collection if that needs no prompt: some report it as locked until a
/// program asks, although the login has provided the password. A prompt that the service offers is not shown.
pub(super) async fn wake(bus: Option<&str>) {
    let asked = async {
        let bus = &connect_async(bus).await?;
        let Some(collection) = default_collection(bus).await? else { return Ok(()) };
        if locked(bus, &collection).await? {
            bus.call_method(Some(NAME), PATH, Some(SERVICE), "Unlock", &(vec![&*collection],)).await?;
        }
        Ok(())
    };
    let asked: Result<()> = asked.await;
    if let Err(error) = asked {
        tracing::info!(%error, "the keyring could not be unlocked without a prompt");
    }
}

/// The default collection; `None` if it or the service does not exist. Does not start the service.
async fn default_collection(bus: &Connection) -> Result<Option<OwnedObjectPath>> {
    let bus_itself = zbus::fdo::DBusProxy::new(bus).await?;
    if !bus_itself.name_has_owner(NAME.try_into()?).await? {
        return Ok(None);
    }
    let alias = bus.call_method(Some(NAME), PATH, Some(SERVICE), "ReadAlias", &"default").await?;
    let collection: OwnedObjectPath = alias.body().deserialize()?;
    Ok(Some(collection).filter(|path| path.as_str() != "/"))
}

/// Whether the default collection exists and is unlocked.
async fn is_unlocked(bus: &Connection) -> bool {
    let Ok(Some(collection)) = default_collection(bus).await else { return false };
    locked(bus, &collection).await.is_ok_and(|locked| !locked)
}

async fn locked(bus: &Connection, collection: &ObjectPath<'_>) -> Result<bool> {
    let properties = Some("org.freedesktop.DBus.Properties");
    let of = InterfaceName::try_from("org.freedesktop.Secret.Collection")?;
    let asked = bus.call_method(Some(NAME), collection, properties, "Get", &(of, "Locked")).await?;
    let value: OwnedValue = asked.body().deserialize()?;
    Ok(value.try_into()?)
}
