//! The history of a connection's exchanges: encrypted by the vault, with credentials masked before that.

use grapnel_model::api_exchange::ApiExchangeSummary;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::{ConnectionId, ExchangeId};
use grapnel_oauth::http::{Mask, masked_text};
use grapnel_store::api_exchange;

use super::exchange::Exchange;
use super::masked;
use super::response_body::ResponseBody;
use crate::context::Context;
use crate::exchange_log::{StoredExchange, read, seal, summary_associated_data};

/// Adds an exchange. Returns whether its body is kept: only text that is not too large is.
pub(super) async fn add(ctx: &Context, of: &ConnectionId, exchange: &Exchange, mask: &Mask) -> Result<bool> {
    let mut view = exchange.view.clone();
    let body = exchange.body.text().and_then(|text| masked_text::body(text, mask));
    view.draft = masked::draft(&view.draft, mask);
    view.summary.target = masked_text::target(&view.summary.target, mask);
    view.summary.body_kept = body.is_some();
    let is_changed = view.draft != exchange.view.draft
        || body.as_deref().is_some_and(|body| exchange.body.text() != Some(body));
    if is_changed {
        view.notes.push("Credentials were masked before this request was added to the history.".into());
    }
    if body.is_none() {
        view.notes
            .push("The body of the response is not in the history: it is too large, or no text.".into());
    }
    let body_kept = body.is_some();
    let _work = ctx.begin_sealed_write().await?;
    let row = seal(ctx, of, StoredExchange { view, body }).await?;
    ctx.store.write(|tx| api_exchange::insert(tx, &row))?;
    Ok(body_kept)
}

/// The exchanges of a connection, newest first.
pub(crate) async fn list(ctx: &Context, of: &ConnectionId) -> Result<Vec<ApiExchangeSummary>> {
    let mut summaries = Vec::new();
    for (id, sealed) in ctx.store.read(|c| api_exchange::summaries(c, of))? {
        summaries.push(read(&ctx.vault.open(&summary_associated_data(&id), &sealed).await?)?);
    }
    Ok(summaries)
}

/// An exchange of a connection.
pub(crate) async fn open(ctx: &Context, of: &ConnectionId, id: &ExchangeId) -> Result<Exchange> {
    let sealed = ctx.store.read(|c| api_exchange::get(c, of, id))?;
    let sealed =
        sealed.ok_or_else(|| Error::new(Code::NotFound, "This request is not in the history any more."))?;
    let StoredExchange { view, body } = StoredExchange::open(ctx, id, &sealed).await?;
    let body = ResponseBody::unmasked(body.unwrap_or_default().into_bytes(), view.content_type.as_deref());
    Ok(Exchange::of(view, body))
}

/// The exchanges of a connection whose headers or bodies contain `text`, in any case.
pub(crate) async fn search(ctx: &Context, of: &ConnectionId, text: &str) -> Result<Vec<ExchangeId>> {
    let text = text.to_lowercase();
    let mut found = Vec::new();
    for (id, _) in ctx.store.read(|c| api_exchange::summaries(c, of))? {
        // It may be deleted meanwhile.
        let Some(sealed) = ctx.store.read(|c| api_exchange::get(c, of, &id))? else { continue };
        let StoredExchange { view, body } = StoredExchange::open(ctx, &id, &sealed).await?;
        let headers = view.draft.headers.iter().chain(&view.headers);
        let headers = headers.map(|header| format!("{}: {}", header.name, header.value));
        let mut parts = headers.chain([view.draft.body]).chain(body);
        if parts.any(|part| part.to_lowercase().contains(&text)) {
            found.push(id);
        }
    }
    Ok(found)
}

/// Deletes an exchange of a connection.
pub(crate) fn remove(ctx: &Context, of: &ConnectionId, id: &ExchangeId) -> Result<()> {
    ctx.store.write(|tx| api_exchange::remove(tx, of, id))
}

/// Deletes the history of a connection.
pub(crate) fn clear(ctx: &Context, of: &ConnectionId) -> Result<()> {
    ctx.store.write(|tx| api_exchange::clear(tx, of))
}
