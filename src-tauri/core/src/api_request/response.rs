//! A response whose body arrives in chunks.

use grapnel_model::error::{Code, Error, Result};
use grapnel_oauth::http::StreamedBody;
use grapnel_oauth::http::challenge::insufficient_scope;
use http::{HeaderMap, Response, StatusCode, Version};
use http_body_util::BodyExt;
use hyper::body::Bytes;

/// A response of an API as it arrives. Nothing in it is masked, since it is for the person whose connection it is.
#[derive(Debug)]
pub struct ApiResponse {
    response: Response<StreamedBody>,
    provider: String,
    /// Whether the token was rejected before, and refreshed.
    pub(super) is_of_refreshed_token: bool,
}

impl ApiResponse {
    pub(super) fn new(response: Response<StreamedBody>, provider: &str) -> Self {
        Self { response, provider: provider.to_owned(), is_of_refreshed_token: false }
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The version of HTTP.
    pub fn version(&self) -> Version {
        self.response.version()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The scopes that the request needed, if the API refused it because the access token has too few; empty if it did
    /// not say which.
    pub fn missing_scopes(&self) -> Option<Vec<String>> {
        insufficient_scope(self.status(), self.headers())
    }

    /// The provider's name in a sentence.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// Whether the API had rejected the token, and this is the response to the repeated request.
    pub fn is_of_refreshed_token(&self) -> bool {
        self.is_of_refreshed_token
    }

    /// The next chunk of the body; `None` at its end.
    ///
    /// # Errors
    ///
    /// If the connection fails in the middle of the body.
    pub async fn piece(&mut self) -> Result<Option<Bytes>> {
        while let Some(frame) = self.response.body_mut().frame().await {
            let frame = frame.map_err(|_| {
                let message = format!("The response of {} broke off before its end.", self.provider);
                Error::new(Code::AnswerLost, message)
                    .means("Your tokens are kept as they are.")
                    .hint("Try again.")
            })?;
            // Other frames are trailers.
            if let Ok(piece) = frame.into_data() {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }

    /// The whole body.
    ///
    /// # Errors
    ///
    /// If the connection fails in the middle of the body, or if it has more than `limit` bytes.
    pub async fn body(&mut self, limit: usize) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        while let Some(piece) = self.piece().await? {
            if body.len() + piece.len() > limit {
                let message = format!(
                    "The response of {} is larger than {} MiB, and was not read further.",
                    self.provider,
                    limit >> 20
                );
                return Err(Error::new(Code::ReplyTooLarge, message)
                    .means("Your tokens are kept as they are.")
                    .hint("Write the response to a file as it arrives: grapnel api … > FILE"));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    /// The response itself, for forwarding it.
    pub(crate) fn into_inner(self) -> Response<StreamedBody> {
        self.response
    }
}
