//! A callback, from its address to the end of the sign-in that it answers: matched, its code exchanged, the grant
//! stored, the account fetched, the sign-in completed.

use std::sync::Arc;

use grapnel_model::activity::Kind;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::AttemptId;
use grapnel_model::secret::SecretString;
use grapnel_oauth::callback::AuthorizationResponse;
use grapnel_store::attempt::AttemptRow;
use grapnel_store::{self as store, activity};

use super::attempts::tell;
use super::claim::{Matched, RejectedCallback, match_pasted, match_sign_in};
use super::complete::{complete, fail, fetch_account};
use super::exchange::{denied, exchange_code};
use super::store_grant::{GrantTarget, store_grant};
use crate::context::Context;

/// Takes in a callback, whichever way it came. One that is forged, late or repeated changes nothing, and is explained
/// to whoever watches and in the activity.
pub(crate) async fn receive(ctx: &Arc<Context>, address: &SecretString) -> Result<()> {
    match match_sign_in(ctx, address) {
        Ok(matched) => Box::pin(finish(ctx, matched)).await,
        Err(rejected) => {
            reject(ctx, &rejected)?;
            Err(*rejected.error)
        }
    }
}

/// Takes in what a person pasted for an attempt. What is wrong with it is told to that person alone.
pub(crate) async fn paste(ctx: &Arc<Context>, id: &AttemptId, pasted: &SecretString) -> Result<()> {
    Box::pin(finish(ctx, match_pasted(ctx, id, pasted)?)).await
}

async fn finish(ctx: &Arc<Context>, mut matched: Matched) -> Result<()> {
    let obtained = obtain_grant(ctx, &mut matched).await;
    let attempt: AttemptRow = matched.attempt;
    match obtained {
        Ok((target, id_token)) => {
            // Work of its own, since it may renew the tokens.
            fetch_account(ctx, &attempt, &target, id_token).await?;
            complete(ctx, &attempt, target.id())
        }
        Err(error) => Err(fail(ctx, attempt, error)),
    }
}

/// Stores the grant; answers with its connection, and with its ID token, which is not stored.
async fn obtain_grant(
    ctx: &Arc<Context>,
    matched: &mut Matched,
) -> Result<(GrantTarget, Option<SecretString>)> {
    let _working = ctx.at_work().await?;
    let Matched { attempt, app, callback } = matched;
    let code = match &callback.answer {
        AuthorizationResponse::Code(code) => code.clone(),
        AuthorizationResponse::Error { error, description } => {
            return Err(denied(ctx, attempt, app, error, description.as_deref())?);
        }
    };
    let state = callback.state.clone().unwrap_or_default();
    let exchanged = exchange_code(ctx, attempt, app, code, state).await?;
    let id_token = exchanged.grant.id_token.clone();
    Ok((store_grant(ctx, attempt, app, exchanged).await?, id_token))
}

/// Tells that a callback was not accepted: whoever watches, the attempts that it came for, and the activity, where the
/// same reason within the hour is one entry, however often it comes.
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
    ctx.tell(Event::CallbackRefused((**error).clone()));
    news.into_iter().try_for_each(|id| tell(ctx, id).map(drop))
}

/// Tells that another account of this computer sent an answer to an attempt. Nothing of it was read.
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
        tracing::warn!(%error, "a refused answer is not noted");
    }
}
