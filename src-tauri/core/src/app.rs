//! An app: a client that the person registered at a provider, and that Grapnel acts as.

mod add;
mod change;
mod check;
mod duplicate;
mod errors;
mod form;
mod import;
mod rediscover;
mod registration;
mod view;

pub(crate) use add::{ValidatedApp, add, sealed, validate};
pub(crate) use change::change;
pub(crate) use check::check;
pub(crate) use duplicate::duplicate;
pub use errors::NOT_ADDED;
pub(crate) use errors::being_connected;
pub use form::NewApp;
pub(crate) use form::{is_hidden, shown_name};
pub use import::{
    Import, ImportFormat, ImportPreview, ImportedApp, ImportedValue, MAX_IMPORT_BYTES, SkippedValue,
    read_apps,
};
pub(crate) use rediscover::rediscover;
pub use rediscover::{Rediscovery, ValueChange};
pub use registration::{RegisteredApp, RegistrationRequest};
pub(crate) use registration::{
    deletable as deletable_client, delete as delete_client, metadata_document, read as read_registration,
    register, renew as renew_registration, restore as restore_registration, take_expiring_secrets,
    update as update_registration, widen as widen_registration,
};
pub use view::App;
pub(crate) use view::{all, profile_of, view};
