//! An exchange as it is stored: encrypted by the vault, with its secrets masked before that.

use grapnel_model::api_exchange::ApiExchangeView;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::{ConnectionId, ExchangeId};
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_store::api_exchange::ApiExchangeRow;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::context::Context;

/// An exchange as it is stored.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredExchange {
    pub(crate) view: ApiExchangeView,
    /// The response's body, if it was kept.
    pub(crate) body: Option<String>,
}

pub(crate) fn summary_associated_data(id: &ExchangeId) -> String {
    format!("api_exchange/{id}/summary")
}

fn exchange_associated_data(id: &ExchangeId) -> String {
    format!("api_exchange/{id}/exchange")
}

/// Encrypts an exchange. The caller holds the vault's lock until the row is stored.
pub(crate) async fn seal(
    ctx: &Context,
    of: &ConnectionId,
    exchange: StoredExchange,
) -> Result<ApiExchangeRow> {
    let summary = &exchange.view.summary;
    let (id, kind, at) = (summary.id.clone(), summary.kind, summary.at);
    Ok(ApiExchangeRow {
        sealed_summary: ctx.vault.seal(&summary_associated_data(&id), &write(summary)?).await?,
        sealed_exchange: ctx.vault.seal(&exchange_associated_data(&id), &write(&exchange)?).await?,
        id,
        connection_id: of.clone(),
        kind,
        at,
    })
}

impl StoredExchange {
    /// Decrypts an exchange.
    pub(crate) async fn open(
        ctx: &Context,
        id: &ExchangeId,
        sealed: &grapnel_store::sealed::Sealed,
    ) -> Result<Self> {
        read(&ctx.vault.open(&exchange_associated_data(id), sealed).await?)
    }
}

/// A value as JSON that the vault encrypts.
pub(crate) fn write(value: &impl Serialize) -> Result<SecretString> {
    let text = serde_json::to_string(value);
    text.map(SecretString::from).map_err(|_| Error::new(Code::Internal, "The request could not be written."))
}

/// What [`write`] wrote.
pub(crate) fn read<T: DeserializeOwned>(text: &SecretString) -> Result<T> {
    serde_json::from_str(text.expose_secret())
        .map_err(|_| Error::new(Code::DataDamaged, "A stored request cannot be read."))
}
