//! The device authorization request (RFC 8628 §3.1) and its response (§3.2), sent through `oauth2` and the provider's
//! adapter.

use std::pin::Pin;
use std::time::Duration;

use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::provider::{ProviderConfig, is_loopback};
use grapnel_model::provider_text::clean;
use grapnel_model::secret::SecretString;
use http::StatusCode;
use jiff::Timestamp;
use oauth2::{
    AsyncHttpClient, DeviceAuthorizationUrl, EmptyExtraDeviceAuthorizationFields, HttpRequest, HttpResponse,
    RequestTokenError, Scope, StandardDeviceAuthorizationResponse,
};
use url::Url;

use super::adapter::{self, Purpose};
use super::client::Client;
use super::client_authentication::time_of_refused_jwt;
use super::credentials::Credentials;
use super::failure::Failure;
use super::host_permit::HostPermit;
use super::token::{Network, Transport, engine, reason};
use super::token_failure::TokenFailure;

/// The shortest interval between two polls, whatever the provider says.
const MIN_INTERVAL: Duration = Duration::from_secs(1);
/// The longest interval between two polls, whatever the provider says.
const MAX_INTERVAL: Duration = Duration::from_secs(300);
/// The longest lifetime of a code, whatever the provider says.
const MAX_LIFETIME: Duration = Duration::from_secs(3_600);

/// A device authorization response, cleaned: all of it comes from outside.
pub struct DeviceAuthorization {
    /// What the client polls with.
    pub device_code: SecretString,
    /// What the person enters.
    pub user_code: String,
    /// Where the person enters it.
    pub verification_uri: String,
    /// The same with the code in it, if the provider has one.
    pub verification_uri_complete: Option<String>,
    /// How long both codes are valid.
    pub expires_in: Duration,
    /// The time between two polls.
    pub interval: Duration,
}

/// Asks for a device code. The permit proves that the caller holds a slot of the host.
pub async fn request_device_code(
    client: &Client,
    _permit: &HostPermit,
    (config, endpoint): (&ProviderConfig, &Url),
    credentials: &Credentials,
    scopes: &[String],
) -> Result<DeviceAuthorization, TokenFailure> {
    let network = Network { client, kind: ExchangeKind::DeviceAuthorization, token_url: &config.token_url };
    let answered =
        request_device_code_over(&network, (config, endpoint), credentials, scopes, client.now()).await;
    answered.inspect_err(|failure| client.reject(ExchangeKind::DeviceAuthorization, &reason(failure)))
}

/// Like [`request_device_code`], over any transport.
pub(super) async fn request_device_code_over(
    transport: &impl Transport,
    (config, endpoint): (&ProviderConfig, &Url),
    credentials: &Credentials,
    scopes: &[String],
    now: Timestamp,
) -> Result<DeviceAuthorization, TokenFailure> {
    let engine = engine(config, credentials)
        .set_device_authorization_url(DeviceAuthorizationUrl::from_url(endpoint.clone()));
    let sent = credentials.client_secret.clone().into_iter().chain(config.token_secrets()).collect();
    let device_endpoint = DeviceEndpoint { transport, config, credentials, now, sent };
    let request = engine.exchange_device_code().add_scopes(scopes.iter().cloned().map(Scope::new));
    let answered = request.request_async::<_, EmptyExtraDeviceAuthorizationFields>(&device_endpoint).await;
    let response: StandardDeviceAuthorizationResponse = answered.map_err(|error| match error {
        RequestTokenError::Request(failure) => failure,
        _ => {
            Failure::Strange("no device authorization response (RFC 8628 §3.2)".into(), StatusCode::OK).into()
        }
    })?;
    let complete = response.verification_uri_complete().map(|uri| clean(uri.secret(), &[]));
    Ok(DeviceAuthorization {
        device_code: response.device_code().secret().as_str().into(),
        user_code: clean(response.user_code().secret(), &[]),
        verification_uri: clean(response.verification_uri().as_str(), &[]),
        verification_uri_complete: complete.filter(|uri| is_openable(uri)),
        expires_in: response.expires_in().min(MAX_LIFETIME),
        interval: response.interval().clamp(MIN_INTERVAL, MAX_INTERVAL),
    })
}

/// Whether a verification URI may be opened in the browser or shown as a QR code: `https`, or `http` on loopback,
/// without a user name that would disguise the host.
pub fn is_openable(uri: &str) -> bool {
    Url::parse(uri).is_ok_and(|url| {
        let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
        is_safe && url.has_host() && url.username().is_empty() && url.password().is_none()
    })
}

/// The device authorization endpoint as the HTTP client of `oauth2`, with the adapter around it.
struct DeviceEndpoint<'a, T> {
    transport: &'a T,
    config: &'a ProviderConfig,
    credentials: &'a Credentials,
    now: Timestamp,
    /// The secrets of the request, to be masked if the response repeats them.
    sent: Vec<SecretString>,
}

impl<'c, T: Transport> AsyncHttpClient<'c> for DeviceEndpoint<'_, T> {
    type Error = TokenFailure;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, TokenFailure>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let (method, mut now, mut sent) = (self.config.client_auth, self.now, self.sent.clone());
            let reply = loop {
                let purpose = Purpose::DeviceAuthorization;
                let (request, credentials) =
                    adapter::shape(request.clone(), self.config, self.credentials, &purpose, now)?;
                sent.extend(credentials);
                let reply = self.transport.send(request).await?;
                match time_of_refused_jwt(method, now, &reply) {
                    Some(server) if now == self.now => now = server,
                    _ => break reply,
                }
            };
            adapter::normalize_device_authorization(&reply, self.config, &sent)
        })
    }
}

#[cfg(test)]
mod tests;
