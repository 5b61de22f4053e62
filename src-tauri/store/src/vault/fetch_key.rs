//! Fetches the vault key from the keyring, or creates the vault at the first secret. Blocks.

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::{hex, random};
use zeroize::Zeroizing;

use super::errors::passphrase_needed;
use super::keyring::Keyring;
use super::open_vault::OpenVault;
use super::seal::VaultKey;
use crate::Store;
use crate::vault_table::{VaultRow, forget_retired, insert_vault_if_absent, vault};

/// Associated data and plaintext of the check value.
const CHECK: (&str, &[u8]) = ("vault/check", b"grapnel");

/// The key from the keyring; creates the vault if there is none.
pub(super) fn fetch_or_create(keyring: &dyn Keyring, store: &Store) -> Result<OpenVault> {
    let row = if let Some(row) = store.read(vault)? {
        row
    } else {
        let (new, _) = create_vault_key(keyring).map_err(offer)?;
        store.write(|tx| insert_vault_if_absent(tx, &new))?
    };
    let opened = fetch(keyring, &row)?;
    retire(keyring, store, &row);
    Ok(opened)
}

fn fetch(keyring: &dyn Keyring, row: &VaultRow) -> Result<OpenVault> {
    if row.kdf_params.is_some() {
        return Err(passphrase_needed());
    }
    let is_right = |bytes: &[u8]| VaultKey::from_bytes(bytes).is_some_and(|key| is_key_of(&key, row));
    let bytes = Zeroizing::new(keyring.find(&row.name, &is_right)?.ok_or_else(missing)?);
    let key = VaultKey::from_bytes(&bytes).ok_or_else(wrong)?;
    if is_key_of(&key, row) { Ok(OpenVault { vault: row.name.clone(), key }) } else { Err(wrong()) }
}

/// Whether `key` opens the check value of the vault.
pub(super) fn is_key_of(key: &VaultKey, row: &VaultRow) -> bool {
    key.open(CHECK.0, &row.check).is_some()
}

/// A vault row for `key`, with a random name.
pub(super) fn vault_of(key: &VaultKey) -> VaultRow {
    VaultRow {
        name: format!("vault-{}", hex(&random::<8>())),
        check: key.seal(CHECK.0, CHECK.1),
        kdf_params: None,
        retired: None,
    }
}

/// Creates a key and stores it in the keyring. Its random name keeps two concurrent processes from replacing each
/// other's key. The key is read back, to detect a keyring that does not persist entries before anything depends on it.
pub(super) fn create_vault_key(keyring: &dyn Keyring) -> Result<(VaultRow, VaultKey)> {
    let key = VaultKey::random();
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

/// Deletes the previous key, which opens nothing any more, from the keyring. If that fails, the next request tries
/// again.
pub(super) fn retire(keyring: &dyn Keyring, store: &Store, row: &VaultRow) {
    let Some(name) = &row.retired else { return };
    let gone = keyring.remove(name).and_then(|()| store.write(|tx| forget_retired(tx, name)));
    if let Err(error) = gone {
        tracing::warn!(%error, "the previous vault key could not be removed from the keyring");
    }
}

/// Adds to a keyring error that a passphrase can protect the vault instead. Used while no vault exists.
pub(super) fn offer(error: Error) -> Error {
    if !error.code.is_of_vault() {
        return error;
    }
    let before = error.hint.clone().unwrap_or_default();
    error.hint(format!(
        "{before} Or let a passphrase of yours open the vault instead (Settings; grapnel vault passphrase)."
    ))
}

/// The hint for a vault whose key is lost.
const RESET_HINT: &str = "If it is lost for good, reset the vault (grapnel vault reset): its secrets are deleted, and \
    you reconnect.";

fn missing() -> Error {
    Error::new(Code::KeyMissing, "Your keyring has no key for this vault any more.")
        .means("The tokens held here cannot be opened without it. They are kept, in case the key comes back.")
        .hint(format!("Restore the keyring, for example from a backup. {RESET_HINT}"))
}

fn wrong() -> Error {
    Error::new(Code::KeyWrong, "The key in your keyring does not open this vault.")
        .means("The tokens held here were sealed under another key. They are kept.")
        .hint(format!("Restore the keyring that belongs to this data directory. {RESET_HINT}"))
}
