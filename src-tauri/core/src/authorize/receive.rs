//! The flow of a callback: it is matched to its attempt, its code is exchanged, the grant is stored, the account is
//! fetched, and the sign-in completes.

use std::sync::Arc;

use grapnel_model::activity::Kind;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::AttemptId;
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_oauth::callback::AuthorizationResponse;
use grapnel_store::attempt::AttemptRow;
use grapnel_store::{self as store, activity};

use super::attempt_task::run_for_attempt;
use super::attempts::emit_attempt;
use super::claim::{MatchedCallback, RejectedCallback, match_pasted, match_sign_in};
use super::complete::{complete, fail, fetch_account};
use super::exchange::{denied, exchange_code};
use super::signed_response::verify;
use super::store_grant::{GrantTarget, store_grant};
use crate::context::Context;
use crate::exchange_log::ExchangeLog;

/// Receives a callback, by any redirect method. A forged, late or repeated one changes nothing; it is reported by an
/// event and in the activity log.
pub(crate) async fn receive(ctx: &Arc<Context>, address: &SecretString) -> Result<()> {
    let matched = match verify(ctx, address.expose_secret()).await {
        Ok(signed) => match_sign_in(ctx, address, signed),
        Err(rejected) => Err(rejected),
    };
    match matched {
        Ok(matched) => Box::pin(finish(ctx, matched)).await,
        Err(rejected) => {
            reject(ctx, &rejected)?;
            Err(*rejected.error)
        }
    }
}

/// Receives what a person pasted for an attempt. Errors are returned to that person only.
pub(crate) async fn paste(ctx: &Arc<Context>, id: &AttemptId, pasted: &SecretString) -> Result<()> {
    let signed = verify(ctx, pasted.expose_secret().trim()).await;
    let signed = signed.map_err(|rejected| rejected.error.means("The sign-in still waits."))?;
    Box::pin(finish(ctx, match_pasted(ctx, id, pasted, signed)?)).await
}

async fn finish(ctx: &Arc<Context>, matched: MatchedCallback) -> Result<()> {
    let (id, work) = (matched.attempt.id.clone(), Arc::clone(ctx));
    run_for_attempt(ctx, &id, async move { Box::pin(exchange_and_store(&work, matched)).await }).await
}

async fn exchange_and_store(ctx: &Arc<Context>, mut matched: MatchedCallback) -> Result<()> {
    let log = ExchangeLog::new(ctx, matched.attempt.connection_id.as_ref());
    let obtained = Box::pin(obtain_grant(ctx, &mut matched, &log)).await;
    let attempt: AttemptRow = matched.attempt;
    match obtained {
        Ok((target, id_token)) => {
            drop(log);
            // Outside of the guarded work: it may refresh the tokens.
            fetch_account(ctx, &attempt, &target, id_token).await?;
            complete(ctx, &attempt, target.id())
        }
        Err(error) => Err(fail(ctx, attempt, error, log.decisive())),
    }
}

/// Stores the grant; returns its connection, and its ID token, which is stored only if it could be validated.
async fn obtain_grant(
    ctx: &Arc<Context>,
    matched: &mut MatchedCallback,
    log: &ExchangeLog,
) -> Result<(GrantTarget, Option<SecretString>)> {
    let _working = ctx.begin_sealed_write().await?;
    let MatchedCallback { attempt, app, callback } = matched;
    let code = match &callback.answer {
        AuthorizationResponse::Code(code) => code.clone(),
        AuthorizationResponse::Error { error, description } => {
            let denied = denied(ctx, attempt, app, error, description.as_deref());
            log.add_messages(&attempt.exchange, attempt.started_at);
            return Err(denied?);
        }
    };
    log.add_messages(&attempt.exchange, attempt.started_at);
    let state = callback.state.clone().unwrap_or_default();
    let exchanged = exchange_code(ctx, attempt, app, (code, state), log).await?;
    let id_token = exchanged.grant.id_token.clone();
    let target = Box::pin(store_grant(ctx, attempt, app, exchanged, log)).await?;
    log.set_connection(target.id());
    Ok((target, id_token))
}

/// Reports a refused callback: by an event, at the attempts that it was meant for, and in the activity log. Repetitions
/// with the same reason within an hour share one log entry.
fn reject(ctx: &Context, RejectedCallback { error, name, of }: &RejectedCallback) -> Result<()> {
    let news = ctx.store.write_without_sync(|tx| {
        let counted = (*name, error.message.as_str());
        activity::add_repeated(tx, ctx.now(), Kind::CallbackRefused, counted, (None, None))?;
        let mut news = Vec::new();
        for id in of {
            if store::attempt::set_refused(tx, id, error)? {
                news.push(id);
            }
        }
        Ok(news)
    })?;
    ctx.emit(Event::CallbackRefused((**error).clone()));
    news.into_iter().try_for_each(|id| emit_attempt(ctx, id).map(drop))
}

/// Reports a callback from another account of this computer. Its content was not read.
pub(super) fn reject_another_account(ctx: &Context, id: &AttemptId) {
    let error =
        Error::new(Code::CallbackInvalid, "Another account of this computer sent an answer to this sign-in.")
            .means("It was not read, and changed nothing.")
            .hint(
                "Go on in your own browser. If that is what you did, paste the address that it was sent to.",
            );
    if let Err(error) = reject(
        ctx,
        &RejectedCallback { error: Box::new(error), name: "another_account", of: vec![id.clone()] },
    ) {
        tracing::warn!(%error, "a refused callback could not be recorded");
    }
}
