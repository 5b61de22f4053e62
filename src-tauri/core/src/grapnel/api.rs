//! Requests to a connection's API.

use grapnel_model::error::Result;
use grapnel_model::id::ConnectionId;

use super::Grapnel;
use crate::api_proxy::{ApiProxy, ProxyOptions};
use crate::api_request::{AllowedHost, ApiClient};

impl Grapnel {
    /// A client for requests of one's own to a connection's API. The access token goes to the API hosts of the app and
    /// to the `allowed` hosts only.
    pub fn api(&self, id: &ConnectionId, allowed: Vec<AllowedHost>) -> ApiClient {
        ApiClient::new(&self.0, id, allowed)
    }

    /// A local reverse proxy to a connection's API, which listens already.
    ///
    /// # Errors
    ///
    /// If nothing can listen there.
    pub async fn api_proxy(
        &self,
        id: &ConnectionId,
        allowed: Vec<AllowedHost>,
        options: ProxyOptions,
    ) -> Result<ApiProxy> {
        ApiProxy::bind(self.api(id, allowed), options).await
    }
}
