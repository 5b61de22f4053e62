//! What is needed to register an app's client, and what comes of it.

use grapnel_model::registration::RegistrationChange;
use grapnel_model::secret::SecretInput;
use serde::{Deserialize, Serialize};

use crate::app::form::NewApp;
use crate::app::view::App;

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
