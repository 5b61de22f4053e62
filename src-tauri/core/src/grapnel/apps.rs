//! Providers and apps.

use std::collections::BTreeMap;

use grapnel_model::client_certificate::CertificateView;
use grapnel_model::error::Result;
use grapnel_model::id::AppId;
use grapnel_model::provider::{Profile, ProfileFile, ProviderView};
use grapnel_model::secret::SecretInput;
use grapnel_oauth::discovery::{self, Discovery};
use grapnel_oauth::endpoint_check::EndpointCheck;
use grapnel_oauth::resource_discovery;

use super::Grapnel;
use crate::app::{App, NewApp, Rediscovery, RegisteredApp, RegistrationRequest};
use crate::remove_app::Removed;
use crate::{app, client_certificate, client_key, remove_app};

impl Grapnel {
    /// The built-in providers, then the templates.
    pub fn providers(&self) -> Vec<ProviderView> {
        Profile::all().map(Profile::view).collect()
    }

    /// Discovers an issuer's metadata: the settings for an app of a custom provider, and notes.
    pub async fn discover(&self, issuer: &str) -> Result<Discovery> {
        discovery::discover(&self.0.http, issuer).await
    }

    /// Discovers an issuer, or the authorization server of a protected API or an MCP server (RFC 9728). Of several,
    /// `server` is the chosen one, or else the first.
    pub async fn discover_any(&self, typed: &str, server: Option<&str>) -> Result<Discovery> {
        resource_discovery::discover_any(&self.0.http, typed, server).await
    }

    /// The same for a protected API or an MCP server only.
    pub async fn discover_resource(&self, url: &str, server: Option<&str>) -> Result<Discovery> {
        resource_discovery::discover_resource(&self.0.http, url, server).await
    }

    /// Registers the client of a new app at its provider (RFC 7591), and adds the app.
    ///
    /// # Errors
    /// A value is invalid, or the provider refuses; nothing is stored then.
    pub async fn register_app(&self, request: RegistrationRequest) -> Result<RegisteredApp> {
        Box::pin(app::register(&self.0, request)).await
    }

    /// Registers an app's client anew. Its connections then need a new sign-in.
    pub async fn renew_registration(
        &self,
        id: &AppId,
        initial_access_token: Option<SecretInput>,
    ) -> Result<RegisteredApp> {
        Box::pin(app::renew_registration(&self.0, id, initial_access_token)).await
    }

    /// Reads an app's registration at the provider (RFC 7592), and compares it with the app.
    ///
    /// # Errors
    /// Also if the provider does not know the client any more (`InvalidClient`).
    pub async fn registration(&self, id: &AppId) -> Result<RegisteredApp> {
        Box::pin(app::read_registration(&self.0, id)).await
    }

    /// Makes an app's registration at the provider like the app.
    pub async fn update_registration(&self, id: &AppId) -> Result<RegisteredApp> {
        Box::pin(app::update_registration(&self.0, id)).await
    }

    /// The apps whose client secret expires soon, and for which the person was not notified. They are recorded as
    /// notified; a new secret's expiry is returned again.
    pub fn take_expiring_secrets(&self) -> Result<Vec<App>> {
        app::take_expiring_secrets(&self.0)
    }

    /// Repeats discovery for an app and returns the differences. Changes nothing.
    pub async fn rediscover(&self, id: &AppId) -> Result<Rediscovery> {
        app::rediscover(&self.0, id).await
    }

    /// Tests the endpoints that these settings of a provider lead to, without credentials. Changes nothing.
    ///
    /// # Errors
    /// A setting is invalid; the error names its field.
    pub async fn check_endpoints(
        &self,
        provider: &str,
        overrides: BTreeMap<String, String>,
    ) -> Result<Vec<EndpointCheck>> {
        Box::pin(app::check(&self.0, provider, overrides)).await
    }

    /// All apps, by name.
    pub fn apps(&self) -> Result<Vec<App>> {
        app::all(&self.0)
    }

    /// Adds an app.
    pub async fn add_app(&self, new: NewApp) -> Result<App> {
        Box::pin(app::add(&self.0, new)).await
    }

    /// Adds an app like another one. With `with_secrets`, the secrets of the first one are copied, unless the new app
    /// would send them to other hosts.
    pub async fn duplicate_app(&self, id: &AppId, new: NewApp, with_secrets: bool) -> Result<App> {
        Box::pin(app::duplicate(&self.0, id, new, with_secrets)).await
    }

    /// Replaces an app's settings; its provider stays. A stored client secret must be entered again if it would be sent
    /// to another host than before.
    pub async fn change_app(&self, id: &AppId, new: NewApp) -> Result<App> {
        Box::pin(app::change(&self.0, id, new)).await
    }

    /// The public half of an app's private key as a JSON Web Key Set, to be registered at the provider.
    ///
    /// # Errors
    /// The app's client does not authenticate with a key.
    pub async fn public_key(&self, id: &AppId) -> Result<String> {
        client_key::public(&self.0, id).await
    }

    /// The public half of an app's TLS certificate, to be registered at the provider.
    ///
    /// # Errors
    /// The app has no certificate.
    pub async fn certificate(&self, id: &AppId) -> Result<CertificateView> {
        client_certificate::view(&self.0, id).await
    }

    /// The document to host at the URL that is an app's client ID (client ID metadata document).
    ///
    /// # Errors
    /// The client ID is not the URL of such a document, or the client authenticates with a secret.
    pub async fn metadata_document(&self, id: &AppId) -> Result<String> {
        app::metadata_document(&self.0, id).await
    }

    /// An app's provider settings without secrets, for a profile file.
    pub fn profile_of(&self, id: &AppId) -> Result<ProfileFile> {
        app::profile_of(&self.0, id)
    }

    /// Removes an app that has no connection.
    pub fn remove_app(&self, id: &AppId) -> Result<()> {
        remove_app::without_connections(&self.0, id)
    }

    /// Removes an app with its connections, and deletes its client at the provider if Grapnel registered it (RFC 7592).
    /// Returns what was removed, and why the client stays, as a sentence.
    ///
    /// # Errors
    /// As for [`Self::remove_app_with_connections`]. A client that stays registered is no error.
    pub async fn remove_app_and_client(&self, id: &AppId) -> Result<(Removed, Option<String>)> {
        Box::pin(remove_app::with_client(&self.0, id)).await
    }

    /// Disconnects and deletes every connection of an app, then the app.
    ///
    /// # Errors
    /// Also if a token is yet to be revoked; the app is then kept.
    pub async fn remove_app_with_connections(&self, id: &AppId) -> Result<Removed> {
        remove_app::with_connections(&self.0, id).await
    }
}
