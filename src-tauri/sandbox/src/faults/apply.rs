//! Applies a fault to a request: replaces the handler, or alters the handler's reply.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::{io, mem};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use hyper::body::Frame;
use jiff::SignedDuration;
use serde_json::json;

use super::reply_body::{take_body, with_body};
use super::token_reply;
use crate::clock::{Clock, http_date, later};
use crate::faults::fault::Fault;
use crate::faults::refusals::{FAULT_DESCRIPTION, RefusalReplies};
use crate::provider::Provider;
use crate::reply::{ErrorReply, json_reply};
use crate::server::DropConnection;

const OVERSIZED_PADDING_BYTES: usize = 5 * 1024 * 1024;

/// The page that a captive portal serves for every request.
const CAPTIVE_PORTAL_PAGE: &str = "<!doctype html><title>Welcome</title><h1>Sign in to use this network</h1>";

/// Runs the handler `act` with `fault` applied.
pub(crate) async fn apply_fault(
    fault: Option<Fault>,
    provider: &Provider,
    act: impl Future<Output = Response>,
) -> Response {
    let Some(fault) = fault else { return act.await };
    let clock = &provider.shared.clock;
    match reply_without_acting(&fault, clock, provider.refusals) {
        Some(response) => response,
        None => alter_reply(&fault, clock, act.await).await,
    }
}

/// The reply for a fault at which the server does not act; `None` for the other faults.
fn reply_without_acting(fault: &Fault, clock: &Clock, refusals: RefusalReplies) -> Option<Response> {
    Some(match fault {
        Fault::TooMany(seconds) => too_many(&seconds.to_string()),
        Fault::TooManyUntil(seconds) => {
            too_many(&http_date(later(clock.now(), SignedDuration::from_secs(i64::from(*seconds)))))
        }
        Fault::ServerError(500) => {
            json_reply(StatusCode::INTERNAL_SERVER_ERROR, &json!({ "error": "server_error" }))
        }
        Fault::ServerError(status) => gateway(*status),
        Fault::Html => Html(CAPTIVE_PORTAL_PAGE).into_response(),
        Fault::Redirect(to) => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to.clone())]).into_response()
        }
        Fault::InvalidToken => (refusals.token)(),
        Fault::InvalidGrant => (refusals.grant)(),
        Fault::InvalidClient => (refusals.client)(),
        Fault::UnknownError => {
            ErrorReply::new(StatusCode::BAD_REQUEST, "mercury_in_retrograde", FAULT_DESCRIPTION)
                .into_response()
        }
        _ => return None,
    })
}

async fn alter_reply(fault: &Fault, clock: &Clock, mut response: Response) -> Response {
    match fault {
        Fault::LostReply => {
            response.extensions_mut().insert(DropConnection);
            response
        }
        Fault::GatewayTimeout => gateway(504),
        Fault::Slow(delay) => {
            tokio::time::sleep(*delay).await;
            response
        }
        Fault::CutOff => cut_off(response).await,
        Fault::Empty => with_body(response, Body::empty()),
        Fault::Oversized => oversized(response).await,
        Fault::DateSkew(seconds) => {
            let said = http_date(later(clock.now(), SignedDuration::from_secs(*seconds)));
            if let Ok(said) = HeaderValue::from_str(&said) {
                response.headers_mut().insert(header::DATE, said);
            }
            response
        }
        shape => token_reply::reshape(shape, response).await,
    }
}

fn too_many(retry_after: &str) -> Response {
    let mut response = json_reply(StatusCode::TOO_MANY_REQUESTS, &json!({ "error": "too_many_requests" }));
    if let Ok(value) = HeaderValue::from_str(retry_after) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

/// Gateways reply with HTML.
fn gateway(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let reason = status.canonical_reason().unwrap_or_default();
    (status, Html(format!("<!doctype html><title>{status}</title><h1>{reason}</h1>"))).into_response()
}

async fn oversized(response: Response) -> Response {
    let (response, bytes) = take_body(response).await;
    let mut padded = bytes.to_vec();
    padded.resize(padded.len() + OVERSIZED_PADDING_BYTES, b' ');
    with_body(response, padded)
}

async fn cut_off(response: Response) -> Response {
    let (response, bytes) = take_body(response).await;
    let promised = HeaderValue::from(bytes.len());
    let mut response = with_body(response, Body::new(Broken::Half(bytes.slice(..bytes.len() / 2))));
    response.headers_mut().insert(header::CONTENT_LENGTH, promised);
    response
}

/// A body that fails after half of its content, so that the connection breaks.
enum Broken {
    Half(Bytes),
    /// Waits once, so that the half is sent before the failure.
    Flushing,
    Failing,
}

impl HttpBody for Broken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match mem::replace(&mut *self, Self::Failing) {
            Self::Half(bytes) => {
                *self = Self::Flushing;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Self::Flushing => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Self::Failing => Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into()))),
        }
    }
}
