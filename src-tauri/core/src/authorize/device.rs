//! Starts a sign-in on another device (RFC 8628): asks for a device code and shows what the person enters there.

use std::sync::Arc;
use std::time::Duration;

use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::error::Result;
use grapnel_model::id::AttemptId;
use grapnel_model::provider::GrantType;
use grapnel_oauth::http::device::request_device_code;
use grapnel_oauth::{codeless_messages, sign_in_messages};
use grapnel_store::attempt::AttemptRow;
use jiff::SignedDuration;

use super::attempts::verifier_associated_data;
use super::device_poll::{Polling, poll};
use super::device_prompt::{StoredPrompt, no_device_url};
use super::exchange::explain_refused_request;
use super::sign_in_request::{SignInRequest, store_attempt};
use crate::context::Context;
use crate::dpop_key;
use crate::exchange_log::ExchangeLog;
use crate::grant::OAuthClient;
use crate::secret_parameters;
use crate::signed_in::ConfiguredApp;

/// Starts a sign-in, and polls for its tokens in the background.
pub(super) async fn start(
    ctx: &Arc<Context>,
    app: ConfiguredApp,
    wanted: &SignInRequest,
) -> Result<AttemptId> {
    let again = wanted.check(ctx, &app.row.id)?;
    let scopes = wanted.scopes(&app.row, again.as_ref())?;
    wanted.check_no_account(GrantType::DeviceCode)?;
    ctx.vault.check().await?;
    let mut client = OAuthClient::of(ctx, &app).await?;
    if let Some(own) = &wanted.authorization_details {
        client.config.authorization_details = Some(own.clone());
    }
    let endpoint = client.config.device_authorization_url().ok_or_else(no_device_url)?;
    let log = ExchangeLog::new(ctx, wanted.again.as_ref());
    let permit = ctx.http.permit(endpoint).await;
    let at = (&client.config, endpoint);
    let asked = request_device_code(log.http(), &permit, at, &client.credentials, &scopes).await;
    drop(permit);
    let authorization = asked.map_err(|failure| explain_refused_request(&client, failure))?;
    let _working = ctx.begin_sealed_write().await?;
    secret_parameters::seal_clear(ctx, &app.row).await?;
    let has_secret = app.row.sealed_secret.is_some();
    let mut exchange = codeless_messages::by_device(
        at,
        (&app.row.client_id, has_secret),
        &scopes,
        &authorization.verification_uri,
    );
    if let Some(answer) = log.last_of(ExchangeKind::DeviceAuthorization) {
        sign_in_messages::answered_with(&mut exchange, &answer);
    }
    let base = wanted.attempt(ctx, &app.row.id, GrantType::DeviceCode);
    let lifetime = SignedDuration::try_from(authorization.expires_in).unwrap_or(SignedDuration::ZERO);
    let code = &authorization.device_code;
    let stored = StoredPrompt::of(&authorization);
    let dpop = dpop_key::new(&client.config)?;
    let row = AttemptRow {
        sealed_dpop: dpop_key::seal_for_attempt(ctx, &base.id, dpop.as_deref()).await?,
        sealed_verifier: Some(ctx.vault.seal(&verifier_associated_data(&base.id), code).await?),
        sealed_url: Some(stored.seal(ctx, &base.id).await?),
        expires_at: base.started_at + lifetime,
        exchange,
        authorization_details: client.config.authorization_details.clone(),
        ..base
    };
    store_attempt(ctx, &row)?;
    let id = row.id.clone();
    poll(ctx, Polling::new(id.clone(), Duration::from_secs(stored.interval), log.suspend()));
    Ok(id)
}

/// Continues to poll after a restart of the program.
pub(super) fn resume(ctx: &Arc<Context>, row: &AttemptRow) {
    // A poll at once would be too early if the program was away for less than the interval.
    poll(ctx, Polling::resumed(row.id.clone()));
}
