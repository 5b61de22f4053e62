//! The errors of a Secret Service for the person: what happened, what it means for the tokens, what to do.

use grapnel_model::error::{Code, Error};
use grapnel_model::text::clean_line;
use secret_service::Error as ServiceError;

/// The environment variable with the address of the session bus.
pub(super) const VARIABLE: &str = "DBUS_SESSION_BUS_ADDRESS";

const SAFE: &str = "Your tokens are encrypted with a key that is stored there. None of them is lost, and none can be \
    read until it answers.";
const UNREAD: &str = "Your tokens are encrypted with a key that is stored there. None of them is lost, and none can be \
    read until it is unlocked.";

/// The responses of a service that Grapnel distinguishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    /// No service runs and none can be started.
    NoService,
    /// A locked item or collection.
    Locked,
    /// The person dismissed the prompt.
    Dismissed,
    /// The object does not exist.
    NoObject,
    /// The service refuses this program.
    Denied,
    /// The bus ended, or there was no response.
    Lost,
    /// Any other error.
    Other,
}

impl Reply {
    pub(super) fn of(error: &ServiceError) -> Self {
        match error {
            ServiceError::Unavailable => Self::NoService,
            ServiceError::Locked => Self::Locked,
            ServiceError::Prompt => Self::Dismissed,
            ServiceError::PromptDisconnected => Self::Lost,
            ServiceError::NoResult => Self::NoObject,
            ServiceError::Zbus(error) => Self::of_bus(error),
            ServiceError::ZbusFdo(error) => Self::of_fdo(error),
            _ => Self::Other,
        }
    }

    fn of_bus(error: &zbus::Error) -> Self {
        match error {
            zbus::Error::MethodError(name, ..) => Self::named(name),
            zbus::Error::FDO(error) => Self::of_fdo(error),
            zbus::Error::InputOutput(_) => Self::Lost,
            _ => Self::Other,
        }
    }

    fn of_fdo(error: &zbus::fdo::Error) -> Self {
        use zbus::DBusError;
        match error {
            zbus::fdo::Error::ZBus(error) => Self::of_bus(error),
            error => Self::named(&error.name()),
        }
    }

    fn named(name: &str) -> Self {
        const BUS: &str = "org.freedesktop.DBus.Error.";
        match name.strip_prefix(BUS) {
            Some("ServiceUnknown" | "NameHasNoOwner") => Self::NoService,
            Some(failed) if failed.starts_with("Spawn.") => Self::NoService,
            Some("UnknownObject" | "UnknownInterface" | "UnknownMethod") => Self::NoObject,
            Some("AccessDenied" | "AuthFailed") => Self::Denied,
            Some("NoReply" | "Timeout" | "Disconnected") => Self::Lost,
            None if name == "org.freedesktop.Secret.Error.IsLocked" => Self::Locked,
            None if name == "org.freedesktop.Secret.Error.NoSuchObject" => Self::NoObject,
            _ => Self::Other,
        }
    }
}

/// The error for a failed call if only the response is known.
pub(super) fn failed(error: &ServiceError) -> Error {
    tracing::warn!(%error, "the keyring failed");
    match Reply::of(error) {
        Reply::NoService => no_service(error),
        Reply::Locked | Reply::Dismissed => locked(),
        Reply::Denied => denied(),
        Reply::NoObject | Reply::Lost | Reply::Other => {
            Error::new(Code::KeyringFailed, format!("Your keyring answered with a failure{}.", said(error)))
                .means("Your tokens are encrypted with a key that is stored there. None of them is lost.")
                .hint("Look whether other programs can read your keyring, then try again.")
        }
    }
}

/// The service's own message, in parentheses.
fn said(error: &ServiceError) -> String {
    const MAX_DETAIL_CHARS: usize = 160;
    let text: String = clean_line(&error.to_string()).chars().take(MAX_DETAIL_CHARS).collect();
    format!(" ({})", text.trim_end_matches('.'))
}

/// There is no session bus. `is_named`: whether its address was given.
pub(super) fn no_bus(is_named: bool, error: Option<&zbus::Error>) -> Error {
    tracing::warn!(?error, "no session bus");
    let message = if is_named {
        format!("The session bus that {VARIABLE} names does not answer, so that no keyring can be asked.")
    } else {
        format!("There is no session bus here ({VARIABLE} is not set), so that no keyring can be asked.")
    };
    Error::new(Code::KeyringAbsent, message).means(SAFE).hint(format!(
        "In cron, over ssh and after su, set {VARIABLE} to the bus of your desktop session, such as \
         unix:path=/run/user/1000/bus. Where Grapnel’s window runs, “grapnel token” asks it and needs no bus."
    ))
}

pub(super) fn no_service(error: &ServiceError) -> Error {
    tracing::warn!(%error, "no keyring");
    absent()
}

/// No program offers the service on the bus.
pub(super) fn absent() -> Error {
    Error::new(Code::KeyringAbsent, "No keyring answers on this computer.")
        .means(SAFE)
        .hint("Start a keyring (on Linux: GNOME Keyring, KWallet, or KeePassXC with Secret Service), then try again.")
}

pub(super) fn locked() -> Error {
    Error::new(Code::KeyringLocked, "Your keyring is locked.")
        .means(UNREAD)
        .hint("Unlock the keyring, then try again. It has a password of its own, often that of your login.")
}

/// The key was not found, but may be in a locked or closed collection.
pub(super) fn not_open(labels: &[String]) -> Error {
    let (message, hint) = if labels.is_empty() {
        (
            "Your keyring is locked: none of its collections is open.".to_owned(),
            "Open the keyring that you use (in KeePassXC: the database), then try again.".to_owned(),
        )
    } else {
        let named = list(labels);
        (
            format!("Your keyring does not show the key of this vault, and {named} is locked."),
            format!("Unlock {named}, then try again."),
        )
    };
    Error::new(Code::KeyringLocked, message).means(UNREAD).hint(hint)
}

/// The keyring has no default collection.
pub(super) fn no_collection() -> Error {
    Error::new(Code::KeyringNoCollection, "Your keyring has no default collection yet, and none was made.")
        .means("Nothing was stored.")
        .hint(
            "Try again, and choose a password where your keyring asks for one. Or make a default one in your keyring’s \
             own program (Passwords and Keys, KWalletManager, KeePassXC).",
        )
}

/// The default collection does not exist.
pub(super) fn dangling(path: &str) -> Error {
    let name = clean_line(path.rsplit('/').next().unwrap_or(path));
    Error::new(
        Code::KeyringNoCollection,
        format!("Your keyring’s default collection is “{name}”, which does not exist."),
    )
    .means("Your tokens are encrypted with a key that is stored there. None of them is lost.")
    .hint(
        "Open or make that collection, or choose another default, in your keyring’s own program (Passwords and Keys, \
         KWalletManager, KeePassXC), then try again.",
    )
}

/// Several entries have this name, and none has the right key.
pub(super) fn ambiguous(labels: &[String]) -> Error {
    Error::new(
        Code::KeyringAmbiguous,
        format!(
            "Your keyring has {} entries for this vault, and none of them opens it: {}.",
            labels.len(),
            list(labels)
        ),
    )
    .means("The tokens held here were sealed under another key. They are kept.")
    .hint("Remove the entries that are not Grapnel’s, or bring back the keyring as it was, then try again.")
}

/// The keyring is unlocked, but denies access to this entry.
pub(super) fn denied() -> Error {
    Error::new(Code::KeyringDenied, "Your keyring is open, and Grapnel was denied access to its key.")
        .means("Your tokens are sealed with that key. None of them is lost, and none can be read without it.")
        .hint("Try again, and allow the access when your keyring asks. KeePassXC keeps what was denied until its \
            database is locked.")
}

/// The service offers no encryption, and the bus may be shared.
pub(super) fn no_encryption(error: &ServiceError) -> Error {
    Error::new(
        Code::KeyringFailed,
        format!(
            "Your keyring offers no encrypted session{}, and the bus to it is not of this computer alone.",
            said(error)
        ),
    )
    .means("Nothing was sent to it.")
    .hint("Use the session bus of this computer (a Unix socket), or a keyring with encrypted sessions.")
}

fn list(labels: &[String]) -> String {
    let quoted: Vec<String> = labels.iter().map(|label| format!("“{}”", clean_line(label))).collect();
    quoted.join(" and ")
}
