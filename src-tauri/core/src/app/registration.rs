//! Registers an app's client at its provider (RFC 7591), and reads, updates and deletes that registration (RFC 7592).

mod accept;
mod client_metadata;
mod configuration;
mod explain;
mod metadata_document;
mod register;
mod registered_app;
mod renew;
mod secret_expiry;

pub(crate) use accept::restore;
pub(crate) use configuration::{deletable, delete, read, update, widen};
pub(crate) use metadata_document::metadata_document;
pub(crate) use register::register;
pub use registered_app::{RegisteredApp, RegistrationRequest};
pub(crate) use renew::renew;
pub(crate) use secret_expiry::take as take_expiring_secrets;
