//! Asking the keyring for the vault's key, or making the vault with its first secret. Blocks.

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::{hex, random};
use zeroize::Zeroizing;

use super::errors::passphrase_needed;
use super::keyring::Keyring;
use super::open_vault::Opened;
use super::seal::Key;
use crate::Store;
use crate::vault_table::{VaultRow, forget_retired, settle_vault, vault};

/// What the check value is sealed for, and what it says.
const CHECK: (&str, &[u8]) = ("vault/check", b"grapnel");

/// The key of the vault that the keyring opens; the vault is made where there is none.
pub(super) fn ask(keyring: &dyn Keyring, store: &Store) -> Result<Opened> {
    let row = if let Some(row) = store.read(vault)? {
        row
    } else {
        let (new, _) = make(keyring).map_err(offer)?;
        store.write(|tx| settle_vault(tx, &new))?
    };
    let opened = fetch(keyring, &row)?;
    retire(keyring, store, &row);
    Ok(opened)
}

fn fetch(keyring: &dyn Keyring, row: &VaultRow) -> Result<Opened> {
    if row.stretch.is_some() {
        return Err(passphrase_needed());
    }
    let is_right = |bytes: &[u8]| Key::from_bytes(bytes).is_some_and(|key| opens(&key, row));
    let bytes = Zeroizing::new(keyring.find(&row.name, &is_right)?.ok_or_else(missing)?);
    let key = Key::from_bytes(&bytes).ok_or_else(wrong)?;
    if opens(&key, row) { Ok(Opened { vault: row.name.clone(), key }) } else { Err(wrong()) }
}

/// Whether this is the key of that vault.
pub(super) fn opens(key: &Key, row: &VaultRow) -> bool {
    key.open(CHECK.0, &row.check).is_some()
}

/// A vault of this key, under a name that no other has.
pub(super) fn vault_of(key: &Key) -> VaultRow {
    VaultRow {
        name: format!("vault-{}", hex(&random::<8>())),
        check: key.seal(CHECK.0, CHECK.1),
        stretch: None,
        retired: None,
    }
}

/// Makes a key in the keyring. It gets a name that no other key has, so that two processes that both begin here
/// cannot replace each other's; and it is read back, so that a keyring that forgets at once is found out before
/// anything depends on it.
pub(super) fn make(keyring: &dyn Keyring) -> Result<(VaultRow, Key)> {
    let key = Key::random();
    let new = vault_of(&key);
    keyring.set(&new.name, key.as_bytes())?;
    let back = keyring.find(&new.name, &|bytes| bytes == key.as_bytes())?.map(Zeroizing::new);
    if back.is_none_or(|back| *back != key.as_bytes()) {
        return Err(Error::new(Code::KeyringFailed, "Your keyring took a key and forgot it at once.")
            .means("Nothing was stored.")
            .hint("Look whether your keyring has a default collection, then try again."));
    }
    Ok((new, key))
}

/// Removes the key of the vault before from the keyring. It opens nothing any more; where the keyring does not
/// let it go now, it is tried again at the next question.
pub(super) fn retire(keyring: &dyn Keyring, store: &Store, row: &VaultRow) {
    let Some(name) = &row.retired else { return };
    let gone = keyring.remove(name).and_then(|()| store.write(|tx| forget_retired(tx, name)));
    if let Err(error) = gone {
        tracing::warn!(%error, "the key of the vault before is still in the keyring");
    }
}

/// Where nothing was sealed yet, there is another way than the keyring. It is the person's to take.
pub(super) fn offer(error: Error) -> Error {
    if !error.code.is_of_vault() {
        return error;
    }
    let before = error.hint.clone().unwrap_or_default();
    error.hint(format!(
        "{before} Or let a passphrase of yours open the vault instead (Settings; grapnel vault passphrase)."
    ))
}

fn missing() -> Error {
    Error::new(Code::KeyMissing, "Your keyring has no key for this vault any more.")
        .means("The tokens held here cannot be opened without it. They are kept, in case the key comes back.")
        .hint("Bring back the keyring as it was, for example from a backup. If it is lost for good, begin anew (or type “grapnel vault anew”): what is sealed is given up, and you sign in again.")
}

fn wrong() -> Error {
    Error::new(Code::KeyWrong, "The key in your keyring does not open this vault.")
        .means("The tokens held here were sealed under another key. They are kept.")
        .hint("Bring back the keyring that belongs to this data directory. If it is lost for good, begin anew (or type “grapnel vault anew”): what is sealed is given up, and you sign in again.")
}
