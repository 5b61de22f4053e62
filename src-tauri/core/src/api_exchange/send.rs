//! Sends a draft, and reads the response into memory up to a limit.

use std::sync::Arc;
use std::time::{Duration, Instant};

use grapnel_model::api_exchange::{
    ApiExchangeSummary, ApiExchangeView, ApiRequestDraft, ExchangeKind, RequestHeader, ResponseKind,
};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::{ConnectionId, ExchangeId};
use grapnel_model::text::clean_line;
use grapnel_oauth::http::challenge::insufficient_scope;
use grapnel_oauth::http::{Mask, masked_text};
use http::{HeaderMap, StatusCode, header};
use tokio::runtime::Handle;

use super::exchange::Exchange;
use super::response_body::ResponseBody;
use super::{draft, history};
use crate::api_request::{ApiClient, ApiRequest, Waiting};
use crate::context::Context;
use crate::exchange_log;

/// The most of a response that is read. It is held in memory, as are the few responses that a person looks at in turn:
/// a file would have to be kept from others, and removed in every case.
const MAX_BODY_BYTES: usize = 64 << 20;
/// How long the head of a response may take.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);

/// A response that was read.
struct Received {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
    is_truncated: bool,
    is_of_refreshed_token: bool,
}

/// Sends a draft with the connection's access token, and adds the exchange to the history.
///
/// # Errors
///
/// If the draft cannot be sent, there is no token, or no response comes. A response with an error status is none.
pub(crate) async fn send(ctx: &Arc<Context>, id: &ConnectionId, draft: &ApiRequestDraft) -> Result<Exchange> {
    let client = ApiClient::new(ctx, id, Vec::new());
    let request = draft::request(&client, draft)?;
    let pending = Pending::new(ctx, id, draft);
    let received = receive(&client, request).await;
    let mut summary = pending.end();
    match received {
        Ok(received) => {
            summary.status = Some(received.status.as_u16());
            summary.size = u32::try_from(received.body.len()).ok();
            let mask = mask(ctx, id).await?;
            let view = view(summary, draft, &received, &mask);
            let mut exchange = read(view, received, mask.clone()).await?;
            store(ctx, id, &mut exchange, &mask).await;
            Ok(exchange)
        }
        // Without a request, there is nothing to remember.
        Err(error) if error.code == Code::InvalidInput => Err(error),
        Err(error) => {
            summary.error = Some(error.message.clone());
            let view = ApiExchangeView::unanswered(summary, draft.clone());
            if let Ok(mask) = mask(ctx, id).await {
                let mut exchange = Exchange::of(view, ResponseBody::unmasked(Vec::new(), None));
                store(ctx, id, &mut exchange, &mask).await;
            }
            Err(error)
        }
    }
}

/// A request whose response is awaited. If it is dropped before its end, the person has cancelled it, which the history
/// then tells: the API may have received it.
struct Pending<'a> {
    ctx: &'a Arc<Context>,
    id: &'a ConnectionId,
    draft: &'a ApiRequestDraft,
    begun: Instant,
    summary: ApiExchangeSummary,
    is_over: bool,
}

impl<'a> Pending<'a> {
    fn new(ctx: &'a Arc<Context>, id: &'a ConnectionId, draft: &'a ApiRequestDraft) -> Self {
        let summary = ApiExchangeSummary {
            id: ExchangeId::random(),
            kind: ExchangeKind::Request,
            at: ctx.now(),
            method: draft.method.trim().to_ascii_uppercase(),
            target: draft.target.clone(),
            status: None,
            duration_ms: None,
            size: None,
            error: None,
            body_kept: false,
        };
        Self { ctx, id, draft, begun: Instant::now(), summary, is_over: false }
    }

    /// Its summary, once there is a response or an error.
    fn end(mut self) -> ApiExchangeSummary {
        self.is_over = true;
        self.timed()
    }

    fn timed(&self) -> ApiExchangeSummary {
        let elapsed = u32::try_from(self.begun.elapsed().as_millis()).unwrap_or(u32::MAX);
        ApiExchangeSummary { duration_ms: Some(elapsed), ..self.summary.clone() }
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        // While the program ends, nothing more is begun.
        let (Some(work), Ok(runtime)) = (self.ctx.try_begin_uninterruptible(), Handle::try_current()) else {
            return;
        };
        let summary = ApiExchangeSummary { error: Some("Cancelled.".into()), ..self.timed() };
        let view = ApiExchangeView::unanswered(summary, self.draft.clone());
        let (ctx, id) = (Arc::clone(self.ctx), self.id.clone());
        runtime.spawn(async move {
            if let Ok(mask) = mask(&ctx, &id).await {
                let mut exchange = Exchange::of(view, ResponseBody::unmasked(Vec::new(), None));
                store(&ctx, &id, &mut exchange, &mask).await;
                ctx.emit(Event::Exchanges(id));
            }
            drop(work);
        });
    }
}

async fn receive(client: &ApiClient, request: ApiRequest) -> Result<Received> {
    let waiting = Waiting { response: RESPONSE_TIMEOUT, retry_after: Duration::ZERO, on_retry: &|_, _| () };
    let mut response = client.send(request, &waiting).await?;
    let (mut body, mut is_truncated) = (Vec::new(), false);
    while let Some(piece) = response.piece().await? {
        let left = MAX_BODY_BYTES - body.len();
        if piece.len() > left {
            body.extend_from_slice(&piece[..left]);
            is_truncated = true;
            break;
        }
        body.extend_from_slice(&piece);
    }
    Ok(Received {
        status: response.status(),
        headers: response.headers().clone(),
        body,
        is_truncated,
        is_of_refreshed_token: response.is_of_refreshed_token(),
    })
}

/// Masks the secrets of a connection, as they are after the request.
async fn mask(ctx: &Context, id: &ConnectionId) -> Result<Mask> {
    exchange_log::secrets_of(ctx, id).await.map(Mask::of)
}

/// Indexes the body away from the threads that serve the window.
async fn read(view: ApiExchangeView, received: Received, mask: Mask) -> Result<Exchange> {
    let indexed = tokio::task::spawn_blocking(move || {
        let body = ResponseBody::of(received.body, view.content_type.as_deref(), &mask);
        Exchange::of(view, body)
    });
    let mut exchange =
        indexed.await.map_err(|_| Error::new(Code::Internal, "Reading the response was interrupted."))?;
    let view = &mut exchange.view;
    if exchange.body.is_masked() {
        view.notes.push("The response repeats a secret of this connection, which is masked here.".into());
    }
    let says_json = view.content_type.as_deref().is_some_and(|kind| kind.contains("json"));
    if says_json && view.kind == ResponseKind::Text && !view.is_truncated {
        view.notes
            .push("The response is not valid JSON, or nested too deep. It is shown as received.".into());
    }
    Ok(exchange)
}

fn view(
    summary: ApiExchangeSummary,
    draft: &ApiRequestDraft,
    received: &Received,
    mask: &Mask,
) -> ApiExchangeView {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = received.headers.iter().map(|(name, value)| RequestHeader {
        name: name.to_string(),
        value: clean_line(&masked_text::header(name.as_str(), &text(value), mask)),
    });
    let content_type = received.headers.get(header::CONTENT_TYPE).map(text).unwrap_or_default();
    let content_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let mut notes = Vec::new();
    if received.is_of_refreshed_token {
        notes.push("The API rejected the access token. It was refreshed, and the request sent again.".into());
    }
    if let Some(location) =
        received.headers.get(header::LOCATION).filter(|_| received.status.is_redirection())
    {
        let location = clean_line(&mask.text(&text(location)));
        notes.push(format!(
            "The API redirects to {location}. Redirects are not followed, so that the access token goes nowhere else."
        ));
    }
    if received.is_truncated {
        notes.push(format!(
            "The response is larger than {} MiB. The rest was not read.",
            MAX_BODY_BYTES >> 20
        ));
    }
    ApiExchangeView {
        summary,
        draft: draft.clone(),
        status_text: received.status.canonical_reason().unwrap_or_default().to_owned(),
        headers: headers.collect(),
        content_type: Some(clean_line(&content_type)).filter(|kind| !kind.is_empty()),
        kind: ResponseKind::Empty,
        pretty_lines: 0,
        raw_lines: 0,
        is_truncated: received.is_truncated,
        notes,
        missing_scopes: insufficient_scope(received.status, &received.headers),
    }
}

/// Adds an exchange to the history. The response is there, whether that succeeds or not.
async fn store(ctx: &Context, id: &ConnectionId, exchange: &mut Exchange, mask: &Mask) {
    match history::add(ctx, id, exchange, mask).await {
        Ok(body_kept) => exchange.view.summary.body_kept = body_kept,
        Err(error) => {
            let note = format!("This request was not added to the history. {}", error.message);
            exchange.view.notes.push(note);
        }
    }
}
