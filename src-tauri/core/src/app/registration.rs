//! Registers an app's client at its provider (RFC 7591), and reads, updates and deletes that registration (RFC 7592).

mod accept;
mod client_metadata;
mod configuration;
mod explain;
mod metadata_document;
mod register;
mod renew;

use grapnel_model::registration::RegistrationChange;
use grapnel_model::secret::SecretInput;
use serde::{Deserialize, Serialize};

use super::form::NewApp;
use super::view::App;

pub(crate) use accept::{restore, token_associated_data};
pub(crate) use configuration::{deletable, delete, read, update, widen};
pub(crate) use metadata_document::metadata_document;
pub(crate) use register::register;
pub(crate) use renew::renew;

/// An app whose client is to be registered. Its client ID and client secret come from the provider.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct RegistrationRequest {
    /// The app.
    pub app: NewApp,
    /// The client authentication to register, such as `none`; by default the app's own, where one without a secret
    /// means a public client.
    pub auth_method: Option<String>,
    /// The token that the provider gave to the person for registering clients, if it requires one.
    pub initial_access_token: Option<SecretInput>,
}

/// An app with its registration as the provider has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct RegisteredApp {
    /// The app.
    pub app: App,
    /// What is registered differently than the app has it.
    pub changes: Vec<RegistrationChange>,
    /// What the person should know, as sentences.
    pub notes: Vec<String>,
}
