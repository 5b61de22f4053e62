//! The checks of Grapnel's own data, vault and connections.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use grapnel_model::connection::State;
use grapnel_model::error::{Code, Error};
use grapnel_model::vault::Protection;
use grapnel_store::{BACKUP_FILES, Store};

use super::check::{Check, CheckStatus};
use super::wording::wire_name_text;
use crate::context::Context;
use crate::{connection, proxy_check, settings};

/// Below this free space in bytes there is a warning: a refresh that cannot be stored may cost a connection.
#[cfg(unix)]
const LOW_DISK_SPACE_BYTES: u64 = 100 * 1024 * 1024;
#[cfg(unix)]
const FULL_DISK_BYTES: u64 = 4 * 1024 * 1024;

/// A keyring that responds does so within this time.
const KEYRING_CHECK_TIMEOUT: Duration = Duration::from_secs(3);

pub(super) fn data(store: &Store) -> Check {
    const NAME: &str = "Data directory";
    let open = store.readable_by_others();
    if open.is_empty() {
        // Elsewhere the directory above decides who can read it, which is not looked at.
        let closed = if cfg!(unix) { ", closed to other accounts" } else { "" };
        return Check::fine(NAME, format!("{}{closed}.", store.home().display()));
    }
    let called = |path: &PathBuf| match path.strip_prefix(store.home()) {
        Ok(inside) if inside.as_os_str().is_empty() => "the data directory".to_owned(),
        Ok(inside) => inside.display().to_string(),
        Err(_) => path.display().to_string(),
    };
    let names: Vec<String> = open.iter().map(called).collect();
    let error = Error::new(
        Code::DataUnwritable,
        format!("Other accounts of this computer can read {}.", names.join(", ")),
    );
    let error = error
        .means("Tokens are sealed there. Names, addresses and what happened are not.")
        .hint("Take the permissions away (chmod go= on each). Grapnel does so itself at its next start.");
    Check::wrong(NAME, CheckStatus::Attention, error)
}

pub(super) fn database(store: &Store) -> Check {
    const NAME: &str = "Database";
    match store.quick_check() {
        Ok(None) => Check::fine(NAME, format!("Sound; version {} of the schema.", Store::version())),
        Ok(Some(found)) => {
            tracing::warn!(%found, "the database is damaged");
            let error = Error::new(Code::DataDamaged, "SQLite finds the database damaged.");
            let error = error
                .means("Some of what it holds may be lost. Nothing was changed by looking.")
                .hint(format!(
                    "Bring back {BACKUP_FILES} from a backup; or export what can still be read, and import \
                    it into a new data directory."
                ));
            Check::wrong(NAME, CheckStatus::Broken, error)
        }
        Err(error) => Check::wrong(NAME, CheckStatus::Broken, error),
    }
}

#[cfg(unix)]
pub(super) fn disk_space(store: &Store) -> Option<Check> {
    const NAME: &str = "Disk room";
    let found = rustix::fs::statvfs(store.home()).ok()?;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let text = format!("{} MiB free for the data directory.", free / 1024 / 1024);
    if free >= LOW_DISK_SPACE_BYTES {
        return Some(Check::fine(NAME, text));
    }
    let error = Error::new(Code::DataUnwritable, text)
        .means("Refreshed tokens that cannot be stored live only as long as Grapnel runs.")
        .hint("Make room on that disk.");
    Some(Check::wrong(
        NAME,
        if free < FULL_DISK_BYTES { CheckStatus::Broken } else { CheckStatus::Attention },
        error,
    ))
}

/// Not checked on this platform.
#[cfg(not(unix))]
pub(super) fn disk_space(_: &Store) -> Option<Check> {
    None
}

/// Fetches the key and decrypts a value with it.
pub(super) async fn vault(ctx: &Context) -> Check {
    const NAME: &str = "Vault";
    let protection = match ctx.vault.protection() {
        Ok(protection) => protection,
        Err(error) => return Check::wrong(NAME, CheckStatus::Broken, error),
    };
    // A keyring without a response within [`KEYRING_CHECK_TIMEOUT`] counts as locked.
    let answered = tokio::time::timeout(KEYRING_CHECK_TIMEOUT, ctx.vault.check_if_needed()).await;
    match (protection, answered.unwrap_or_else(|_| ctx.vault.error())) {
        (_, Some(error)) if error.code == Code::PassphraseNeeded => {
            let hint = "Enter the passphrase. On the command line, add --passphrase-stdin and write it to standard \
                input.";
            Check::wrong(NAME, CheckStatus::Attention, error.hint(hint))
        }
        (_, Some(error)) => Check::wrong(NAME, CheckStatus::Broken, error),
        (Protection::None, None) => match ctx.vault.inspect_keyring().await {
            Ok(()) => Check::fine(NAME, "Nothing is sealed yet, so that the keyring was not asked."),
            Err(error) => {
                let meaning = "Nothing is sealed yet. The first client secret or token needs a keyring, or a \
                    passphrase.";
                Check::wrong(NAME, CheckStatus::Attention, error.means(meaning))
            }
        },
        (Protection::Keyring, None) => Check::fine(NAME, "The keyring has the key, and it opens the vault."),
        (Protection::Passphrase, None) => Check::fine(NAME, "Open, with your passphrase."),
    }
}

/// Whether the proxy of the settings accepts connections, if one is set. Its name may be a customer's.
pub(super) async fn proxy(ctx: &Context) -> Option<Check> {
    const NAME: &str = "Proxy";
    let proxy = settings::get(ctx).and_then(|settings| settings.proxy()).ok().flatten()?;
    let Some(failure) = proxy_check::failure(&proxy).await else {
        return Some(Check::fine(NAME, "The proxy in the settings accepts connections."));
    };
    let message = format!("The proxy in the settings could not be reached: {failure}.");
    let error = Error::new(Code::ProviderUnavailable, message)
        .means("While it can’t be reached, tokens aren’t refreshed, and sign-ins fail.")
        .hint("Check it in Settings › Network, or your network.");
    Some(Check::wrong(NAME, CheckStatus::Attention, error))
}

pub(super) fn connections(ctx: &Context) -> Check {
    const NAME: &str = "Connections";
    let all = match connection::all(ctx) {
        Ok(all) => all,
        Err(error) => return Check::wrong(NAME, CheckStatus::Broken, error),
    };
    if all.is_empty() {
        return Check::fine(NAME, "None yet.");
    }
    let mut counts = BTreeMap::<String, usize>::new();
    for connection in &all {
        *counts.entry(wire_name_text(&connection.state)).or_default() += 1;
    }
    let counts: Vec<String> = counts.into_iter().map(|(state, count)| format!("{count} {state}")).collect();
    let found = format!("{} in all: {}.", all.len(), counts.join(", "));
    if all.iter().all(|connection| connection.state != State::ReconnectNeeded) {
        return Check::fine(NAME, found);
    }
    let error = Error::new(Code::ReconnectNeeded, found)
        .means("Programs that use them stop working when their access tokens expire.")
        .hint("Reconnect them in the browser.");
    Check::wrong(NAME, CheckStatus::Attention, error)
}
