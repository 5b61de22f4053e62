//! Verifies the signed response of a callback (JARM), before anything in it counts.

use grapnel_model::attempt::Phase;
use grapnel_oauth::callback::{self, CallbackError, UnparsedCallback};
use grapnel_store as store;

use super::claim::{Apps, NoMatchingAttempt, RejectedCallback, by_state, late, malformed, unknown};
use crate::content::signed_response::{ResponseFault, unverified, verified};
use crate::context::Context;

/// The callback at `address` with the parameters of its signed response. `None` if it has none, or if its sign-in did
/// not ask for one.
///
/// The `state` in the response finds the sign-in. Only for one that waits and asked for a signed response, at whose
/// redirect URI it arrived, the provider's keys are requested.
///
/// # Errors
/// The response belongs to no sign-in, or cannot be relied on.
pub(super) async fn verify(
    ctx: &Context,
    address: &str,
) -> Result<Option<UnparsedCallback>, RejectedCallback> {
    // What is malformed besides is refused later.
    let Ok(arrived) = callback::parse(address) else { return Ok(None) };
    let token = match arrived.signed_response() {
        Ok(None) => return Ok(None),
        Ok(Some(token)) => token.to_owned(),
        Err(fault) => return Err(malformed(&fault, Vec::new())),
    };
    let apps = Apps::load(ctx)?;
    let of_waiting = || {
        let waiting = ctx.store.read(store::attempt::open).unwrap_or_default().into_iter();
        let is_meant = |row: &store::attempt::AttemptRow| {
            row.phase == Phase::Waiting && arrived.matches_redirect_uri(&row.redirect_uri)
        };
        waiting.filter(is_meant).map(|row| row.id).collect()
    };
    let refuse = |fault: &ResponseFault, of| malformed(&CallbackError::SignedResponse(fault.to_string()), of);
    let claimed = match unverified(&token) {
        Ok(parameters) => arrived.clone().with_parameters(parameters),
        // An app that asks for none of them gets the usual refusal.
        Err(_) if !apps.any_signed() => return Ok(None),
        Err(fault) => return Err(refuse(&fault, of_waiting())),
    };
    let (row, app) = match by_state(ctx, &apps, &claimed) {
        Ok(Some(found)) => found,
        Ok(None) if !apps.any_signed() => return Ok(None),
        Ok(None) => return Err(unknown(ctx, &apps, &claimed)),
        Err(NoMatchingAttempt::CallbackError(fault)) => return Err(malformed(&fault, Vec::new())),
        Err(NoMatchingAttempt::Failed(error)) => return Err(error.into()),
    };
    let config = app.config()?;
    if !config.response_mode.is_signed() {
        return Ok(None);
    }
    if row.phase != Phase::Waiting || row.expires_at <= ctx.now() {
        let phase = if row.phase == Phase::Waiting { Phase::TimedOut } else { row.phase };
        return Err(RejectedCallback { error: Box::new(late(phase)), name: "late", of: Vec::new() });
    }
    if !arrived.matches_redirect_uri(&row.redirect_uri) {
        return Err(malformed(&CallbackError::NotOurs, vec![row.id]));
    }
    match verified(&ctx.http, config, &app.row.client_id, &token, ctx.time.now()).await {
        Ok(parameters) => Ok(Some(arrived.with_verified(parameters))),
        Err(fault) => Err(refuse(&fault, vec![row.id])),
    }
}
