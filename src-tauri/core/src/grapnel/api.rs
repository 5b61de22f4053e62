//! Requests to a connection's API.

use grapnel_model::error::Result;
use grapnel_model::id::ConnectionId;

use super::Grapnel;
use crate::api_proxy::{ApiProxy, ProxyOptions};
use crate::api_request::{AllowedHost, ApiClient};

impl Grapnel {
    /// A client for a person's own requests to a connection's API. The access token is sent to the app's API hosts and
    /// to the `allowed` hosts only.
    pub fn api(&self, id: &ConnectionId, allowed: Vec<AllowedHost>) -> ApiClient {
        ApiClient::new(&self.0, id, allowed)
    }

    /// A local reverse proxy to a connection's API. It is listening already.
    ///
    /// # Errors
    ///
    /// If it cannot listen at the given address or path.
    pub async fn api_proxy(
        &self,
        id: &ConnectionId,
        allowed: Vec<AllowedHost>,
        options: ProxyOptions,
    ) -> Result<ApiProxy> {
        ApiProxy::bind(self.api(id, allowed), options).await
    }
}
