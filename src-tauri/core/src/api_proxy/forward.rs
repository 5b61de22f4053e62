//! Forwards one request to the API and its response back, and joins both connections after a protocol upgrade
//! (WebSocket).

use std::time::Duration;

use grapnel_model::error::{Code, Error, Result};
use grapnel_oauth::http::StreamedBody;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::upgrade::{OnUpgrade, on};
use hyper_util::rt::TokioIo;

use super::headers;
use super::missing_scopes::MissingScopes;
use crate::api_request::{ApiClient, ApiRequest, RequestBody, Waiting};

/// A shorter body is read into memory before it is sent, so that it can be sent again with a newer token.
const MAX_REPEATABLE_BYTES: u64 = 1 << 20;
/// How long the API may take to begin its response; a client that disconnects earlier ends the request.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(600);

/// Both ends of an upgraded connection.
pub(super) struct Upgraded {
    client: OnUpgrade,
    server: OnUpgrade,
}

/// Sends a request to the API and returns its response, or an error response; and the upgraded connection, if the
/// response switches protocols.
pub(super) async fn forward(
    api: &ApiClient,
    request: Request<Incoming>,
    target: &str,
    missing_scopes: &MissingScopes,
) -> (Response<StreamedBody>, Option<Upgraded>) {
    match attempt(api, request, target, missing_scopes).await {
        Ok(forwarded) => forwarded,
        Err(error) => (failed(&error), None),
    }
}

async fn attempt(
    api: &ApiClient,
    mut request: Request<Incoming>,
    target: &str,
    missing_scopes: &MissingScopes,
) -> Result<(Response<StreamedBody>, Option<Upgraded>)> {
    let url = api.resolve(target.trim_start_matches('/'))?;
    let client = headers::upgrade(request.headers()).map(|_| on(&mut request));
    let (head, body) = request.into_parts();
    let body = repeatable(body).await?;
    let headers = headers::of_request(head.headers);
    let waiting = Waiting { response: RESPONSE_TIMEOUT, retry_after: Duration::ZERO, on_retry: &|_, _| () };
    let sent = api.send(ApiRequest { method: head.method, url, headers, body }, &waiting).await?;
    if let Some(scopes) = sent.missing_scopes() {
        missing_scopes.tell(scopes);
    }
    let mut response = sent.into_inner();
    let is_upgraded = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    headers::of_response(response.headers_mut(), is_upgraded);
    let upgraded = client.filter(|_| is_upgraded);
    let upgraded = upgraded.map(|client| Upgraded { client, server: on(&mut response) });
    Ok((response, upgraded))
}

/// Reads a short body as a whole. Any other body is streamed with the client's `Content-Length`.
async fn repeatable(body: Incoming) -> Result<RequestBody> {
    if body.is_end_stream() {
        return Ok(RequestBody::Bytes(Bytes::new()));
    }
    if body.size_hint().upper().is_none_or(|length| length > MAX_REPEATABLE_BYTES) {
        return Ok(RequestBody::Once(Some(StreamedBody::wrap(body))));
    }
    let limit = usize::try_from(MAX_REPEATABLE_BYTES).unwrap_or(usize::MAX);
    let body = Limited::new(body, limit).collect().await.map_err(|_| {
        Error::new(Code::InvalidInput, "The body of the request broke off.").means("Nothing was sent.")
    })?;
    Ok(RequestBody::Bytes(body.to_bytes()))
}

impl Upgraded {
    /// Copies between both ends until one of them closes the connection.
    pub(super) async fn join(self) {
        let joined = async {
            let (client, server) = tokio::try_join!(self.client, self.server)?;
            let (mut client, mut server) = (TokioIo::new(client), TokioIo::new(server));
            let copied = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            copied.map_err(|error| Box::new(error) as Box<dyn std::error::Error + Send + Sync>)
        };
        if let Err(error) = joined.await {
            tracing::debug!(%error, "a connection through the proxy broke off");
        }
    }
}

/// The error response for a request that the API did not answer.
fn failed(error: &Error) -> Response<StreamedBody> {
    let status = match error.code {
        Code::InvalidInput if error.field.as_deref() == Some("url") => StatusCode::FORBIDDEN,
        Code::InvalidInput => StatusCode::BAD_REQUEST,
        _ => StatusCode::BAD_GATEWAY,
    };
    json(status, &serde_json::json!({ "error": error }))
}

/// The response to a request that is not forwarded.
pub(super) fn refused(status: StatusCode, code: &str, message: &str) -> Response<StreamedBody> {
    json(status, &serde_json::json!({ "error": { "code": code, "message": message } }))
}

fn json(status: StatusCode, document: &serde_json::Value) -> Response<StreamedBody> {
    let body = format!("{document}\n");
    let mut response = Response::new(StreamedBody::default());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CONTENT_LENGTH, body.len().into());
    *response.body_mut() = body.into();
    response
}
