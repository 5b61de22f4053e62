//! The keyring of a Linux or BSD desktop: the Secret Service on the session bus (GNOME Keyring, `KWallet`, KeePassXC).
//! Each call looks it up, so that it is used as soon as it is available.

mod bus;
mod errors;
mod names;
mod signals;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use grapnel_model::error::Error;
use secret_service::blocking::{Collection, Item, SecretService};
use secret_service::{EncryptionType, Error as ServiceError};
use zbus::blocking::Connection;
use zbus::zvariant::{ObjectPath, OwnedObjectPath};

use super::keyring::{Keyring, KeyringSignal, pause};
use bus::Bus;
use errors::Reply;
use names::{NAME, PATH, SERVICE};

/// The service attribute of the entry.
const FILED_UNDER: &str = "dev.grapnel.desktop";
/// The label of the entry.
const LABEL: &str = "Grapnel vault key";
/// A search that took longer has prompted the person to unlock something (KeePassXC does); a second prompt is avoided.
const PROMPT_THRESHOLD: Duration = Duration::from_secs(1);
/// Delay between a signal and asking the keyring, since signals come in bursts.
const SETTLE_DELAY: Duration = Duration::from_millis(500);

/// The keyring of the operating system.
#[derive(Debug, Clone, Default)]
pub struct SystemKeyring {
    /// The address of the bus; `None` for the session bus.
    bus: Option<String>,
}

impl SystemKeyring {
    /// The keyring on the bus at `address`.
    pub fn on_bus(address: &str) -> Self {
        Self { bus: Some(address.to_owned()) }
    }

    fn connect(&self) -> Result<Service, Error> {
        let Bus { connection, is_private } = bus::connect(self.bus.as_deref())?;
        let open = |encryption| SecretService::connect_with_existing(encryption, connection.clone());
        let service = match open(EncryptionType::Dh) {
            Ok(service) => service,
            // The service cannot encrypt (KWallet without its plugin, pass-secrets). Only programs of this account can
            // read the bus's Unix socket, and they could ask the service themselves.
            Err(error) if matches!(Reply::of(&error), Reply::Other) => {
                if !is_private {
                    return Err(errors::no_encryption(&error));
                }
                tracing::warn!(%error, "the keyring offers no encrypted session");
                open(EncryptionType::Plain).map_err(|error| errors::failed(&error))?
            }
            Err(error) => return Err(errors::failed(&error)),
        };
        Ok(Service { service, connection })
    }
}

impl Keyring for SystemKeyring {
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        self.find(name, &|_| false)
    }

    fn find(&self, name: &str, is_right: &dyn Fn(&[u8]) -> bool) -> Result<Option<Vec<u8>>, Error> {
        let service = self.connect()?;
        let start = Instant::now();
        let mut found = service.search(name)?;
        if found.is_empty() {
            service.open_default(start.elapsed() > PROMPT_THRESHOLD)?;
            found = service.search(name)?;
        }
        if found.is_empty() {
            return service.is_nowhere_else().map(|()| None);
        }
        service.unlock(&found)?;
        one_of(&found, is_right)
    }

    fn set(&self, name: &str, key: &[u8]) -> Result<(), Error> {
        let service = self.connect()?;
        let collection = service.collection_to_write()?;
        let created = collection.create_item(LABEL, attributes(name), key, true, "application/octet-stream");
        created.map(drop).map_err(|error| match Reply::of(&error) {
            Reply::Dismissed => errors::denied(),
            _ => errors::failed(&error),
        })
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        let service = self.connect()?;
        let found = service.search(name)?;
        service.unlock(&found)?;
        found.iter().try_for_each(|item| match item.delete() {
            Err(error) if Reply::of(&error) != Reply::NoObject => Err(errors::failed(&error)),
            _ => Ok(()),
        })
    }

    fn look(&self) -> Result<(), Error> {
        signals::look(&bus::connect(self.bus.as_deref())?.connection)
    }

    fn wake(&self) -> KeyringSignal {
        let bus = self.bus.clone();
        Box::pin(async move { signals::wake(bus.as_deref()).await })
    }

    fn may_answer(&self, tries: u32) -> KeyringSignal {
        let bus = self.bus.clone();
        Box::pin(async move {
            if tries > 0 {
                tokio::select! {
                    () = pause(tries) => {}
                    // Another collection was unlocked, or an entry was added.
                    () = async {
                        signals::changed(bus.as_deref()).await;
                        tokio::time::sleep(SETTLE_DELAY).await;
                    } => {}
                }
            }
            if let Err(error) = signals::unlocked(bus.as_deref()).await {
                tracing::info!(%error, "the keyring’s availability cannot be watched");
                pause(tries).await;
            }
        })
    }

    fn opened(&self) -> KeyringSignal {
        let bus = self.bus.clone();
        Box::pin(async move {
            let mut tries = 0;
            while let Err(error) = signals::unlocked(bus.as_deref()).await {
                tracing::info!(%error, "the keyring’s availability cannot be watched");
                pause(tries).await;
                tries += 1;
            }
        })
    }

    fn closed(&self) -> KeyringSignal {
        let bus = self.bus.clone();
        Box::pin(async move {
            if let Err(error) = signals::closed(bus.as_deref()).await {
                tracing::info!(%error, "the locking of the keyring cannot be watched");
            }
        })
    }
}

fn attributes(name: &str) -> HashMap<&str, &str> {
    HashMap::from([("service", FILED_UNDER), ("username", name)])
}

struct Service {
    service: SecretService<'static>,
    connection: Connection,
}

impl Service {
    /// The entries with this name in all collections. A service may hide entries of a locked collection.
    fn search(&self, name: &str) -> Result<Vec<Item<'_>>, Error> {
        let found = self.service.search_items(attributes(name)).map_err(|error| errors::failed(&error))?;
        let mut items: Vec<Item<'_>> = found.unlocked.into_iter().chain(found.locked).collect();
        items.sort_by(|a, b| a.item_path.cmp(&b.item_path));
        items.dedup_by(|a, b| a.item_path == b.item_path);
        Ok(items)
    }

    /// Unlocks the default collection, which may hide its entries. `was_asked`: whether the person was just prompted.
    fn open_default(&self, was_asked: bool) -> Result<(), Error> {
        let collection = match self.service.get_default_collection() {
            Ok(collection) => collection,
            Err(ServiceError::NoResult) => return Err(errors::not_open(&self.locked_labels())),
            Err(error) => return Err(errors::failed(&error)),
        };
        if !Self::is_locked(&collection)? {
            return Ok(());
        }
        // Some services unlock without a prompt.
        let path = &*collection.collection_path;
        let asked: zbus::Result<(Vec<OwnedObjectPath>, OwnedObjectPath)> = self
            .connection
            .call_method(Some(NAME), PATH, Some(SERVICE), "Unlock", &(vec![path],))
            .and_then(|reply| reply.body().deserialize());
        let (unlocked, _) = asked.map_err(|error| errors::failed(&error.into()))?;
        if unlocked.is_empty() {
            if was_asked {
                return Err(errors::locked());
            }
            collection.unlock().map_err(|error| errors::failed(&error))?;
        }
        if Self::is_locked(&collection)? { Err(errors::locked()) } else { Ok(()) }
    }

    /// Whether the default collection is locked; an error if it does not exist.
    fn is_locked(collection: &Collection<'_>) -> Result<bool, Error> {
        collection.is_locked().map_err(|error| match Reply::of(&error) {
            Reply::NoObject => errors::dangling(&collection.collection_path),
            _ => errors::failed(&error),
        })
    }

    /// Fails if another collection is locked, since the entry may be in it.
    fn is_nowhere_else(&self) -> Result<(), Error> {
        let locked = self.locked_labels();
        if locked.is_empty() { Ok(()) } else { Err(errors::not_open(&locked)) }
    }

    fn locked_labels(&self) -> Vec<String> {
        let all = self.service.get_all_collections().unwrap_or_default();
        let locked = all.iter().filter(|collection| collection.is_locked().unwrap_or(false));
        locked.map(|collection| label(collection.get_label(), &collection.collection_path)).collect()
    }

    /// Unlocks the locked entries. May prompt the person.
    fn unlock(&self, items: &[Item<'_>]) -> Result<(), Error> {
        let locked: Vec<&Item<'_>> = items.iter().filter(|item| item.is_locked().unwrap_or(false)).collect();
        if locked.is_empty() {
            return Ok(());
        }
        self.service.unlock_all(&locked).map_err(|error| match Reply::of(&error) {
            // Either the collection is still locked, or it is unlocked and the person denied access to this entry.
            Reply::Dismissed if locked.iter().all(|item| self.is_in_open_collection(item)) => {
                errors::denied()
            }
            _ => errors::failed(&error),
        })
    }

    /// The path of an entry is the path of its collection and a name.
    fn is_in_open_collection(&self, item: &Item<'_>) -> bool {
        let parent =
            item.item_path.rsplit_once('/').and_then(|(parent, _)| ObjectPath::try_from(parent).ok());
        let collection = parent.and_then(|path| self.service.get_collection_by_path(path.into()).ok());
        collection.is_some_and(|collection| collection.is_locked().is_ok_and(|locked| !locked))
    }

    /// The default collection, unlocked. If there is none, it is created, for which the service prompts the person.
    fn collection_to_write(&self) -> Result<Collection<'_>, Error> {
        match self.service.get_default_collection() {
            Ok(collection) => {
                if Self::is_locked(&collection)? {
                    self.open_default(false)?;
                }
                Ok(collection)
            }
            Err(ServiceError::NoResult) => {
                let made = self.service.create_collection("Default keyring", "default");
                let made = made.and_then(|collection| collection.is_locked().map(|_| collection));
                made.map_err(|error| {
                    tracing::warn!(%error, "the default collection could not be created");
                    errors::no_collection()
                })
            }
            Err(error) => Err(errors::failed(&error)),
        }
    }
}

/// The label of an entry or a collection; if it has none, the last part of its path.
fn label(told: Result<String, ServiceError>, path: &ObjectPath<'_>) -> String {
    let told = told.ok().filter(|label| !label.trim().is_empty());
    told.unwrap_or_else(|| path.rsplit('/').next().unwrap_or_default().to_owned())
}

/// The key of the only entry, or the right key among several: a restored backup or a synchronized database leaves
/// copies.
fn one_of(items: &[Item<'_>], is_right: &dyn Fn(&[u8]) -> bool) -> Result<Option<Vec<u8>>, Error> {
    let mut keys = Vec::new();
    for item in items {
        match item.get_secret() {
            Ok(key) if is_right(&key) => return Ok(Some(key)),
            Ok(key) => keys.push(key),
            Err(error) => match Reply::of(&error) {
                Reply::NoObject => {}
                // The collection is unlocked by now, so access to this entry was denied.
                Reply::Locked | Reply::Denied => return Err(errors::denied()),
                _ => return Err(errors::failed(&error)),
            },
        }
    }
    keys.dedup();
    if keys.len() > 1 {
        let labels: Vec<String> = items.iter().map(|item| label(item.get_label(), &item.item_path)).collect();
        return Err(errors::ambiguous(&labels));
    }
    Ok(keys.pop())
}
