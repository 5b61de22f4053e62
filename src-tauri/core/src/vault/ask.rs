//! Asking the keyring for the vault's key, or making the vault with its first secret. Blocks.

use zeroize::Zeroizing;

use super::Keyring;
use super::seal::Key;
use crate::error::{Code, Error, Result};
use crate::secret::{hex, random};
use crate::store::Store;
use crate::store::vault::{VaultRow, settle_vault, vault};

/// What the check value is sealed for, and what it says.
const CHECK: (&str, &[u8]) = ("vault/check", b"grapnel");

pub(super) fn ask(keyring: &dyn Keyring, store: &Store) -> Result<Key> {
    match store.read(vault)? {
        Some(row) => fetch(keyring, &row),
        None => make(keyring, store),
    }
}

fn fetch(keyring: &dyn Keyring, row: &VaultRow) -> Result<Key> {
    let bytes = Zeroizing::new(keyring.get(&row.name)?.ok_or_else(missing)?);
    let key = Key::from_bytes(&bytes).ok_or_else(wrong)?;
    if key.open(CHECK.0, &row.check).is_some() { Ok(key) } else { Err(wrong()) }
}

/// Makes the vault. The new key gets a name that no other key has, so that two processes that both begin here
/// cannot replace each other's; and it is read back, so that a keyring that forgets at once is found out before
/// anything depends on it.
fn make(keyring: &dyn Keyring, store: &Store) -> Result<Key> {
    let key = Key::random();
    let new = VaultRow { name: format!("vault-{}", hex(&random::<8>())), check: key.seal(CHECK.0, CHECK.1) };
    keyring.set(&new.name, key.as_bytes())?;
    let back = keyring.get(&new.name)?.map(Zeroizing::new);
    if back.is_none_or(|back| *back != key.as_bytes()) {
        return Err(Error::new(Code::KeyringFailed, "Your keyring took a key and forgot it at once.")
            .means("Nothing was stored.")
            .hint("Look whether your keyring has a default collection, then try again."));
    }
    let row = store.write(|tx| settle_vault(tx, &new))?;
    fetch(keyring, &row)
}

fn missing() -> Error {
    Error::new(Code::KeyMissing, "Your keyring has no key for this vault any more.")
        .means("The tokens held here cannot be opened without it. They are kept, in case the key comes back.")
        .hint("Bring back the keyring as it was, for example from a backup. Otherwise disconnect, and sign in again.")
}

fn wrong() -> Error {
    Error::new(Code::KeyWrong, "The key in your keyring does not open this vault.")
        .means("The tokens held here were sealed under another key. They are kept.")
        .hint("Bring back the keyring that belongs to this data directory. Otherwise disconnect, and sign in again.")
}
