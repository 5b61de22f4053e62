//! Providers and apps.

use grapnel_model::error::Result;
use grapnel_model::id::AppId;
use grapnel_model::provider::{Profile, ProfileFile, ProviderView};
use grapnel_oauth::discovery::{self, Discovery};

use super::Grapnel;
use crate::app::{App, NewApp, Rediscovery};
use crate::remove_app::Removed;
use crate::{app, remove_app};

impl Grapnel {
    /// The providers that come with Grapnel.
    pub fn providers(&self) -> Vec<ProviderView> {
        Profile::built_in().iter().map(Profile::view).collect()
    }

    /// What an issuer announces of itself: values for an app of another provider, and what to know of it.
    pub async fn discover(&self, issuer: &str) -> Result<Discovery> {
        discovery::discover(&self.0.http, issuer).await
    }

    /// Asks the issuer of an app again what it announces, and says what would change of the app. Changes nothing.
    pub async fn rediscover(&self, id: &AppId) -> Result<Rediscovery> {
        app::rediscover(&self.0, id).await
    }

    /// Every app, by name.
    pub fn apps(&self) -> Result<Vec<App>> {
        app::all(&self.0)
    }

    /// Adds an app.
    pub async fn add_app(&self, new: NewApp) -> Result<App> {
        app::add(&self.0, new).await
    }

    /// Changes an app to what was entered; its provider stays. A client secret that is held must be entered again where
    /// it would go to another host than before.
    pub async fn change_app(&self, id: &AppId, new: NewApp) -> Result<App> {
        app::change(&self.0, id, new).await
    }

    /// How an app's provider is spoken to, to write to a file for others. No secret is in it.
    pub fn profile_of(&self, id: &AppId) -> Result<ProfileFile> {
        app::profile_of(&self.0, id)
    }

    /// Removes an app that has no connection.
    pub fn remove_app(&self, id: &AppId) -> Result<()> {
        remove_app::alone(&self.0, id)
    }

    /// Disconnects every connection of an app, and removes them and the app. The app is kept, and that is an error,
    /// where the provider has yet to revoke a token.
    pub async fn remove_app_with_connections(&self, id: &AppId) -> Result<Removed> {
        remove_app::with_connections(&self.0, id).await
    }
}
