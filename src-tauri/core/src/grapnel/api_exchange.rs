//! The Requests tab of a connection: sending requests, the history of its exchanges, saved requests, and code for
//! other programs.

use grapnel_model::api_exchange::{
    ApiExchangeSummary, ApiRequestDraft, ApiRequestPage, SavedRequest, SnippetFormat,
};
use grapnel_model::error::Result;
use grapnel_model::id::{ConnectionId, ExchangeId, SavedRequestId};

use super::Grapnel;
use crate::api_exchange::{self, Exchange};

impl Grapnel {
    /// The API base, the known endpoints and the saved requests of a connection.
    pub async fn api_request_page(&self, id: &ConnectionId) -> Result<ApiRequestPage> {
        api_exchange::page(&self.0, id).await
    }

    /// Sends a request that a person wrote with the connection's access token, and adds it to the history. The token
    /// goes to the API hosts of the app only, and no redirect is followed.
    ///
    /// # Errors
    ///
    /// If it cannot be sent, or no response comes. A response with an error status is none.
    pub async fn send_api_request(&self, id: &ConnectionId, draft: &ApiRequestDraft) -> Result<Exchange> {
        Box::pin(api_exchange::send(&self.0, id, draft)).await
    }

    /// The exchanges of a connection, newest first: those that a person sent, and those of Grapnel.
    pub async fn api_request_history(&self, id: &ConnectionId) -> Result<Vec<ApiExchangeSummary>> {
        api_exchange::list(&self.0, id).await
    }

    /// An exchange of the history.
    pub async fn open_api_exchange(&self, id: &ConnectionId, exchange: &ExchangeId) -> Result<Exchange> {
        api_exchange::open(&self.0, id, exchange).await
    }

    /// Deletes a request from the history.
    pub fn delete_api_exchange(&self, id: &ConnectionId, exchange: &ExchangeId) -> Result<()> {
        api_exchange::remove(&self.0, id, exchange)
    }

    /// The exchanges of a connection whose headers or bodies contain a text, in any case.
    pub async fn search_api_exchanges(&self, id: &ConnectionId, text: &str) -> Result<Vec<ExchangeId>> {
        api_exchange::search(&self.0, id, text).await
    }

    /// Deletes the history of a connection.
    pub fn clear_api_request_history(&self, id: &ConnectionId) -> Result<()> {
        api_exchange::clear(&self.0, id)
    }

    /// Saves a request under a name. With `replace`, it replaces another one of that name.
    pub async fn save_api_request(
        &self,
        id: &ConnectionId,
        name: &str,
        draft: ApiRequestDraft,
        replace: bool,
    ) -> Result<SavedRequest> {
        api_exchange::save(&self.0, id, name, draft, replace).await
    }

    /// Deletes a saved request.
    pub fn delete_saved_request(&self, id: &ConnectionId, saved: &SavedRequestId) -> Result<()> {
        api_exchange::remove_saved(&self.0, id, saved)
    }

    /// A request as code for another program, which asks `grapnel token` for the token.
    pub fn api_request_snippet(
        &self,
        id: &ConnectionId,
        draft: &ApiRequestDraft,
        format: SnippetFormat,
    ) -> Result<String> {
        api_exchange::snippet(&self.0, id, draft, format)
    }

    /// An exchange of the history as a curl command. It has no secret: the access token comes from `grapnel token`, and
    /// what is masked in the history is masked here.
    pub async fn exchange_snippet(&self, id: &ConnectionId, exchange: &ExchangeId) -> Result<String> {
        api_exchange::exchange_snippet(&self.0, id, exchange).await
    }
}
