//! Sending the requests of one command, with its timeouts.

use std::time::Duration;

use grapnel_core::api_request::{ApiClient, ApiRequest, ApiResponse, Waiting};
use grapnel_model::error::Result;
use http::StatusCode;
use jiff::SignedDuration;

use crate::format::duration;
use crate::print::Messages;

/// Sends requests of one command.
pub(super) struct Sender<'a> {
    /// The connection's name, for what to do about an error.
    pub(super) connection: String,
    pub(super) api: &'a ApiClient,
    pub(super) messages: Messages,
    pub(super) timeout: Duration,
    pub(super) max_wait: Duration,
}

impl Sender<'_> {
    pub(super) async fn send(&self, request: ApiRequest) -> Result<ApiResponse> {
        let on_retry = |status: StatusCode, wait: Duration| {
            let wait = duration(SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX));
            self.messages.note(&format!("The API answered {status}. Trying again in {wait}."));
        };
        let waiting = Waiting { response: self.timeout, retry_after: self.max_wait, on_retry: &on_retry };
        self.api.send(request, &waiting).await
    }
}
