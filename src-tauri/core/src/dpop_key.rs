//! The key that a connection's tokens are bound to (DPoP, RFC 9449). It is made with each sign-in, encrypted with the
//! attempt and then with the tokens, and deleted with them.

use std::sync::Arc;

use grapnel_model::access_token::AccessTokenType;
use grapnel_model::error::{Code, Error, NextStep, Result};
use grapnel_model::id::{AttemptId, ConnectionId};
use grapnel_model::provider::{Dpop, ProviderConfig};
use grapnel_oauth::dpop::DpopKey;
use grapnel_oauth::http::token::Grant;
use grapnel_store::attempt::AttemptRow;
use grapnel_store::connection::ConnectionRow;
use grapnel_store::sealed::Sealed;

use crate::context::Context;

/// The associated data of a connection's encrypted key.
pub(crate) fn associated_data(id: &ConnectionId) -> String {
    format!("connection/{id}/dpop")
}

fn attempt_associated_data(id: &AttemptId) -> String {
    format!("attempt/{id}/dpop")
}

/// A new key, if the app's tokens are to be bound to one.
pub(crate) fn new(config: &ProviderConfig) -> Result<Option<Arc<DpopKey>>> {
    if config.dpop == Dpop::Never {
        return Ok(None);
    }
    DpopKey::generate().map(|key| Some(Arc::new(key)))
}

/// Whether a grant is refused because its token is bound to no key, so that it is good for anyone who has it: the app
/// requires a bound one, or has not given up the binding of the token that it replaces. A token that is sent to no API
/// (`N_A`) has no binding.
pub(crate) fn lacks_binding(config: &ProviderConfig, grant: &Grant, replaces_bound: bool) -> bool {
    let must_be_bound = match config.dpop {
        Dpop::Required => true,
        Dpop::Offered => replaces_bound,
        Dpop::Never => false,
    };
    must_be_bound && grant.is_bearer && grant.token_type != AccessTokenType::Dpop
}

/// The error of such a grant. The caller says what it means.
pub(crate) fn not_bound(provider: &str, config: &ProviderConfig) -> Error {
    let accept = if config.dpop == Dpop::Required {
        "yes, if the provider does (dpop=true)"
    } else {
        "no (dpop=false)"
    };
    Error::new(Code::ProviderError, format!("{provider} did not bind the token to a key (DPoP)."))
        .hint(format!(
            "To accept such tokens, set the app’s “Bind tokens to a key (DPoP)” to {accept}. Or ask the provider to \
             bind them for your client."
        ))
        .next_step(NextStep::EditApp)
}

/// Encrypts a key for a connection.
pub(crate) async fn seal(ctx: &Context, id: &ConnectionId, key: Option<&DpopKey>) -> Result<Option<Sealed>> {
    sealed(ctx, &associated_data(id), key).await
}

/// Encrypts a key for an attempt.
pub(crate) async fn seal_for_attempt(
    ctx: &Context,
    id: &AttemptId,
    key: Option<&DpopKey>,
) -> Result<Option<Sealed>> {
    sealed(ctx, &attempt_associated_data(id), key).await
}

/// The key of a connection's tokens.
pub(crate) async fn of(ctx: &Context, row: &ConnectionRow) -> Result<Option<Arc<DpopKey>>> {
    let sealed = row.grant.as_ref().and_then(|grant| grant.dpop.as_ref());
    open(ctx, &associated_data(&row.id), sealed).await
}

/// The key of a sign-in.
pub(crate) async fn of_attempt(ctx: &Context, row: &AttemptRow) -> Result<Option<Arc<DpopKey>>> {
    open(ctx, &attempt_associated_data(&row.id), row.sealed_dpop.as_ref()).await
}

async fn sealed(ctx: &Context, place: &str, key: Option<&DpopKey>) -> Result<Option<Sealed>> {
    match key {
        Some(key) => ctx.vault.seal(place, key.text()).await.map(Some),
        None => Ok(None),
    }
}

async fn open(ctx: &Context, place: &str, sealed: Option<&Sealed>) -> Result<Option<Arc<DpopKey>>> {
    match sealed {
        Some(sealed) => DpopKey::parse(&ctx.vault.open(place, sealed).await?).map(|key| Some(Arc::new(key))),
        None => Ok(None),
    }
}
